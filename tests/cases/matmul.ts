import * as matmul from '../reference/matmul.ts';
import { createRandom } from '../reference/random.ts';
import * as rmsNorm from '../reference/rms_norm.ts';
import { float32Tolerance, halves, type Case } from './case.ts';

const eps = 1e-6;

/** Also with a norm in front (`…Normed`, with its rstd), and with a residual added to y. */
function build(name: string, seed: number, rows: number, inputs: number, outputs: number): Case {
  const random = createRandom(seed);
  const x = halves(random.normals(rows * inputs));
  const weight = Float32Array.from(random.normals(outputs * inputs, 1 / Math.sqrt(inputs)));
  const dy = Float32Array.from(random.normals(rows * outputs, 1 / Math.sqrt(outputs)));
  const gain = Float32Array.from(random.normals(inputs, 0.3), (value) => 1 + value);
  const residual = halves(random.normals(rows * outputs));
  const y = matmul.forward(x, weight, rows, inputs, outputs);
  const norm = rmsNorm.forward(x, gain, rows, inputs, eps);
  return {
    name,
    sizes: { rows, inputs, outputs, eps },
    inputs: { x, weight, gain, residual, dy },
    expected: {
      y,
      yResidual: y.map((value, i) => value + (residual[i] ?? NaN)),
      rstd: norm.rstd,
      yNormed: matmul.forward(norm.y, weight, rows, inputs, outputs),
      ...matmul.backward(dy, x, weight, rows, inputs, outputs),
      dweightNormed: matmul.backward(dy, norm.y, weight, rows, inputs, outputs).dweight,
    },
    tolerance: float32Tolerance,
  };
}

export const cases: readonly Case[] = [
  build('one row, one output, as few inputs as can be', 301, 1, 4, 1),
  build('odd sizes, all smaller than a block', 302, 3, 12, 7),
  build('whole blocks only', 303, 64, 32, 64),
  build('more than a block in every direction', 304, 65, 36, 65),
  build('less than a block in every direction', 305, 63, 28, 63),
  build('257 rows at the sizes of sort-48', 306, 257, 48, 96),
  build('one row, wide', 307, 1, 260, 3),
  build('one output, a long sum over rows into dweight', 308, 513, 8, 1),
  build('one output more than a workgroup of the weight gradient has', 310, 9, 20, 129),
  build('the vocabulary of 23 as outputs', 309, 67, 48, 23),
];
