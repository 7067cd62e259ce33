import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collapseInWords, collapsesOf, lastingCollapse, summarise } from '../../src/diagnostics/collapse.ts';
import { OverlapWindow, pairShares } from '../../src/diagnostics/overlap.ts';
import { accuracy, majorityAccuracy } from '../../src/diagnostics/truth.ts';

const evaluations = (values: readonly number[]) => values.map((sampled, i) => ({ step: 10 * i, sampled }));

describe('summarise', () => {
  it('finds peak, final, retention and the first of three low evaluations', () => {
    // Below .8 − .25·.8 = .6: .5 .7 is no collapse, .5 .4 .3 is.
    expect(summarise(evaluations([0.4, 0.8, 0.5, 0.7, 0.5, 0.4, 0.3, 0.2]))).toEqual({
      base: 0.4,
      peak: 0.8,
      peakStep: 10,
      final: 0.2,
      retention: 0.25,
      collapseStep: 40,
    });
  });

  it('judges by the peak so far, at least .10 below it', () => {
    expect(summarise(evaluations([0.3, 0.21, 0.21, 0.21]))?.collapseStep).toBeNull();
    expect(summarise(evaluations([0.3, 0.19, 0.19, 0.19]))?.collapseStep).toBe(10);
    expect(summarise(evaluations([0.3, 0.19, 0.19, 0.9]))?.collapseStep).toBeNull();
    // A later recovery does not undo it.
    expect(summarise(evaluations([0.5, 0, 0, 0, 0.9]))).toMatchObject({ collapseStep: 10, peak: 0.9 });
    expect(summarise([])).toBeNull();
  });

  it('an evaluation at the threshold is not below it', () => {
    // A quarter below .5 is .375, exactly.
    expect(summarise(evaluations([0.5, 0.375, 0.375, 0.375]))?.collapseStep).toBeNull();
    expect(summarise(evaluations([0.5, 0.374, 0.374, 0.374]))?.collapseStep).toBe(10);
  });

  it('of equal peaks the first counts, and of two collapses', () => {
    const twice = [0.4, 0.8, 0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1];
    expect(summarise(evaluations(twice))).toMatchObject({ peakStep: 10, collapseStep: 30 });
  });
});

describe('collapsesOf', () => {
  it('by hand: falls, comes back above its earlier peak, falls again', () => {
    // Below .8 − .2 = .6 from step 20; three not below it from 60; then below .9 − .225 = .675 from 90.
    const course = [0.4, 0.8, 0.5, 0.4, 0.3, 0.2, 0.61, 0.9, 0.7, 0.65, 0.1, 0.1];
    expect(collapsesOf(evaluations(course))).toEqual([
      {
        step: 20,
        known: { step: 40, sampled: 0.3 },
        best: { step: 10, sampled: 0.8 },
        back: { first: { step: 60, sampled: 0.61 }, known: 80 },
      },
      {
        step: 90,
        known: { step: 110, sampled: 0.1 },
        best: { step: 70, sampled: 0.9 },
        back: null,
      },
    ]);
    // The record of a run is dated by the first.
    expect(summarise(evaluations(course))).toMatchObject({ collapseStep: 20, peakStep: 70 });
  });

  it('lasts while fewer than three are back, and does not begin again with fewer than three low ones', () => {
    const fallen = [0.8, 0.1, 0.1, 0.1];
    const lasts = (...then: readonly number[]): number | null =>
      lastingCollapse(evaluations([...fallen, ...then]))?.step ?? null;
    expect([lasts(), lasts(0.8, 0.8), lasts(0.8, 0.8, 0.1, 0.8)]).toEqual([10, 10, 10]);
    expect([lasts(0.8, 0.8, 0.8), lasts(0.8, 0.8, 0.8, 0.1, 0.1)]).toEqual([null, null]);
    expect(lasts(0.8, 0.8, 0.8, 0.1, 0.1, 0.1)).toBe(70);
    // One above the earlier peak raises no bar: it is back where it was.
    expect(lasts(1, 0.65, 0.65)).toBeNull();
    expect(lastingCollapse([])).toBeNull();
    // Of equal peaks the first was lost.
    expect(lastingCollapse(evaluations([0.4, 0.8, 0.8, 0.1, 0.1, 0.1]))?.best.step).toBe(10);
  });

  it('in words: a quarter below its best it is back, and the reward is told where there is one', () => {
    const fall = {
      step: 30,
      known: { step: 50, sampled: 0.1 },
      best: { step: 20, sampled: 0.5 },
      back: null,
    };
    expect(collapseInWords(fall, 0.37, 0.9)).toBe(
      'Accuracy fell from 0.50 at step 20 to 0.37; the reward still says 0.90.',
    );
    expect(collapseInWords(fall, 0.375, 0.2)).toBe(
      'Accuracy collapsed at step 30, from 0.50, and is at 0.38 now; the reward says 0.20.',
    );
    expect(collapseInWords(fall, 0.1, NaN)).toBe('Accuracy fell from 0.50 at step 20 to 0.10.');
  });
});

const answer = fc.constantFrom('1', '2', null);
const answers = fc.array(answer, { minLength: 2, maxLength: 8 });

describe('answer overlap', () => {
  it('counts pairs, by hand; a missing answer is an answer here', () => {
    const prompt = { policy: ['1', '1', null], anchor: ['1', null] };
    // qk: 1-1 twice, null-null once, of 6. qq: 1-1 in two orders, of 6. kk: none of 2.
    expect(pairShares([prompt])).toEqual({ qk: 0.5, qq: 2 / 6, kk: 0 });
    // Two of one model are needed to agree with one another: prompts without them are not counted.
    const [one, two] = [['1'], ['1', '1']];
    expect(pairShares([{ policy: two, anchor: one }])).toBeNull();
    expect(pairShares([{ policy: one, anchor: two }])).toBeNull();
    expect(pairShares([prompt, { policy: one, anchor: two }])).toEqual(pairShares([prompt]));
    expect(pairShares([prompt, { policy: two, anchor: two }])).toEqual({ qk: 0.75, qq: 4 / 6, kk: 0.5 });
  });

  it('agrees with the double loop', () => {
    fc.assert(
      fc.property(answers, answers, (policy, anchor) => {
        const equal = (a: typeof policy, b: typeof policy, distinct: boolean): number =>
          a.flatMap((x, i) => b.filter((y, j) => x === y && !(distinct && i === j))).length;
        const [m, n] = [policy.length, anchor.length];
        const shares = pairShares([{ policy, anchor }]);
        expect(shares?.qk).toBeCloseTo(equal(policy, anchor, false) / (m * n), 12);
        expect(shares?.qq).toBeCloseTo(equal(policy, policy, true) / (m * (m - 1)), 12);
        expect(shares?.kk).toBeCloseTo(equal(anchor, anchor, true) / (n * (n - 1)), 12);
      }),
    );
  });

  it('is 1 for models that always say the same, 0 for models that never agree', () => {
    expect(new OverlapWindow().add(pairShares([{ policy: ['1', '1'], anchor: ['1', '1'] }]))).toBe(1);
    expect(new OverlapWindow().add(pairShares([{ policy: ['1', '1'], anchor: ['2', '2'] }]))).toBe(0);
    expect(new OverlapWindow().add(null)).toBeNaN();
    // Where a model never agrees with itself there is nothing to compare with.
    expect(new OverlapWindow().add({ qk: 0.5, qq: 1, kk: 0 })).toBeNaN();
    expect(new OverlapWindow().add({ qk: 0.5, qq: 0, kk: 1 })).toBeNaN();
  });

  it('averages the last 10 steps, and goes on from its state', () => {
    const window = new OverlapWindow();
    window.add({ qk: 0, qq: 1, kk: 1 });
    for (let i = 0; i < 9; i++) window.add({ qk: 1, qq: 1, kk: 1 });
    const resumed = new OverlapWindow(window.state);
    expect(window.state).toHaveLength(10);
    expect(resumed.add({ qk: 1, qq: 1, kk: 1 })).toBe(1);
    expect(window.add({ qk: 0, qq: 1, kk: 1 })).toBeCloseTo(0.9, 12);
  });
});

it('accuracy of completions and of majorities', () => {
  const sampled = [
    ['1', '2', '1'],
    ['3', null, null],
    [null, '4', '4'],
  ];
  expect(accuracy(sampled, ['1', '3', '5'])).toBe(3 / 9);
  expect(majorityAccuracy(sampled, ['1', '3', '5'])).toBe(2 / 3);
});
