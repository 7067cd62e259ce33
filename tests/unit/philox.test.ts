import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, philox4x32, purposes, randomReals, randomStream } from '../../src/lib/philox.ts';

describe('philox4x32-10', () => {
  // kat_vectors of Random123, the authors' own implementation.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ] as const)('known answer of counter %j, key %j', (counter, key, expected) => {
    const words = philox4x32(counter, key).map((word) => word.toString(16).padStart(8, '0'));
    expect(words.join(' ')).toBe(expected);
  });

  it('agrees with 64-bit arithmetic', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
        let [low, high] = key.map(BigInt) as [bigint, bigint];
        const mask = 0xffffffffn;
        for (let round = 0; round < 10; round++) {
          const p = 0xd2511f53n * a;
          const q = 0xcd9e8d57n * c;
          [a, b, c, d] = [(q >> 32n) ^ b ^ low, q & mask, (p >> 32n) ^ d ^ high, p & mask];
          low = (low + 0x9e3779b9n) & mask;
          high = (high + 0xbb67ae85n) & mask;
        }
        expect(philox4x32(counter, key)).toEqual([a, b, c, d].map(Number));
      }),
    );
  });
});

describe('randomStream', () => {
  it('is a function of seed, purpose and index alone', () => {
    const draw = (seed: number, purpose: keyof typeof purposes, index: number): number[] => {
      const random = randomStream(seed, purpose, index);
      return Array.from({ length: 9 }, () => random(1000));
    };
    const base = draw(7, 'prompts', 3);
    expect(draw(7, 'prompts', 3)).toEqual(base);
    expect(draw(8, 'prompts', 3)).not.toEqual(base);
    expect(draw(7, 'evaluation', 3)).not.toEqual(base);
    expect(draw(7, 'prompts', 4)).not.toEqual(base);
    expect(draw(7 + 2 ** 32, 'prompts', 3)).not.toEqual(base);
  });

  it('starts with the words of counter (0, 0, index, purpose)', () => {
    const random = randomStream(5, 'noise', 2);
    const words = philox4x32([0, 0, 2, purposes.noise], keyOf(5));
    expect([0, 1, 2, 3].map(() => random(2 ** 32))).toEqual(words);
  });

  it('is uniform (chi-square, 9 degrees of freedom, p = .001)', () => {
    const random = randomStream(1, 'prompts', 0);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const drawn = random(10);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    expect(counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(27.88);
  });

  it('gives every purpose a number of its own', () => {
    const numbers = Object.values(purposes);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('gives reals inside (0, 1)', () => {
    const random = randomReals(1, 'initialisation', 0);
    for (let i = 0; i < 100; i++) {
      const drawn = random();
      expect(drawn > 0 && drawn < 1).toBe(true);
    }
  });
});
