import { describe, expect, it } from 'vitest';
import { compare } from '../reference/compare.ts';
import { at } from '../reference/indexing.ts';
import { createRandom } from '../reference/random.ts';

describe('compare', () => {
  it('allows tolerance·(1 + |expected|)', () => {
    expect(compare([0.9e-3, 100.1], [0, 100], 1e-3).ok).toBe(true);
    expect(compare([1.1e-3], [0], 1e-3).ok).toBe(false);
    expect(compare([100.2], [100], 1e-3).ok).toBe(false);
  });

  it('fails on NaN on either side', () => {
    expect(compare([NaN], [1], 1).ok).toBe(false);
    expect(compare([1], [NaN], 1).ok).toBe(false);
    expect(compare([NaN], [NaN], 1).ok).toBe(false);
  });

  it('infinities match in sign only', () => {
    expect(compare([Infinity], [Infinity], 1e-3).ok).toBe(true);
    expect(compare([-Infinity], [Infinity], 1e-3).ok).toBe(false);
    expect(compare([1e30], [Infinity], 1e-3).ok).toBe(false);
    expect(compare([Infinity], [1e30], 1e-3).ok).toBe(false);
  });

  it('names the first bad index and both numbers', () => {
    const result = compare([1, 2.5, 9], [1, 2, 3], 1e-3);
    expect(result.index).toBe(1);
    expect(result.message).toBe('index 1: 2.5 instead of 2 (tolerance 0.001)');
    expect(result.worst).toBeCloseTo(1.5, 14);
  });

  it('refuses arrays of other lengths', () => {
    expect(compare([1, 2], [1], 1).message).toBe('2 numbers instead of 1');
  });
});

describe('what the oracle stands on', () => {
  it('refuses to read outside an array', () => {
    expect(() => at(new Float64Array(2), 2)).toThrow('index 2 of an array of 2');
    expect(() => at(new Float64Array(2), -1)).toThrow(RangeError);
  });

  it('random inputs are the same for the same seed, with mean 0 and variance 1', () => {
    const values = createRandom(5).normals(20_000);
    expect([...values.slice(0, 4)]).toEqual([...createRandom(5).normals(4)]);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
  });
});
