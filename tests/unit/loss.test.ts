import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyGradient, tokenLoss, tokenWeights } from '../../src/rl/loss.ts';
import { hyperparameters } from '../../src/settings/hyperparameters.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import { forwardBackward } from '../reference/policy_loss.ts';

const batch = { maxCompletionLength: 10, rollouts: 8 };

describe('by hand: completions of 2 and 6 tokens, of 8 rollouts of at most 10', () => {
  it.each([
    ['dapo', [1 / 8, 1 / 8]],
    ['grpo', [1 / 4, 1 / 12]],
    ['dr_grpo', [1 / 80, 1 / 80]],
  ] as const)('%s', (lossType, weights) => {
    expect(tokenWeights(lossType, [2, 6], batch)).toEqual(weights);
    const settings = { ...defaultSettings, lossType, maxCompletionLength: batch.maxCompletionLength };
    expect(policyGradient.weights([2, 6], batch.rollouts, settings)).toEqual(weights);
    expect(policyGradient.coefficients(settings)).toBe(settings);
  });
});

it('a token in the loss is what the oracle makes of it, term by term', () => {
  const logit = fc.double({ min: -4, max: 4, noNaN: true });
  fc.assert(
    fc.property(
      fc.record({
        logits: fc.array(logit, { minLength: 3, maxLength: 3 }),
        old: fc.double({ min: -6, max: -0.01, noNaN: true }),
        reference: fc.double({ min: -6, max: -0.01, noNaN: true }),
        advantage: fc.double({ min: -3, max: 3, noNaN: true }),
        weight: fc.double({ min: 0.001, max: 1, noNaN: true }),
        clip: fc.double({ min: 0, max: 1, noNaN: true }),
        klCoefficient: fc.double({ min: 0, max: 1, noNaN: true }),
        entropyBonus: fc.double({ min: 0, max: 0.1, noNaN: true }),
      }),
      ({ logits, old, reference, advantage, weight, clip, klCoefficient, entropyBonus }) => {
        const settings = { temperature: 1, clipLow: clip, clipHigh: 2 * clip, klCoefficient, entropyBonus };
        const rows = {
          ...{ logits, targets: [1], advantages: [advantage], weights: [weight] },
          ...{ oldLogProbs: [old], refLogProbs: [reference], anchorLogProbs: null },
        };
        const { loss, logProb, entropy, klReference } = forwardBackward(rows, 3, settings);
        const ratio = Math.exp((logProb[0] ?? NaN) - old);
        const token = { ratio, advantage, k3: klReference[0] ?? NaN, entropy: entropy[0] ?? NaN, weight };
        const parts = tokenLoss(token, settings);
        expect(parts.loss).toBeCloseTo(loss[0] ?? NaN, 12);
        expect(weight * (parts.policy + parts.kl + parts.entropy)).toBe(parts.loss);
      },
    ),
  );
});

it.each([
  // Within, above and below what is clipped at .8 and 1.3, for a rollout to be made likelier and one to be made rarer.
  { ratio: 1.1, advantage: 1, policy: -1.1 },
  { ratio: 1.5, advantage: 1, policy: -1.3 },
  { ratio: 0.5, advantage: 1, policy: -0.5 },
  { ratio: 0.9, advantage: -1, policy: 0.9 },
  { ratio: 1.5, advantage: -1, policy: 1.5 },
  { ratio: 0.5, advantage: -1, policy: 0.8 },
  { ratio: 9, advantage: -1, policy: 3 },
])('clips by hand: ratio $ratio, advantage $advantage', ({ ratio, advantage, policy }) => {
  const token = { ratio, advantage, k3: 0, entropy: 1, weight: 0.5 };
  const settings = { clipLow: 0.2, clipHigh: 0.3, klCoefficient: 0, entropyBonus: 0 };
  const parts = tokenLoss(token, settings);
  expect(parts.policy).toBeCloseTo(policy, 12);
  expect(parts.loss).toBeCloseTo(policy / 2, 12);
  // Without a bonus there is none, not one of −0, which would be printed.
  expect(parts.entropy).toBe(0);
});

const lengths = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 40 });

it('dapo is the mean over tokens: all tokens weigh alike, together 1', () => {
  fc.assert(
    fc.property(lengths, (all) => {
      const weights = tokenWeights('dapo', all, batch);
      expect(new Set(weights).size).toBe(1);
      expect(total(weights, all)).toBeCloseTo(1, 12);
    }),
  );
});

it('grpo is the mean of the means: all completions weigh alike, together 1', () => {
  fc.assert(
    fc.property(lengths, (all) => {
      const weights = tokenWeights('grpo', all, batch);
      for (const [i, length] of all.entries())
        expect((weights[i] ?? NaN) * length).toBeCloseTo(1 / all.length, 12);
    }),
  );
});

it('dr_grpo divides by a constant, whatever was kept and however long', () => {
  fc.assert(
    fc.property(lengths, (all) => {
      expect(new Set(tokenWeights('dr_grpo', all, batch))).toEqual(new Set([1 / 80]));
    }),
  );
});

it('all three agree where all completions are of full length and kept', () => {
  const all = new Array<number>(8).fill(10);
  for (const type of ['dapo', 'grpo', 'dr_grpo'] as const) {
    for (const weight of tokenWeights(type, all, batch)) expect(weight).toBeCloseTo(1 / 80, 15);
  }
});

it('nothing kept weighs nothing', () => {
  for (const type of ['dapo', 'grpo', 'dr_grpo'] as const) expect(tokenWeights(type, [], batch)).toEqual([]);
});

it('every option of the knob has a rule', () => {
  for (const type of Object.keys(hyperparameters.lossType.options)) {
    expect(tokenWeights(type as 'dapo', [3], batch).every(Number.isFinite)).toBe(true);
  }
});

function total(weights: readonly number[], all: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * (all[i] ?? NaN), 0);
}
