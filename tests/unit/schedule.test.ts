import { expect, it } from 'vitest';
import { anchorHalfLife } from '../../src/rl/anchor.ts';
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

it('gives the anchor’s half-life in steps', () => {
  expect([0.9, 0.99, 0.999].map((m) => Math.round(anchorHalfLife(m)))).toEqual([7, 69, 693]);
  expect([0, 1].map(anchorHalfLife)).toEqual([0, Infinity]);
});
