import { describe, expect, it } from 'vitest';
import * as attention from '../reference/attention.ts';
import { compare } from '../reference/compare.ts';
import * as embed from '../reference/embed.ts';
import { dot, finiteDifference } from '../reference/finite_difference.ts';
import * as matmul from '../reference/matmul.ts';
import * as qkNormRope from '../reference/qk_norm_rope.ts';
import { createRandom } from '../reference/random.ts';
import * as rmsNorm from '../reference/rms_norm.ts';
import * as swiglu from '../reference/swiglu.ts';

/** Analytic against numerical, 1e-7: rounding and truncation of the differences are about 1e-9. */
function expectGradient(analytic: Float64Array, loss: () => number, x: Float64Array): void {
  expect(analytic.some((value) => Math.abs(value) > 1e-3)).toBe(true);
  expect(compare(finiteDifference(loss, x), analytic, 1e-7).message).toBe('');
}

describe('backward passes of the oracle agree with finite differences', () => {
  it('embed', () => {
    const random = createRandom(1);
    const tokens = [3, 0, 3, 4, 3];
    const table = random.normals(5 * 3);
    const dx = random.normals(tokens.length * 3);
    const loss = () => dot(embed.forward(table, tokens, 5, 3), dx);
    expectGradient(embed.backward(dx, tokens, 5, 3), loss, table);
  });

  it('rms_norm', () => {
    const random = createRandom(2);
    const [rows, hidden, eps] = [3, 7, 1e-2];
    const x = random.normals(rows * hidden);
    const gain = random.normals(hidden);
    const dy = random.normals(rows * hidden);
    const loss = () => dot(rmsNorm.forward(x, gain, rows, hidden, eps).y, dy);
    const { dx, dgain } = rmsNorm.backward(dy, x, gain, rows, hidden, eps);
    expectGradient(dx, loss, x);
    expectGradient(dgain, loss, gain);
  });

  it('matmul', () => {
    const random = createRandom(3);
    const [rows, inputs, outputs] = [3, 5, 7];
    const x = random.normals(rows * inputs);
    const weight = random.normals(outputs * inputs);
    const dy = random.normals(rows * outputs);
    const loss = () => dot(matmul.forward(x, weight, rows, inputs, outputs), dy);
    const { dx, dweight } = matmul.backward(dy, x, weight, rows, inputs, outputs);
    expectGradient(dx, loss, x);
    expectGradient(dweight, loss, weight);
  });

  it('qk_norm_rope', () => {
    const random = createRandom(4);
    const shape = { heads: 3, keyValueHeads: 1, headDim: 6, eps: 1e-2, theta: 100 };
    const positions = [0, 5, 2];
    const qkv = random.normals(3 * 5 * 6);
    const qGain = random.normals(6);
    const kGain = random.normals(6);
    const dq = random.normals(3 * 3 * 6);
    const dk = random.normals(3 * 6);
    const dv = random.normals(3 * 6);
    const loss = () => {
      const { q, k, v } = qkNormRope.forward(qkv, qGain, kGain, positions, shape);
      return dot(q, dq) + dot(k, dk) + dot(v, dv);
    };
    const grads = qkNormRope.backward({ dq, dk, dv }, qkv, qGain, kGain, positions, shape);
    expectGradient(grads.dqkv, loss, qkv);
    expectGradient(grads.dqGain, loss, qGain);
    expectGradient(grads.dkGain, loss, kGain);
  });

  it('attention, with a shared prefix', () => {
    const random = createRandom(5);
    const shape = { heads: 4, keyValueHeads: 2, headDim: 3 };
    // Rows 0–2 a prompt; 3–4 and 5–6 two completions of it.
    const rows = {
      prefixStart: [0, 0, 0, 0, 0, 0, 0],
      prefixLength: [0, 0, 0, 3, 3, 3, 3],
      ownStart: [0, 0, 0, 3, 3, 5, 5],
    };
    const q = random.normals(7 * 12);
    const k = random.normals(7 * 6);
    const v = random.normals(7 * 6);
    const dout = random.normals(7 * 12);
    const loss = () => dot(attention.forward(q, k, v, rows, shape).out, dout);
    const { dq, dk, dv } = attention.backward(dout, q, k, v, rows, shape);
    expectGradient(dq, loss, q);
    expectGradient(dk, loss, k);
    expectGradient(dv, loss, v);
  });

  it('swiglu', () => {
    const random = createRandom(6);
    const gate = random.normals(9, 3);
    const up = random.normals(9);
    const dy = random.normals(9);
    const loss = () => dot(swiglu.forward(gate, up), dy);
    const { dgate, dup } = swiglu.backward(dy, gate, up);
    expectGradient(dgate, loss, gate);
    expectGradient(dup, loss, up);
  });
});

describe('worked examples of the oracle', () => {
  it('rms_norm of (3, 4) has mean square 12.5', () => {
    const { y, rstd } = rmsNorm.forward([3, 4], [1, 2], 1, 2, 0);
    expect(rstd[0]).toBeCloseTo(1 / Math.sqrt(12.5), 14);
    expect(y[1]).toBeCloseTo(8 / Math.sqrt(12.5), 14);
  });

  it('matmul multiplies by rows of the weight', () => {
    expect([...matmul.forward([1, 10], [1, 2, 3, 4, 5, 6], 1, 2, 3)]).toEqual([21, 43, 65]);
  });

  it('rope pairs i with i + D/2, not with its neighbour', () => {
    const shape = { heads: 1, keyValueHeads: 1, headDim: 4, eps: 0, theta: 10000 };
    const gain = [1, 1, 1, 1];
    // q = (2, 0, 0, 0) normalises to itself; position 1 turns pair (0, 2) by one radian.
    const { q } = qkNormRope.forward([2, 0, 0, 0, 0, 2, 0, 0, 7, 8, 9, 10], gain, gain, [1], shape);
    expect(compare(q, [2 * Math.cos(1), 0, 2 * Math.sin(1), 0], 1e-14).message).toBe('');
  });

  it('the second pair of rope turns at theta^(−1/2) for D = 4', () => {
    const shape = { heads: 1, keyValueHeads: 1, headDim: 4, eps: 0, theta: 10000 };
    const gain = [1, 1, 1, 1];
    const { k, v } = qkNormRope.forward([2, 0, 0, 0, 0, 2, 0, 0, 7, 8, 9, 10], gain, gain, [1], shape);
    expect(compare(k, [0, 2 * Math.cos(0.01), 0, 2 * Math.sin(0.01)], 1e-14).message).toBe('');
    expect([...v]).toEqual([7, 8, 9, 10]);
  });

  it('attention over two keys with scores ln 1 and ln 3 mixes 1 : 3', () => {
    const rows = { prefixStart: [0, 0], prefixLength: [0, 0], ownStart: [0, 0] };
    const shape = { heads: 1, keyValueHeads: 1, headDim: 1 };
    const { out, lse } = attention.forward([5, 1], [0, Math.log(3)], [10, 20], rows, shape);
    expect(compare(out, [10, 17.5], 1e-14).message).toBe('');
    expect(lse[1]).toBeCloseTo(Math.log(4), 14);
  });

  it('query heads share key heads in consecutive runs', () => {
    const rows = { prefixStart: [0], prefixLength: [0], ownStart: [0] };
    const shape = { heads: 4, keyValueHeads: 2, headDim: 1 };
    expect([...attention.forward([1, 1, 1, 1], [0, 0], [5, 6], rows, shape).out]).toEqual([5, 5, 6, 6]);
  });

  it('a shared prefix gives what a copied one gives', () => {
    const random = createRandom(7);
    const shape = { heads: 2, keyValueHeads: 1, headDim: 4 };
    const q = random.normals(4 * 8);
    const k = random.normals(4 * 4);
    const v = random.normals(4 * 4);
    const shared = { prefixStart: [0, 0, 0, 0], prefixLength: [0, 0, 2, 2], ownStart: [0, 0, 2, 3] };
    // Prompt rows 0, 1; completions a = row 2 and b = row 3. Copied: prompt, a, prompt, b.
    const copyRows = (x: Float64Array, width: number) =>
      [0, 1, 2, 0, 1, 3].flatMap((r) => [...x.slice(r * width, (r + 1) * width)]);
    const none = [0, 0, 0, 0, 0, 0];
    const copied = { prefixStart: none, prefixLength: none, ownStart: [0, 0, 0, 3, 3, 3] };
    const short = attention.forward(q, k, v, shared, shape).out;
    const long = attention.forward(copyRows(q, 8), copyRows(k, 4), copyRows(v, 4), copied, shape).out;
    expect(compare(short.slice(16, 24), long.slice(16, 24), 1e-14).message).toBe('');
    expect(compare(short.slice(24, 32), long.slice(40, 48), 1e-14).message).toBe('');
  });

  it('swiglu of gate 0 is 0 with half the slope of up', () => {
    expect([...swiglu.forward([0], [3])]).toEqual([0]);
    expect([...swiglu.backward([1], [0], [3]).dgate]).toEqual([1.5]);
  });
});
