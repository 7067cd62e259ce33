import { at, expectLength, type Numbers } from './indexing.ts';
import * as logSoftmax from './log_softmax.ts';

export interface PolicyLossSettings {
  readonly temperature: number;
  /** ε_low and ε_high: the ratio is clipped to [1 − clipLow, 1 + clipHigh]. */
  readonly clipLow: number;
  readonly clipHigh: number;
  /** β */
  readonly klCoefficient: number;
  /** c_H */
  readonly entropyBonus: number;
}

/** One row per trained token. Log-probabilities are those of softmax(logits / T), nats. */
export interface PolicyLossRows {
  /** [R, V] */
  readonly logits: Numbers;
  /** [R] */
  readonly targets: Numbers;
  /** [R] */
  readonly advantages: Numbers;
  /** Aggregation weight w, [R]; 0: the row gives neither loss nor gradient. */
  readonly weights: Numbers;
  /** [R]; null on-policy: the current log-probability, detached. */
  readonly oldLogProbs: Numbers | null;
  /** [R] */
  readonly refLogProbs: Numbers;
  /** For a metric only, [R]; null: not measured. */
  readonly anchorLogProbs: Numbers | null;
}

export interface PolicyLoss {
  /** Per row, w included; the loss is their sum, [R]. */
  readonly loss: Float64Array;
  readonly logProb: Float64Array;
  readonly entropy: Float64Array;
  /** k3 to the reference and to the anchor (NaN when not measured), clamped, [R]. */
  readonly klReference: Float64Array;
  readonly klAnchor: Float64Array;
  /** 1 where the clipped branch is strictly the larger one (verl's pg_clipfrac), [R]. */
  readonly clipped: Float64Array;
  /** [R, V] */
  readonly dlogits: Float64Array;
}

/** verl's dual clip: for A < 0 the policy term is at most −A·3. */
const dualClip = 3;
/** Bounds of the log-ratio and of k3, nats (verl). */
const logRatioBound = 20;
const k3Bound = 10;

function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

/**
 * The policy term and its derivative by the log-probability, with ρ = e^clamp(logProb − old, ±20):
 * max(−A·ρ, −A·clip(ρ, 1 − ε_low, 1 + ε_high)), for A < 0 at most −A·3.
 * Where the branches are equal ρ lies inside the range and both have the derivative −A·ρ.
 */
function policyTerm(
  logProb: number,
  oldLogProb: number,
  advantage: number,
  settings: PolicyLossSettings,
): { value: number; slope: number; clipped: boolean } {
  const logRatio = logProb - oldLogProb;
  const ratio = Math.exp(clamp(logRatio, -logRatioBound, logRatioBound));
  const plain = -advantage * ratio;
  const bounded = -advantage * clamp(ratio, 1 - settings.clipLow, 1 + settings.clipHigh);
  const clipped = bounded > plain;
  const value = clipped ? bounded : plain;
  // A constant branch has no derivative; nor has a log-ratio beyond its clamp.
  const slope = clipped || Math.abs(logRatio) > logRatioBound ? 0 : plain;
  const ceiling = -advantage * dualClip;
  if (advantage < 0 && value > ceiling) return { value: ceiling, slope: 0, clipped };
  return { value, slope, clipped };
}

/** k3 = e^Δ − Δ − 1, Δ = other − logProb, at most 10 (it is never negative), and its derivative by logProb. */
export function k3(logProb: number, otherLogProb: number): { value: number; slope: number } {
  const delta = otherLogProb - logProb;
  const value = Math.expm1(delta) - delta;
  if (value > k3Bound) return { value: k3Bound, slope: 0 };
  return { value, slope: -Math.expm1(delta) };
}

/**
 * loss_r = w·(policy term + β·k3(reference) − c_H·entropy), and its gradient
 * @source docs/algorithm.md, step 7; verl's dual clip; k3: http://joschu.net/blog/kl-approx.html
 */
export function forwardBackward(
  rows: PolicyLossRows,
  vocabulary: number,
  settings: PolicyLossSettings,
): PolicyLoss {
  const { logits, targets, advantages, weights, oldLogProbs, refLogProbs, anchorLogProbs } = rows;
  const R = targets.length;
  expectLength('advantages', advantages, R);
  expectLength('weights', weights, R);
  expectLength('refLogProbs', refLogProbs, R);
  const { logProb, entropy } = logSoftmax.forward(logits, targets, vocabulary, settings.temperature);
  const loss = new Float64Array(R);
  const klReference = new Float64Array(R);
  const klAnchor = new Float64Array(R).fill(NaN);
  const clipped = new Float64Array(R);
  const dlogProb = new Float64Array(R);
  const dentropy = new Float64Array(R);
  for (let r = 0; r < R; r++) {
    const current = at(logProb, r);
    const old = oldLogProbs === null ? current : at(oldLogProbs, r);
    const term = policyTerm(current, old, at(advantages, r), settings);
    const kl = k3(current, at(refLogProbs, r));
    const w = at(weights, r);
    klReference[r] = kl.value;
    if (anchorLogProbs !== null) klAnchor[r] = k3(current, at(anchorLogProbs, r)).value;
    clipped[r] = term.clipped ? 1 : 0;
    loss[r] = w * (term.value + settings.klCoefficient * kl.value - settings.entropyBonus * at(entropy, r));
    dlogProb[r] = w * (term.slope + settings.klCoefficient * kl.slope);
    dentropy[r] = -w * settings.entropyBonus;
  }
  const dlogits = logSoftmax.backward(dlogProb, dentropy, logits, targets, vocabulary, settings.temperature);
  return { loss, logProb, entropy, klReference, klAnchor, clipped, dlogits };
}

export type LossType = 'dapo' | 'grpo' | 'dr_grpo';

/**
 * The weight w of each token of a completion, by completion; n = completions kept:
 * dapo 1/Σ_kept L,   grpo 1/(n·L),   dr_grpo 1/(maxCompletionLength·rollouts),   0 where not kept.
 * @param lengths completion lengths in tokens of the policy's rollouts, kept or not, [rollouts]
 */
export function tokenWeights(
  lossType: LossType,
  lengths: readonly number[],
  kept: readonly boolean[],
  maxCompletionLength: number,
): Float64Array {
  const n = kept.filter(Boolean).length;
  const tokens = lengths.reduce((sum, length, i) => sum + (kept[i] === true ? length : 0), 0);
  return Float64Array.from(lengths, (length, i) => {
    if (kept[i] !== true) return 0;
    switch (lossType) {
      case 'dapo':
        return 1 / tokens;
      case 'grpo':
        return 1 / (n * length);
      case 'dr_grpo':
        return 1 / (maxCompletionLength * lengths.length);
      default:
        return lossType satisfies never;
    }
  });
}
