import { openDevice } from '../gpu/device.ts';
import type { BaseModel } from '../model/baseModel.ts';
import { browserGpu } from './browserGpu.ts';
import { browserMemory } from './browserMemory.ts';
import { evaluateInWorker } from './evaluateInWorker.ts';
import { fetchModel } from './fetchModel.ts';
import type { Host } from './host.ts';
import { rewardInWorker } from './rewardInWorker.ts';

/**
 * A worker of the page as a host.
 * @param base address of the page, asked for when a model is: models/ lies beside it
 */
export function browserHost(base: () => string): Host {
  const models = new Map<string, Promise<BaseModel>>();
  return {
    openGpu: () => openDevice(browserGpu()),
    loadModel: (name) => {
      const known = models.get(name);
      if (known !== undefined) return known;
      const fetched = fetchModel(base(), name);
      models.set(name, fetched);
      // What could not be loaded is asked for again next time.
      fetched.catch(() => models.delete(name));
      return fetched;
    },
    memory: browserMemory,
    runReward: rewardInWorker,
    evaluateApart: evaluateInWorker,
    now: () => performance.now(),
  };
}
