import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchRelative, groupRelative } from '../../src/rl/advantage.ts';
import {
  happens,
  matchLabel,
  matchOthers,
  negativeEntropy,
  selfCertainty,
  voteShare,
} from '../../src/rl/reward.ts';
import { noLabel } from '../../src/rl/vote.ts';
import { groupOf, groupOfEntropies, rollout } from './rollouts.ts';

const all = (length: number): boolean[] => new Array<boolean>(length).fill(true);
const groupNormalised = (list: readonly number[], kept: readonly boolean[]) =>
  groupRelative([list], [kept], { scaleRewards: 'group' })[0] ?? null;
const rewards = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 2, maxLength: 32 });

describe('relative to the group', () => {
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

describe('scaled otherwise', () => {
  // Means 1/2 and 1/4; of all six that are kept: mean 1/3, unbiased std √(8/6 ÷ 5).
  const two = [
    [1, 0],
    [1, 0, 0, 0],
  ];
  const kept = two.map((group) => all(group.length));

  it('by the batch: every group by one deviation', () => {
    const scale = Math.sqrt(8 / 30) + 1e-6;
    const [first, second] = groupRelative(two, kept, { scaleRewards: 'batch' });
    expect(first?.[0]).toBeCloseTo(0.5 / scale, 12);
    expect(second?.map((value) => value * scale)).toEqual(
      [0.75, -0.25, -0.25, -0.25].map((v) => expect.closeTo(v, 12) as number),
    );
  });

  it('by nothing: r − mean', () => {
    expect(groupRelative(two, kept, { scaleRewards: 'none' })).toEqual([
      [0.5, -0.5],
      [0.75, -0.25, -0.25, -0.25],
    ]);
  });

  it('counts neither the dropped nor groups that are skipped or without a label', () => {
    const odd = [
      [1, 0],
      [9, 1],
      [NaN, NaN],
      [5, 7, 0],
    ];
    const some = [all(2), [false, true], all(2), [false, true, true]];
    const [first, lone, none, last] = groupRelative(odd, some, { scaleRewards: 'batch' });
    // Counted: 1, 0, 7, 0.
    const scale = Math.sqrt((1 + 4 + 25 + 4) / 3) + 1e-6;
    expect(first?.[0]).toBeCloseTo(0.5 / scale, 12);
    expect([lone, none]).toEqual([null, null]);
    expect(last?.[0]).toBe(0);
    expect(last?.[1]).toBeCloseTo(3.5 / scale, 12);
  });

  it('a group of equal rewards gets exactly 0 whatever the scale, a single NaN is seen', () => {
    for (const scaleRewards of ['group', 'batch', 'none'] as const) {
      const of = (list: number[][]) =>
        groupRelative(
          list,
          list.map((group) => all(group.length)),
          { scaleRewards },
        );
      expect(
        of([
          [0.1, 0.1, 0.1],
          [1, 0],
        ])[0],
      ).toEqual([0, 0, 0]);
      expect(of([[NaN, 1]])[0]?.every(Number.isNaN)).toBe(true);
    }
  });
});

describe('relative to the batch (REINFORCE++)', () => {
  it('by hand: a prompt on which all are wrong is pushed down, one on which all are right up', () => {
    const given = [
      [1, 1],
      [0, 0],
      [1, 0, 1, 0],
    ];
    const advantages = batchRelative(
      given,
      given.map((group) => all(group.length)),
    );
    // Of eight: mean 1/2, unbiased std √(2 ÷ 7).
    const unit = 0.5 / (Math.sqrt(2 / 7) + 1e-6);
    expect(advantages).toEqual(
      given.map((group) => group.map((r) => expect.closeTo(r === 1 ? unit : -unit, 12) as number)),
    );
  });

  it('skips groups without a label or with none kept; one kept is enough', () => {
    const given = [
      [NaN, NaN],
      [1, 1],
      [0, 1],
    ];
    const advantages = batchRelative(given, [all(2), [false, false], [true, false]]);
    expect(advantages).toEqual([null, null, [0, 0]]);
    expect(
      batchRelative(
        [
          [1, 0],
          [0, 1],
        ],
        [all(2), [true, false]],
      )[1]?.[1],
    ).toBe(0);
  });

  it('is exactly 0 where all rewards of the step are equal', () => {
    expect(
      batchRelative(
        [
          [0.1, 0.1],
          [0.1, 0.1, 0.1],
        ],
        [all(2), all(3)],
      ),
    ).toEqual([
      [0, 0],
      [0, 0, 0],
    ]);
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

  it('are minus the mean entropy for RENT', () => {
    expect(negativeEntropy(groupOfEntropies([0.5, 2], [9]))).toEqual([-0.5, -2]);
  });

  it('are the share of parsed answers for a soft vote, anchors among them; null earns nothing', () => {
    expect(voteShare(groupOf(['3', null, '4', '3'], ['3']))).toEqual([0.75, 0, 0.25, 0.75]);
    expect(voteShare(groupOf([null, null]))).toEqual([0, 0]);
  });

  it('leave-one-out: nobody pays itself, a tie of the others pays nobody', () => {
    // Without one of the two 1s: 1, 2, 3 are tied; without the 2 or the 3, the 1 wins.
    expect(matchOthers(groupOf(['1', '1', '2', '3']))).toEqual([0, 0, 0, 0]);
    expect(matchOthers(groupOf(['1', '1', '1', '2', null]))).toEqual([1, 1, 1, 0, 0]);
    expect(matchOthers(groupOf(['1', '1'], ['2', '2', '2']))).toEqual([0, 0]);
    expect(matchOthers(groupOf([null, null]))).toEqual([0, 0]);
  });

  it('what has a probability happens where the draw lies below it', () => {
    const draw = (word: number) => (below: number) => {
      expect(below).toBe(2 ** 32);
      return word;
    };
    expect([0, 2 ** 31 - 1, 2 ** 31].map((word) => happens(0.5, draw(word)))).toEqual([true, true, false]);
    expect([happens(0, draw(0)), happens(1, draw(2 ** 32 - 1))]).toEqual([false, true]);
  });
});
