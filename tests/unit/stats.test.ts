import { expect, it } from 'vitest';
import { Ewma, finite, mean, quantile, standardDeviation } from '../../src/lib/stats.ts';

it('takes means, unbiased deviations and quantiles as NumPy does', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(mean([])).toBeNaN();
  // ((−2)² + (−1)² + 3²) ÷ 2 = 7
  expect(standardDeviation([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 12);
  expect(standardDeviation([1])).toBeNaN();
  // np.quantile([3, 1, 2, 10], [.25, .5, .75]) = 1.75, 2.5, 4.75
  expect([0.25, 0.5, 0.75].map((q) => quantile([3, 1, 2, 10], q))).toEqual([1.75, 2.5, 4.75]);
  expect(quantile([0.1, 0.1, 0.1], 0.3)).toBe(0.1);
  expect(quantile([], 0.5)).toBeNaN();
  expect(finite([1, NaN, Infinity, 2])).toEqual([1, 2]);
});

it('weighs recent values more, starts at the first one, and skips what is not finite', () => {
  const mean = new Ewma(0.5);
  expect([4, 1, NaN, 1].map((value) => mean.add(value))).toEqual([
    4,
    2,
    NaN,
    (1 + 0.5 * 1 + 0.25 * 4) / 1.75,
  ]);
  const none = new Ewma(0);
  expect([3, 7].map((value) => none.add(value))).toEqual([3, 7]);
});
