import { describe, expect, it } from 'vitest';
import { initialState, update } from '../reference/adamw_ema.ts';
import { compare } from '../reference/compare.ts';
import { clipFactor, norm } from '../reference/grad_norm.ts';
import { createRandom } from '../reference/random.ts';

const settings = {
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.5,
  anchorMomentum: 0.75,
};

describe('grad_norm', () => {
  it('is the Euclidean norm, and clips only what is longer', () => {
    expect(norm([3, 4])).toBe(5);
    expect(clipFactor(5, 1)).toBe(0.2);
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(0, 1)).toBe(1);
  });
});

describe('adamw_ema', () => {
  it('moves by the learning rate against the sign of the first gradient, and decays where told', () => {
    const next = update(initialState([2, 2, -1]), [0.3, -0.3, 0], [1, 0, 1], settings, 1, 1);
    expect(compare(next.policy, [2 * 0.95 - 0.1, 2.1, -0.95], 1e-7).message).toBe('');
    expect(compare(next.anchor, [0.75 * 2 + 0.25 * 1.8, 2.025, -0.9875], 1e-7).message).toBe('');
  });

  it('second step by hand: m = 0.9·0.1 + 0.1·3 of gradients 1 and 3, bias corrected', () => {
    const still = { ...settings, weightDecay: 0 };
    const first = update(initialState([0]), [1], [1], still, 1, 1);
    const second = update(first, [3], [1], still, 2, 1);
    const direction = 0.39 / 0.19 / Math.sqrt((0.999 * 0.001 + 0.001 * 9) / (1 - 0.999 ** 2));
    expect(second.policy[0]).toBeCloseTo(-0.1 - 0.1 * direction, 8);
  });

  it('scales the gradient by the clip factor before the moments', () => {
    const whole = update(initialState([1]), [0.2], [0], settings, 1, 1);
    const clipped = update(initialState([1]), [2], [0], settings, 1, 0.1);
    expect(compare(clipped.m, whole.m, 1e-15).ok && compare(clipped.v, whole.v, 1e-15).ok).toBe(true);
  });

  it('the anchor follows by θk − θq = mⁿ·(θk₀ − θq) when the policy stands still', () => {
    const random = createRandom(21);
    const policy = random.normals(5);
    const start = { ...initialState(policy), anchor: random.normals(5) };
    const still = { ...settings, learningRate: 0 };
    let state = start;
    for (let step = 1; step <= 4; step++) state = update(state, random.normals(5), policy, still, step, 1);
    const gap = state.anchor.map((value, i) => value - (policy[i] ?? NaN));
    const expected = start.anchor.map((value, i) => 0.75 ** 4 * (value - (policy[i] ?? NaN)));
    expect(compare(gap, expected, 1e-14).message).toBe('');
  });

  it('m = 1 keeps the anchor, m = 0 makes it the policy', () => {
    const start = initialState([1, 2]);
    const kept = update(start, [1, -1], [1, 1], { ...settings, anchorMomentum: 1 }, 1, 1);
    expect([...kept.anchor]).toEqual([1, 2]);
    const equal = update(start, [1, -1], [1, 1], { ...settings, anchorMomentum: 0 }, 1, 1);
    expect([...equal.anchor]).toEqual([...equal.policy]);
  });
});
