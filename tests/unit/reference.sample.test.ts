import { describe, expect, it } from 'vitest';
import { createRandom } from '../reference/random.ts';
import { greedy, sample } from '../reference/sample.ts';

describe('sample', () => {
  it('cuts [0, 1) into the probabilities, in token order', () => {
    // T = 2 and logits 2·ln p give p = (1/4, 1/2, 1/4).
    const row = [1, 2, 1].map((x) => 2 * Math.log(x));
    const uniforms = [0, 0.24, 0.26, 0.74, 0.76, 1 - 2 ** -32];
    const { tokens, logProb, margin } = sample(
      uniforms.flatMap(() => row),
      uniforms,
      3,
      2,
    );
    expect([...tokens]).toEqual([0, 0, 1, 1, 2, 2]);
    expect(logProb[2]).toBeCloseTo(Math.log(0.5), 14);
    expect(margin[3]).toBeCloseTo(0.01, 12);
  });

  it('meets softmax frequencies: chi-square of 20000 draws over 6 tokens', () => {
    const random = createRandom(31);
    const draws = 20_000;
    const p = [0.4, 0.25, 0.15, 0.1, 0.07, 0.03];
    const uniforms = Array.from({ length: draws }, random.uniform);
    const logits = uniforms.flatMap(() => p.map(Math.log));
    const { tokens } = sample(logits, uniforms, p.length, 1);
    const chiSquare = p.reduce((sum, share, token) => {
      const count = tokens.filter((drawn) => drawn === token).length;
      return sum + (count - share * draws) ** 2 / (share * draws);
    }, 0);
    // 99.9 % quantile of chi-square with 5 degrees of freedom.
    expect(chiSquare).toBeLessThan(20.52);
  });

  it('greedy takes the first of equals', () => {
    expect([...greedy([1, 3, 3, -5, -7, -5], 2, 3)]).toEqual([1, 0]);
  });
});
