import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupNormalised } from '../../src/rl/advantage.ts';
import { matchLabel, selfCertainty } from '../../src/rl/reward.ts';
import { noLabel } from '../../src/rl/vote.ts';
import { groupOf, rollout } from './rollouts.ts';

const all = (length: number): boolean[] => new Array<boolean>(length).fill(true);
const rewards = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 2, maxLength: 32 });

describe('groupNormalised', () => {
  it('by hand', () => {
    // Mean 1/4, unbiased std √((9/16 + 3/16) ÷ 3) = 1/2.
    const advantages = groupNormalised([1, 0, 0, 0], all(4));
    expect(advantages).toEqual([0.75 / (0.5 + 1e-6), ...new Array<number>(3).fill(-0.25 / (0.5 + 1e-6))]);
  });

  it('leaves the dropped out of mean and spread, and gives them 0', () => {
    const advantages = groupNormalised([1, 0, 1, 1], [true, true, false, false]);
    expect(advantages?.slice(2)).toEqual([0, 0]);
    expect(advantages?.[0]).toBeCloseTo(Math.SQRT1_2, 5);
  });

  it('is exactly 0 for equal rewards, also such as have no exact mean', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 2, max: 40 }),
        (r, m) => {
          expect(groupNormalised(new Array<number>(m).fill(r), all(m))).toEqual(new Array<number>(m).fill(0));
        },
      ),
    );
  });

  it('skips groups without a label or with fewer than 2 kept', () => {
    expect(groupNormalised([NaN, NaN], all(2))).toBeNull();
    expect(groupNormalised([1, 0, 0], [true, false, false])).toBeNull();
  });

  it('lets a single NaN be seen', () => {
    expect(groupNormalised([NaN, 1], all(2))?.every(Number.isNaN)).toBe(true);
  });

  it('sums to 0 and is invariant to r ↦ a·r + b, a > 0 (ε aside)', () => {
    fc.assert(
      fc.property(rewards, fc.integer({ min: 1, max: 9 }), fc.integer({ min: -9, max: 9 }), (list, a, b) => {
        const advantages = groupNormalised(list, all(list.length)) ?? [];
        const moved =
          groupNormalised(
            list.map((r) => a * r + b),
            all(list.length),
          ) ?? [];
        expect(advantages).toHaveLength(list.length);
        expect(Math.abs(advantages.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-9);
        advantages.forEach((value, i) => {
          expect(moved[i]).toBeCloseTo(value, 4);
        });
      }),
    );
  });

  it('of self-certainty is invariant to shifting all of them: as adding a constant to rewards', () => {
    const base = groupNormalised([1.5, 2, 4], all(3));
    expect(groupNormalised([11.5, 12, 14], all(3))).toEqual(base);
  });
});

describe('rewards', () => {
  it('match the label, for the policy alone; null never earns', () => {
    const group = groupOf(['3', null, '4'], ['3']);
    expect(matchLabel(group, { answer: '3', agreement: 0.5, tied: false })).toEqual([1, 0, 0]);
    expect(matchLabel(group, noLabel())).toEqual([NaN, NaN, NaN]);
  });

  it('are the policy’s self-certainty for Intuitor', () => {
    const rollouts = [rollout({ selfCertainty: 2 }), rollout({ selfCertainty: 3, source: 'anchor' })];
    expect(selfCertainty({ prompt: '', rollouts })).toEqual([2]);
  });
});
