import * as matmul from '../reference/matmul.ts';
import { createRandom } from '../reference/random.ts';
import { float32Tolerance, type Case } from './case.ts';

function build(name: string, seed: number, rows: number, inputs: number, outputs: number): Case {
  const random = createRandom(seed);
  const x = Float32Array.from(random.normals(rows * inputs));
  const weight = Float32Array.from(random.normals(outputs * inputs, 1 / Math.sqrt(inputs)));
  const dy = Float32Array.from(random.normals(rows * outputs, 1 / Math.sqrt(outputs)));
  return {
    name,
    sizes: { rows, inputs, outputs },
    inputs: { x, weight, dy },
    expected: {
      y: matmul.forward(x, weight, rows, inputs, outputs),
      ...matmul.backward(dy, x, weight, rows, inputs, outputs),
    },
    tolerance: float32Tolerance,
  };
}

export const cases: readonly Case[] = [
  build('one of everything', 301, 1, 1, 1),
  build('odd sizes, all smaller than a block', 302, 3, 5, 7),
  build('whole blocks only', 303, 64, 32, 64),
  build('one more than a block in every direction', 304, 65, 33, 65),
  build('one less than a block in every direction', 305, 63, 31, 63),
  build('257 rows at the sizes of sort-48', 306, 257, 48, 96),
  build('one row, wide', 307, 1, 257, 3),
  build('one output, a long sum over rows into dweight', 308, 513, 6, 1),
  build('the vocabulary of 23 as outputs', 309, 67, 48, 23),
];
