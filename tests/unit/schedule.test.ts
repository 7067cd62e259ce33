import { expect, it } from 'vitest';
import { anchorHalfLife, momentumAt, type MomentumSchedule } from '../../src/rl/anchor.ts';
import { learningRateAt, type Schedule } from '../../src/rl/schedule.ts';

const constant: Schedule = {
  learningRate: 1,
  warmupSteps: 4,
  steps: 9,
  lrSchedule: 'constant',
  minLearningRateShare: 0.1,
};
const cosine: Schedule = { ...constant, lrSchedule: 'cosine' };

it('warms up linearly, then stays', () => {
  expect([0, 1, 2, 3, 4, 8, 100].map((step) => learningRateAt(step, constant))).toEqual([
    0.25, 0.5, 0.75, 1, 1, 1, 1,
  ]);
  expect(learningRateAt(0, { ...constant, warmupSteps: 0 })).toBe(1);
});

it('falls along half a cosine from the peak to the floor at the last step', () => {
  expect(learningRateAt(3, cosine)).toBe(1);
  expect(learningRateAt(4, cosine)).toBe(1);
  expect(learningRateAt(6, cosine)).toBeCloseTo(0.55, 12);
  expect(learningRateAt(8, cosine)).toBeCloseTo(0.1, 12);
  expect(learningRateAt(50, cosine)).toBeCloseTo(0.1, 12);
});

it('raises the anchor’s momentum along half a cosine, or leaves it', () => {
  const rising: MomentumSchedule = {
    anchorMomentum: 0.99,
    momentumSchedule: 'cosine',
    anchorMomentumEnd: 0.99999,
    steps: 5,
  };
  // 1 − m from 1e-2 to 1e-5: half of it at half the way, (1 + √½) ÷ 2 of it at a quarter.
  const [first = NaN, quarter = NaN, half = NaN, , last = NaN] = [0, 1, 2, 3, 4].map((step) =>
    momentumAt(step, rising),
  );
  expect(first).toBe(0.99);
  expect(1 - quarter).toBeCloseTo(1e-5 + ((1 + Math.SQRT1_2) / 2) * (1e-2 - 1e-5), 12);
  expect(1 - half).toBeCloseTo((1e-2 + 1e-5) / 2, 12);
  expect([last, momentumAt(50, rising)]).toEqual([0.99999, 0.99999]);
  expect(momentumAt(0, { ...rising, steps: 1 })).toBe(0.99);
  expect(momentumAt(3, { ...rising, momentumSchedule: 'constant' })).toBe(0.99);
});

it('gives the anchor’s half-life in steps', () => {
  expect([0.9, 0.99, 0.999].map((m) => Math.round(anchorHalfLife(m)))).toEqual([7, 69, 693]);
  expect([0, 1].map(anchorHalfLife)).toEqual([0, Infinity]);
});
