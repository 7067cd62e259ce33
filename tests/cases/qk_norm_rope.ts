import * as qkNormRope from '../reference/qk_norm_rope.ts';
import { createRandom, type Random } from '../reference/random.ts';
import { float32Tolerance, halves, type Case } from './case.ts';

interface Shape {
  readonly rows: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly theta: number;
}

const eps = 1e-6;

function build(
  name: string,
  seed: number,
  sizes: Shape,
  position: (random: Random, row: number) => number,
): Case {
  const random = createRandom(seed);
  const { rows, heads, keyValueHeads, headDim } = sizes;
  const shape = { ...sizes, eps };
  const normals = (count: number): Float32Array => Float32Array.from(random.normals(count));
  const qkv = halves(normals(rows * (heads + 2 * keyValueHeads) * headDim));
  const qGain = Float32Array.from(random.normals(headDim, 0.3), (value) => 1 + value);
  const kGain = Float32Array.from(random.normals(headDim, 0.3), (value) => 1 + value);
  const positions = Uint32Array.from({ length: rows }, (_, row) => position(random, row));
  const dq = normals(rows * heads * headDim);
  const dk = normals(rows * keyValueHeads * headDim);
  const dv = normals(rows * keyValueHeads * headDim);
  const grads = { dq: Float64Array.from(dq), dk: Float64Array.from(dk), dv: Float64Array.from(dv) };
  return {
    name,
    sizes: { ...sizes, eps },
    inputs: { qkv, qGain, kGain, positions, dq, dk, dv },
    expected: {
      ...qkNormRope.forward(qkv, qGain, kGain, positions, shape),
      ...qkNormRope.backward(grads, qkv, qGain, kGain, positions, shape),
    },
    tolerance: float32Tolerance,
  };
}

const lab = { heads: 4, keyValueHeads: 2, headDim: 16, theta: 10_000 };
const upTo = (below: number) => (random: Random) => random.integer(below);

export const cases: readonly Case[] = [
  build('one row at position 0, not rotated', 401, { ...lab, rows: 1 }, () => 0),
  build(
    'the smallest head',
    402,
    { rows: 3, heads: 1, keyValueHeads: 1, headDim: 8, theta: 10_000 },
    upTo(9),
  ),
  build(
    'a head of 24, no power of two',
    403,
    { rows: 5, heads: 3, keyValueHeads: 1, headDim: 24, theta: 100 },
    upTo(9),
  ),
  build('65 rows, one more than a workgroup of 64, shuffled positions', 404, { ...lab, rows: 65 }, upTo(30)),
  build('257 rows of equal positions, a long sum into the gains', 405, { ...lab, rows: 257 }, () => 7),
  build('as many key heads as query heads', 406, { ...lab, rows: 9, keyValueHeads: 4 }, upTo(30)),
  // Cosines come from a table made in float64, so far positions are no worse than near ones.
  build('positions near 500', 407, { ...lab, rows: 7 }, (_, row) => 500 + row),
];
