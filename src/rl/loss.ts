import type { LossCoefficients, Objective, ObjectiveSettings } from '../spec/algorithm.ts';

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

/** What the loss takes of a token. */
export interface LossToken {
  /** ρ = π(token) ÷ π_old(token). */
  readonly ratio: number;
  readonly advantage: number;
  /** Estimate of the divergence from the reference, nats. */
  readonly k3: number;
  /** Nats. */
  readonly entropy: number;
  readonly weight: number;
}

/** A negative advantage costs at most so many times itself, however far the ratio has risen. */
const dualClip = 3;

/**
 * One token in the loss, term by term, as shaders/ops/policy_loss.forward_backward.wgsl sums it up:
 * w·(max(−A·ρ, −A·clip(ρ, 1−ε_low, 1+ε_high)), at most −A·3 where A < 0, + β·k3 − c·H).
 * @source docs/algorithm.md, step 7
 */
export function tokenLoss(
  { ratio, advantage, k3, entropy, weight }: LossToken,
  { clipLow, clipHigh, klCoefficient, entropyBonus }: Omit<LossCoefficients, 'temperature'>,
): { readonly policy: number; readonly kl: number; readonly entropy: number; readonly loss: number } {
  const clipped = Math.min(1 + clipHigh, Math.max(1 - clipLow, ratio));
  const free = Math.max(-advantage * ratio, -advantage * clipped);
  const policy = advantage < 0 ? Math.min(free, -advantage * dualClip) : free;
  const kl = klCoefficient * k3;
  const bonus = entropyBonus === 0 ? 0 : -entropyBonus * entropy;
  return { policy, kl, entropy: bonus, loss: weight * (policy + kl + bonus) };
}
