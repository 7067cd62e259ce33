import { type Endable, TimedWorker } from '../lib/timedWorker.ts';
import type { RewardOutcome, RewardQuestion, RewardRunner } from '../spec/reward.ts';

/** For a step of thousands of rollouts on a slow machine; the interpreter's own limit comes much earlier. */
const mostMs = 20_000;

/**
 * Runs rewards in a worker of their own, started with the first: no code can hold up the trainer for ever.
 * @param make starts `rewardWorker.ts`, wherever this runs
 */
export function timedReward(make: () => Endable, limitMs = mostMs): RewardRunner {
  const worker = new TimedWorker<RewardQuestion, RewardOutcome>(make, limitMs);
  return async (code, inputs) =>
    (await worker.ask({ code, inputs })) ?? {
      fault: { sentence: `It took longer than ${String(limitMs / 1000)} seconds.`, line: null },
    };
}
