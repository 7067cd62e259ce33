import { at } from '../reference/indexing.ts';
import * as logSoftmax from '../reference/log_softmax.ts';
import { forwardBackward, type PolicyLossSettings } from '../reference/policy_loss.ts';
import { createRandom, type Random } from '../reference/random.ts';
import type { Case } from './case.ts';

/**
 * Log-ratios inside, above and below the clip range, past the dual clip at ln 3, and beyond the clamp
 * at ±20. None lies within 0.01 of an edge, where float32 may rightly choose the other side.
 */
const logRatios = [0, 0.05, -0.1, 0.6, -0.7, 1.05, 1.6, -4, 25, -25];
/** ln π_ref − ln π; k3 reaches its bound of 10 near 2.61 and near −11. */
const refShifts = [0.2, -0.4, 1, -2, 0, 2.5, 4, -9, -15, 1e-3, -1e-3];

interface Sizes extends PolicyLossSettings {
  readonly rows: number;
  readonly vocabulary: number;
}

interface Change {
  readonly logits?: (logits: Float32Array) => void;
  /** 'absent': the caller has none and the ratio is 1. */
  readonly old?: 'absent' | 'current';
  readonly meanWeights?: boolean;
  readonly tolerance?: number;
}

/**
 * Logits of another model that give row r's target the log-probability current + shift, or current − |shift| where
 * that would be above −0.05.
 */
function shiftedLogits(
  random: Random,
  current: Float64Array,
  targets: Uint32Array,
  sizes: Sizes,
  shift: (r: number) => number,
): Float32Array {
  const { vocabulary, temperature } = sizes;
  const logits = Float32Array.from(random.normals(current.length * vocabulary, 2));
  current.forEach((logProb, r) => {
    const row = logits.subarray(r * vocabulary, (r + 1) * vocabulary);
    const target = at(targets, r);
    const others = row.reduce((sum, z, j) => (j === target ? sum : sum + Math.exp(z / temperature)), 0);
    const wanted = logProb + shift(r) < -0.05 ? logProb + shift(r) : logProb - Math.abs(shift(r));
    if (others > 0 && wanted < 0)
      row[target] = temperature * (Math.log(others) + wanted - Math.log(-Math.expm1(wanted)));
  });
  return logits;
}

function build(name: string, seed: number, sizes: Sizes, change: Change = {}): Case {
  const random = createRandom(seed);
  const { rows, vocabulary, temperature } = sizes;
  const logits = Float32Array.from(random.normals(rows * vocabulary, 2));
  change.logits?.(logits);
  const targets = random.integers(rows, vocabulary);
  const logProbsOf = (z: Float32Array) => logSoftmax.forward(z, targets, vocabulary, temperature).logProb;
  const current = logProbsOf(logits);
  const cycle = (values: readonly number[], r: number): number => at(values, r % values.length);
  // Signs alternate by blocks of ten, so that every log-ratio meets both.
  const advantages = Float32Array.from(
    { length: rows },
    (_, r) => (Math.floor(r / 10) % 2 === 0 ? 1 : -1) * (0.3 + 1.5 * random.uniform()),
  );
  if (rows > 3) advantages[3] = 0;
  const weights = Float32Array.from({ length: rows }, (_, r) => {
    if (r % 7 === 6) return 0;
    return change.meanWeights === true ? 1 / rows : 0.2 + random.uniform();
  });
  const oldLogProbs = current.map((value, r) =>
    change.old === 'current' ? value : value - cycle(logRatios, r),
  );
  const refLogits = shiftedLogits(random, current, targets, sizes, (r) => cycle(refShifts, r));
  const anchorLogits = shiftedLogits(random, current, targets, sizes, (r) => cycle(refShifts, 3 * r + 1));
  const given = { logits, targets, advantages, weights };
  const old = change.old === 'absent' ? {} : { oldLogProbs: Float32Array.from(oldLogProbs) };
  const result = forwardBackward(
    {
      ...given,
      oldLogProbs: old.oldLogProbs ?? null,
      refLogProbs: logProbsOf(refLogits),
      anchorLogProbs: logProbsOf(anchorLogits),
    },
    vocabulary,
    sizes,
  );
  return {
    name,
    sizes: { ...sizes },
    inputs: { ...given, refLogits, anchorLogits, ...old },
    expected: { ...result },
    // e^Δ of a Δ of 2.5 enlarges the rounding of a log-probability twelvefold.
    tolerance: change.tolerance ?? 2e-5,
  };
}

const paper = { temperature: 1.1, clipLow: 0.2, clipHigh: 0.2, klCoefficient: 0.005, entropyBonus: 0 };
const everything = { temperature: 0.9, clipLow: 0.2, clipHigh: 0.28, klCoefficient: 0.5, entropyBonus: 0.1 };
const plain = { temperature: 1.1, clipLow: 0.2, clipHigh: 0.2, klCoefficient: 0, entropyBonus: 0 };

export const cases: readonly Case[] = [
  build('one row', 801, { ...paper, rows: 1, vocabulary: 2 }),
  build('a vocabulary of one: certain, nothing to learn', 802, { ...everything, rows: 3, vocabulary: 1 }),
  build('every region of ratio, dual clip and k3, both signs of A', 803, {
    ...everything,
    rows: 111,
    vocabulary: 7,
  }),
  build('the paper’s settings, 65 rows, one more than a workgroup of 64', 804, {
    ...paper,
    rows: 65,
    vocabulary: 23,
  }),
  build(
    'on-policy without old log-probabilities, token mean over 257 rows',
    805,
    { ...paper, rows: 257, vocabulary: 23 },
    { old: 'absent', meanWeights: true },
  ),
  build(
    'on-policy with old log-probabilities equal to the current',
    806,
    { ...plain, rows: 9, vocabulary: 23 },
    {
      old: 'current',
    },
  ),
  build('the policy term alone', 807, { ...plain, rows: 33, vocabulary: 5 }),
  build('a vocabulary of 257, one more than a workgroup', 808, { ...everything, rows: 5, vocabulary: 257 }),
  build(
    'spikes of 90 in every second row',
    809,
    { ...everything, rows: 12, vocabulary: 23 },
    {
      logits: (x) => {
        for (let r = 0; r < 12; r += 2) x[r * 23 + r] = 90;
      },
      // Neighbouring float32 numbers near −90 are 8e-6 apart, and e^Δ enlarges that.
      tolerance: 2e-4,
    },
  ),
  build('all logits equal', 810, { ...everything, rows: 6, vocabulary: 23 }, { logits: (x) => x.fill(-1) }),
];
