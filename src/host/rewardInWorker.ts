import { timedReward } from './timedReward.ts';

/** Runs rewards in a worker of the page. */
export const rewardInWorker = timedReward(
  () => new Worker(new URL('./rewardWorker.ts', import.meta.url), { type: 'module', name: 'reward' }),
);
