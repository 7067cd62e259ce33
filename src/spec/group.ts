/**
 * Whose rollout it is: the policy's, to be trained on; the policy's, to vote only; the anchor's. The pool of a prompt
 * lists them in this order.
 */
export type RolloutSource = 'policy' | 'voter' | 'anchor';

/** One sampled completion with what its sampler knew. L = completion length in tokens. */
export interface Rollout {
  readonly source: RolloutSource;
  /** Token ids of the completion, [L], end token included when there is one. */
  readonly tokens: readonly number[];
  /** True when `maxCompletionLength` was reached without an end token. */
  readonly truncated: boolean;
  /** Canonical answer, or null: unparsable or truncated. Null never votes and never earns. */
  readonly answer: string | null;
  /** log π(token) of the sampling distribution softmax(logits / T), nats, [L]. */
  readonly logProbs: Float32Array;
  /** Entropy of the sampling distribution at each token, nats, [L]. */
  readonly entropies: Float32Array;
  /** Mean of `entropies`: the H_i of the filter, nats. */
  readonly meanEntropy: number;
  /** Mean over tokens of KL(U‖π) = −(1/V)·Σ_j ln(V·π_j), nats (Intuitor, arXiv 2505.19590). */
  readonly selfCertainty: number;
}

/** All G = M + V + N rollouts of one prompt: what the rules see. It has no field for the solution. */
export interface Group {
  readonly prompt: string;
  readonly rollouts: readonly Rollout[];
}

/** What a vote (or the oracle) elects for a group. `answer` null: no label, no gradient. */
export interface PseudoLabel {
  readonly answer: string | null;
  /** Share of the voting rollouts (nulls included) that gave the winning answer; NaN without a label. */
  readonly agreement: number;
  /** True when another answer had as many votes. */
  readonly tied: boolean;
}
