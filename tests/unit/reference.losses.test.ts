import { describe, expect, it } from 'vitest';
import { compare } from '../reference/compare.ts';
import * as crossEntropy from '../reference/cross_entropy.ts';
import { dot, finiteDifference } from '../reference/finite_difference.ts';
import * as logSoftmax from '../reference/log_softmax.ts';
import { forwardBackward, tokenWeights } from '../reference/policy_loss.ts';
import { createRandom } from '../reference/random.ts';

const settings = { temperature: 1.1, clipLow: 0.2, clipHigh: 0.28, klCoefficient: 0.05, entropyBonus: 0.01 };

/** One row over two tokens whose chosen one has probability 1/2 at T = 1. */
function single(advantage: number, oldLogProb: number | null, refLogProb = Math.log(0.5)) {
  const rows = {
    logits: [0.3, 0.3],
    targets: [0],
    advantages: [advantage],
    weights: [1],
    oldLogProbs: oldLogProb === null ? null : [oldLogProb],
    refLogProbs: [refLogProb],
    anchorLogProbs: null,
  };
  return forwardBackward(rows, 2, { ...settings, temperature: 1, klCoefficient: 0, entropyBonus: 0 });
}

describe('log_softmax', () => {
  it('backward agrees with finite differences', () => {
    const random = createRandom(11);
    const logits = random.normals(3 * 5, 2);
    const dlogProb = random.normals(3);
    const dentropy = random.normals(3);
    const targets = [4, 0, 2];
    const loss = () => {
      const { logProb, entropy } = logSoftmax.forward(logits, targets, 5, 1.1);
      return dot(logProb, dlogProb) + dot(entropy, dentropy);
    };
    const analytic = logSoftmax.backward(dlogProb, dentropy, logits, targets, 5, 1.1);
    expect(compare(finiteDifference(loss, logits), analytic, 1e-8).message).toBe('');
  });

  it('the uniform distribution has entropy ln V and self-certainty 0', () => {
    const { logProb, entropy, selfCertainty } = logSoftmax.forward([7, 7, 7, 7], [2], 4, 0.5);
    expect(logProb[0]).toBeCloseTo(-Math.log(4), 14);
    expect(entropy[0]).toBeCloseTo(Math.log(4), 14);
    expect(selfCertainty[0]).toBeCloseTo(0, 14);
  });

  it('survives logits of ±1000', () => {
    const { logProb, entropy } = logSoftmax.forward([1000, 0, -1000], [0], 3, 1);
    expect(logProb[0]).toBe(0);
    expect(entropy[0]).toBe(0);
  });
});

describe('cross_entropy', () => {
  it('gradient agrees with finite differences and masked rows have none', () => {
    const logits = createRandom(12).normals(4 * 5, 2);
    const targets = [1, 0, 4, 2];
    const mask = [1, 0, 1, 1];
    const { dlogits } = crossEntropy.forwardBackward(logits, targets, mask, 5);
    const loss = () => crossEntropy.forwardBackward(logits, targets, mask, 5).loss;
    expect(compare(finiteDifference(loss, logits), dlogits, 1e-8).message).toBe('');
    expect(dlogits.slice(5, 10).every((value) => value === 0)).toBe(true);
  });

  it('averages over the trained tokens only', () => {
    const logits = [0, 0, 0, 0, 9, 0];
    expect(crossEntropy.forwardBackward(logits, [0, 1, 0], [1, 1, 0], 2).loss).toBeCloseTo(Math.log(2), 14);
  });
});

describe('policy_loss', () => {
  it('gradient agrees with finite differences in every region', () => {
    const random = createRandom(13);
    const V = 5;
    // old = current − log-ratio, so the log-ratios land in, above and below the clip range and beyond ±20.
    const logRatios = [0.05, -0.1, 0.6, 0.6, -0.7, -0.7, 1.6, 25, -25, 0.1];
    const advantages = [1.3, -0.7, 1.1, -0.9, 0.8, -1.2, -1, 1, -1, 0];
    const refShifts = [0.2, -0.4, 1, -2, 0.5, -1, 4, 0.1, -0.2, 0.3];
    const R = logRatios.length;
    const logits = random.normals(R * V, 2);
    const targets = random.integers(R, V);
    const base = logSoftmax.forward(logits, targets, V, settings.temperature).logProb;
    const rows = {
      logits,
      targets,
      advantages,
      weights: Array.from({ length: R }, (_, r) => (r === 1 ? 0 : 0.1 + 0.05 * r)),
      oldLogProbs: base.map((value, r) => value - (logRatios[r] ?? NaN)),
      refLogProbs: base.map((value, r) => value + (refShifts[r] ?? NaN)),
      anchorLogProbs: null,
    };
    const { dlogits, clipped } = forwardBackward(rows, V, settings);
    const loss = () => forwardBackward(rows, V, settings).loss.reduce((sum, value) => sum + value, 0);
    expect(compare(finiteDifference(loss, logits), dlogits, 1e-6).message).toBe('');
    expect([...clipped]).toEqual([0, 0, 1, 0, 0, 1, 0, 1, 1, 0]);
    expect(dlogits.slice(V, 2 * V).every((value) => value === 0)).toBe(true);
  });

  it('on-policy, absent old log-probabilities mean the current ones, with the gradient −A·∇log π', () => {
    const random = createRandom(14);
    const logits = random.normals(3 * 5, 2);
    const targets = [0, 3, 4];
    const logProb = logSoftmax.forward(logits, targets, 5, 1.1).logProb;
    const rows = {
      logits,
      targets,
      advantages: [1, -1, 0.5],
      weights: [0.5, 0.25, 0.25],
      refLogProbs: logProb,
      anchorLogProbs: null,
    };
    const plain = { ...settings, klCoefficient: 0, entropyBonus: 0 };
    const absent = forwardBackward({ ...rows, oldLogProbs: null }, 5, plain);
    const explicit = forwardBackward({ ...rows, oldLogProbs: logProb }, 5, plain);
    expect([...absent.dlogits]).toEqual([...explicit.dlogits]);
    const policyGradient = logSoftmax.backward([-0.5, 0.25, -0.125], [0, 0, 0], logits, targets, 5, 1.1);
    expect(compare(absent.dlogits, policyGradient, 1e-14).message).toBe('');
    expect([...absent.clipped]).toEqual([0, 0, 0]);
  });

  it('clips a good token above 1 + ε, a bad one below 1 − ε, and bounds a bad one at 3', () => {
    const current = Math.log(0.5);
    expect(single(1, null).loss[0]).toBeCloseTo(-1, 14);
    expect(single(1, current - Math.log(2)).loss[0]).toBeCloseTo(-1.28, 14);
    expect(single(-1, current - Math.log(2)).loss[0]).toBeCloseTo(2, 14);
    expect(single(-1, current + Math.log(2)).loss[0]).toBeCloseTo(0.8, 14);
    expect(single(1, current + Math.log(2)).loss[0]).toBeCloseTo(-0.5, 14);
    expect(single(-1, current - Math.log(5)).loss[0]).toBeCloseTo(3, 14);
    expect([...single(-1, current - Math.log(5)).dlogits]).toEqual([0, 0]);
  });

  it('k3 is 0 exactly at the reference, never negative, at most 10', () => {
    const current = Math.log(0.5);
    expect(single(1, null, current).klReference[0]).toBe(0);
    expect(single(1, null, current + 1).klReference[0]).toBeCloseTo(Math.E - 2, 14);
    expect(single(1, null, current - 1).klReference[0]).toBeCloseTo(1 / Math.E, 14);
    expect(single(1, null, current + 5).klReference[0]).toBe(10);
    expect(single(1, null, current - 50).klReference[0]).toBe(10);
    expect(single(1, null).klAnchor[0]).toBeNaN();
  });
});

describe('tokenWeights', () => {
  const lengths = [2, 5, 3];
  const kept = [true, false, true];
  it('dapo divides by kept tokens', () => {
    expect([...tokenWeights('dapo', lengths, kept, 10)]).toEqual([1 / 5, 0, 1 / 5]);
  });
  it('grpo divides by completions and their lengths', () => {
    expect([...tokenWeights('grpo', lengths, kept, 10)]).toEqual([1 / 4, 0, 1 / 6]);
  });
  it('dr_grpo divides by all completions, kept or not, and the longest length allowed', () => {
    expect([...tokenWeights('dr_grpo', lengths, kept, 10)]).toEqual([1 / 30, 0, 1 / 30]);
  });
});
