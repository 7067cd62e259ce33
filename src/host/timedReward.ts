import { type Endable, TimedWorker } from '../lib/timedWorker.ts';
import type { RewardOutcome, RewardQuestion, RewardRunner } from '../spec/reward.ts';

/**
 * A brake, no verdict: the interpreter's own limits come after seconds, and only a call of a built-in function that
 * takes for ever meets this. The run then stands where it was before the step, so no clock decides what it becomes.
 */
const mostMs = 120_000;

/**
 * Runs rewards in a worker of their own, started with the first: no code can hold up the trainer for ever.
 * @param make starts `rewardWorker.ts`, wherever this runs
 */
export function timedReward(make: () => Endable, limitMs = mostMs): RewardRunner {
  const worker = new TimedWorker<RewardQuestion, RewardOutcome>(make, limitMs);
  return async (code, inputs) =>
    (await worker.ask({ code, inputs })) ?? {
      fault: {
        sentence: `It had given no rewards after ${String(limitMs / 1000)} seconds and was ended: a call of a built-in function runs on.`,
        line: null,
      },
    };
}
