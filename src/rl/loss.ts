import type { Objective, ObjectiveSettings } from '../spec/algorithm.ts';

/** How token losses are averaged (docs/algorithm.md, step 7). */
export type LossType = ObjectiveSettings['lossType'];

/**
 * Weight of each token of a completion in the loss, per completion.
 * dapo: 1 ÷ all tokens. grpo: 1 ÷ (own tokens · completions). dr_grpo: 1 ÷ (maxCompletionLength · rollouts).
 * @param lengths tokens of each trained completion
 * @param batch longest completion allowed, and policy rollouts in the batch, trained or not
 * @source arXiv 2503.14476, 2402.03300, 2503.20783
 */
export function tokenWeights(
  lossType: LossType,
  lengths: readonly number[],
  batch: { readonly maxCompletionLength: number; readonly rollouts: number },
): number[] {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const rules: Record<LossType, (length: number) => number> = {
    dapo: () => 1 / tokens,
    grpo: (length) => 1 / (length * lengths.length),
    dr_grpo: () => 1 / (batch.maxCompletionLength * batch.rollouts),
  };
  return lengths.map(rules[lossType]);
}

/**
 * The clipped policy gradient with a KL penalty and an entropy bonus, averaged as `lossType` says.
 * @source arXiv 2402.03300, 2503.14476
 */
export const policyGradient: Objective = {
  weights: (lengths, rollouts, { lossType, maxCompletionLength }) =>
    tokenWeights(lossType, lengths, { maxCompletionLength, rollouts }),
  coefficients: (settings) => settings,
};
