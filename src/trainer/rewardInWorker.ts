import { TimedWorker } from '../lib/timedWorker.ts';
import type { RewardOutcome, RewardQuestion, RewardRunner } from '../spec/reward.ts';

/** For a step of thousands of rollouts on a slow machine; the interpreter's own limit comes much earlier. */
const limitMs = 20_000;

const worker = new TimedWorker<RewardQuestion, RewardOutcome>(
  () => new Worker(new URL('./rewardWorker.ts', import.meta.url), { type: 'module', name: 'reward' }),
  limitMs,
);

/** Runs rewards in a worker of their own, started with the first: no code can hold up the trainer for ever. */
export const rewardInWorker: RewardRunner = async (code, inputs) =>
  (await worker.ask({ code, inputs })) ?? {
    fault: { sentence: `It took longer than ${String(limitMs / 1000)} seconds.`, line: null },
  };
