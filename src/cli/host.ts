import type { Host } from '../host/host.ts';
import { fileMemory } from './fileMemory.ts';
import { openHeadless } from './headless.ts';
import { readModelFolder } from './modelFolder.ts';
import { rewardInThread } from './rewardInThread.ts';

/** Node as a host: Dawn, the models of the repository, a file as memory. */
export const nodeHost: Host = {
  openGpu: openHeadless,
  loadModel: (name) => Promise.resolve().then(() => readModelFolder(name)),
  memory: fileMemory,
  runReward: rewardInThread,
  now: () => performance.now(),
};
