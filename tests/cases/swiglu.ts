import { createRandom } from '../reference/random.ts';
import * as swiglu from '../reference/swiglu.ts';
import { float32Tolerance, type Case } from './case.ts';

function build(
  name: string,
  seed: number,
  rows: number,
  intermediate: number,
  special: readonly number[] = [],
): Case {
  const random = createRandom(seed);
  const size = rows * intermediate;
  const gate = Float32Array.from(random.normals(size, 2));
  gate.set(special);
  const up = Float32Array.from(random.normals(size));
  const dy = Float32Array.from(random.normals(size));
  return {
    name,
    sizes: { rows, intermediate },
    inputs: { gate, up, dy },
    expected: { y: swiglu.forward(gate, up), ...swiglu.backward(dy, gate, up) },
    tolerance: float32Tolerance,
  };
}

export const cases: readonly Case[] = [
  build('one row, the narrowest', 601, 1, 4),
  build('odd sizes', 602, 3, 12),
  build('65 times four elements, one more than a workgroup of 64', 603, 5, 52),
  build('257 rows at the width of sort-48', 604, 257, 96),
  build(
    'saturated gates: e^x over- and underflows float32',
    605,
    2,
    12,
    [0, 20, -20, 89, -89, 100, -100, 1000, -1000],
  ),
];
