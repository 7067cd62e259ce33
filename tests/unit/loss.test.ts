import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyGradient, tokenWeights } from '../../src/rl/loss.ts';
import { hyperparameters } from '../../src/settings/hyperparameters.ts';
import { defaultSettings } from '../../src/settings/settings.ts';

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
