import { at, expectLength, type Numbers } from './indexing.ts';
import * as rmsNorm from './rms_norm.ts';

export interface QkShape {
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads. */
  readonly keyValueHeads: number;
  /** D, even. */
  readonly headDim: number;
  readonly eps: number;
  /** rope_theta. */
  readonly theta: number;
}

/** Columns [first, first + width) of a matrix [rows, columns]. */
function columns(matrix: Numbers, rows: number, all: number, first: number, width: number): Float64Array {
  const part = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < width; c++) part[r * width + c] = at(matrix, r * all + first + c);
  }
  return part;
}

/**
 * The rotate_half convention: with a = direction · position · theta^(−2i/D), i < D/2,
 * y[i] = x[i]·cos a − x[i + D/2]·sin a,   y[i + D/2] = x[i + D/2]·cos a + x[i]·sin a
 * @param x [R, heads·D]
 * @param direction 1 forward, −1 for the transpose
 */
function rotate(
  x: Float64Array,
  positions: Numbers,
  heads: number,
  shape: QkShape,
  direction: 1 | -1,
): Float64Array {
  const D = shape.headDim;
  const half = D / 2;
  const y = new Float64Array(x.length);
  for (let r = 0; r < positions.length; r++) {
    for (let head = 0; head < heads; head++) {
      const start = (r * heads + head) * D;
      for (let i = 0; i < half; i++) {
        const angle = direction * at(positions, r) * shape.theta ** ((-2 * i) / D);
        const first = at(x, start + i);
        const second = at(x, start + half + i);
        y[start + i] = first * Math.cos(angle) - second * Math.sin(angle);
        y[start + half + i] = second * Math.cos(angle) + first * Math.sin(angle);
      }
    }
  }
  return y;
}

/**
 * q = rope(rms_norm_per_head(q_raw, qGain)), k = rope(rms_norm_per_head(k_raw, kGain)), v untouched
 * @param qkv raw projections, [R, (heads + 2·keyValueHeads)·D], columns q then k then v
 * @param qGain,kGain [D]
 * @param positions [R]
 * @returns q, [R, heads·D]; k and v, [R, keyValueHeads·D]
 */
export function forward(
  qkv: Numbers,
  qGain: Numbers,
  kGain: Numbers,
  positions: Numbers,
  shape: QkShape,
): { q: Float64Array; k: Float64Array; v: Float64Array } {
  const { heads, keyValueHeads, headDim: D, eps } = shape;
  const rows = positions.length;
  const all = (heads + 2 * keyValueHeads) * D;
  expectLength('qkv', qkv, rows * all);
  const qRaw = columns(qkv, rows, all, 0, heads * D);
  const kRaw = columns(qkv, rows, all, heads * D, keyValueHeads * D);
  return {
    q: rotate(rmsNorm.forward(qRaw, qGain, rows * heads, D, eps).y, positions, heads, shape, 1),
    k: rotate(
      rmsNorm.forward(kRaw, kGain, rows * keyValueHeads, D, eps).y,
      positions,
      keyValueHeads,
      shape,
      1,
    ),
    v: columns(qkv, rows, all, (heads + keyValueHeads) * D, keyValueHeads * D),
  };
}

/**
 * The rotation's transpose is the rotation backwards; then the backward pass of rms_norm per head.
 * @returns dqkv, [R, (heads + 2·keyValueHeads)·D]; dqGain and dkGain, [D]
 */
export function backward(
  grads: { readonly dq: Float64Array; readonly dk: Float64Array; readonly dv: Float64Array },
  qkv: Numbers,
  qGain: Numbers,
  kGain: Numbers,
  positions: Numbers,
  shape: QkShape,
): { dqkv: Float64Array; dqGain: Float64Array; dkGain: Float64Array } {
  const { heads, keyValueHeads, headDim: D, eps } = shape;
  const rows = positions.length;
  const qWidth = heads * D;
  const kWidth = keyValueHeads * D;
  const all = qWidth + 2 * kWidth;
  expectLength('dq', grads.dq, rows * qWidth);
  expectLength('dk', grads.dk, rows * kWidth);
  expectLength('dv', grads.dv, rows * kWidth);
  const qRaw = columns(qkv, rows, all, 0, qWidth);
  const kRaw = columns(qkv, rows, all, qWidth, kWidth);
  const dqNormed = rotate(grads.dq, positions, heads, shape, -1);
  const dkNormed = rotate(grads.dk, positions, keyValueHeads, shape, -1);
  const q = rmsNorm.backward(dqNormed, qRaw, qGain, rows * heads, D, eps);
  const k = rmsNorm.backward(dkNormed, kRaw, kGain, rows * keyValueHeads, D, eps);
  const dqkv = new Float64Array(rows * all);
  for (let r = 0; r < rows; r++) {
    dqkv.set(q.dx.subarray(r * qWidth, (r + 1) * qWidth), r * all);
    dqkv.set(k.dx.subarray(r * kWidth, (r + 1) * kWidth), r * all + qWidth);
    dqkv.set(grads.dv.subarray(r * kWidth, (r + 1) * kWidth), r * all + qWidth + kWidth);
  }
  return { dqkv, dqGain: q.dgain, dkGain: k.dgain };
}
