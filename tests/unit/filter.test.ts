import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anchorVoters, interquartile, keepAll, voters } from '../../src/rl/filter.ts';
import { groupOf, groupOfEntropies, ruleSettings } from './rollouts.ts';

function kept(entropies: readonly number[], iqrFactor = 0.75): readonly boolean[] {
  return interquartile(groupOfEntropies(entropies), { ...ruleSettings, iqrFactor }).kept;
}

// Multiples of 1/64 up to 4: shifting and doubling them is exact, so invariance can be tested exactly.
const entropy = fc.integer({ min: 0, max: 256 }).map((n) => n / 64);
const entropies = fc.array(entropy, { minLength: 2, maxLength: 33 });

describe('interquartile', () => {
  it('drops what lies below Q1 − k·IQR, by hand', () => {
    // Sorted .1 .8 .9 1 1.1: Q1 = .8, Q3 = 1, threshold = .8 − .75·.2 = .65.
    const result = interquartile(groupOfEntropies([0.9, 0.1, 1.0, 0.8, 1.1]), ruleSettings);
    expect(result.kept).toEqual([true, false, true, true, true]);
    expect(result.threshold).toBeCloseTo(0.65, 12);
    expect(result.iqr).toBeCloseTo(0.2, 12);
  });

  it('drops strictly below: a rollout at the threshold stays', () => {
    // Sorted 0 1 2 3 4 with k = 1/2: Q1 = 1, IQR = 2, threshold = 0.
    expect(kept([0, 1, 2, 3, 4], 0.5)).not.toContain(false);
    expect(kept([-1, 1, 2, 3, 4], 0.5)).toEqual([false, true, true, true, true]);
  });

  it('leaves groups of fewer than 4 alone', () => {
    expect(interquartile(groupOfEntropies([0, 5, 5]), ruleSettings)).toEqual({
      kept: [true, true, true],
      threshold: NaN,
      iqr: NaN,
    });
    // Of 0 2 2 2: Q1 = 1.5, Q3 = 2, threshold 1.5 − .75·.5 = 1.125.
    expect(kept([2, 0, 2, 2])).toEqual([true, false, true, true]);
  });

  it('with scope policy neither counts nor drops the anchor', () => {
    const group = groupOfEntropies([0.1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]);
    const policy = interquartile(group, { ...ruleSettings, filterScope: 'policy' });
    expect(policy.kept).toEqual([false, ...new Array<boolean>(10).fill(true)]);
    const pool = interquartile(group, ruleSettings);
    expect(pool.kept).not.toContain(false);
  });

  it('never drops more than ⌈(G−1)/4⌉', () => {
    fc.assert(
      fc.property(entropies, fc.constantFrom(0, 0.25, 0.75), (list, k) => {
        const dropped = kept(list, k).filter((keep) => !keep).length;
        expect(dropped).toBeLessThanOrEqual(Math.ceil((list.length - 1) / 4));
      }),
    );
    // The bound is reached: k = 0 and distinct entropies.
    expect(kept([1, 2, 3, 4, 5, 6, 7, 8], 0).filter((keep) => !keep)).toHaveLength(2);
  });

  it('drops nothing for equal entropies, or for k → ∞ with a spread', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4, noNaN: true }), fc.integer({ min: 1, max: 40 }), (h, g) => {
        expect(kept(new Array<number>(g).fill(h), 0)).not.toContain(false);
      }),
    );
    expect(kept([0, 1, 1.5, 2, 2.5], 1e9)).not.toContain(false);
  });

  it('is invariant to adding a constant and to scaling by a positive number', () => {
    fc.assert(
      fc.property(entropies, entropy, fc.constantFrom(0.5, 2, 8), (list, constant, scale) => {
        const base = kept(list);
        expect(kept(list.map((h) => h + constant))).toEqual(base);
        expect(kept(list.map((h) => h * scale))).toEqual(base);
      }),
    );
  });
});

it('keepAll keeps all', () => {
  expect(keepAll(groupOfEntropies([0, 9, 9, 9, 9])).kept).not.toContain(false);
});

it('dropped rollouts vote only where the filter comes after the vote', () => {
  expect(voters([true, false], ruleSettings)).toEqual([true, false]);
  expect(voters([true, false], { ...ruleSettings, filterBeforeVote: false })).toEqual([true, true]);
});

it('where the anchor alone votes, its dropped rollouts do so only where the filter comes after the vote', () => {
  const group = groupOf(['1', '2'], ['1', '2']);
  const kept = [true, false, true, false];
  expect(anchorVoters(kept, ruleSettings, group)).toEqual([false, false, true, false]);
  const after = { ...ruleSettings, filterBeforeVote: false };
  expect(anchorVoters(kept, after, group)).toEqual([false, false, true, true]);
});
