import { expect, it } from 'vitest';
import { fitLevel } from '../../src/asking/fitting.ts';

/** A model that gets these shares right, from level 1 on. */
const fitTo = (...shares: readonly number[]) =>
  fitLevel([1, shares.length], (level) => Promise.resolve(shares[level - 1] ?? NaN));

it('takes the level of which nearest to two fifths is right', async () => {
  expect((await fitTo(0.95, 0.59, 0.35, 0.22, 0.1)).level).toBe(3);
  expect((await fitTo(0.6, 0.1)).level).toBe(1);
  expect((await fitTo(0.9, 0.2)).level).toBe(2);
  // The easier of two that are as near.
  expect((await fitTo(0.5, 0.3)).level).toBe(1);
});

it('tries no level beyond one that is too hard', async () => {
  const { tried, level } = await fitTo(0.5, 0.19, 0.4);
  expect(tried).toEqual([
    { level: 1, right: 0.5 },
    { level: 2, right: 0.19 },
  ]);
  expect(level).toBe(1);
});

it('says that none fits where all are too easy, too hard, or it leaps over the range', async () => {
  for (const shares of [[0.9, 0.8], [0.1], [0.9, 0.05]])
    expect((await fitTo(...shares)).level, shares.join()).toBe(null);
});
