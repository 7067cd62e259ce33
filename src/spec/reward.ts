/** What a reward of the user's own is told of a policy rollout. It has no field for the solution. */
export interface RewardInput {
  readonly prompt: string;
  /** The whole completion, the text of its end token included when there is one. */
  readonly completion: string;
  /** Canonical answer, or null: unparsable or truncated. */
  readonly answer: string | null;
  /** What the algorithm elected, or null: no label. An oracle elects the solution. */
  readonly pseudoLabel: string | null;
  /** Share of the voting rollouts that gave the pseudo-label, or null without one. */
  readonly agreement: number | null;
}

/** Rewards of the user's own lie between −this and this. */
export const largestReward = 10;

/** Why code gave no rewards. */
export interface RewardFault {
  readonly sentence: string;
  /** Of the code, from 1; null where none can be named. */
  readonly line: number | null;
}

/** One finite reward per input, or what went wrong first. */
export type RewardOutcome = { readonly rewards: readonly number[] } | { readonly fault: RewardFault };

/** Whoever runs code on rollouts: in this thread, or in a worker that can be ended. */
export type RewardRunner = (code: string, inputs: readonly RewardInput[]) => Promise<RewardOutcome>;

/** What a worker is asked to run. */
export interface RewardQuestion {
  readonly code: string;
  readonly inputs: readonly RewardInput[];
}
