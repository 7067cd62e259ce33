import * as matmul from '../reference/matmul.ts';
import { createRandom } from '../reference/random.ts';
import * as rmsNorm from '../reference/rms_norm.ts';
import * as swiglu from '../reference/swiglu.ts';
import { float32Tolerance, halves, type Case } from './case.ts';

const eps = 1e-6;

/**
 * Forward from x with norm and product in front, under the weight and twice and minus the weight; backward from the
 * gradient dz behind the next product, at gates and ups of its own.
 * @param steepness of the gates: at 60, e^x over- and underflows float32
 */
function build(
  name: string,
  seed: number,
  rows: number,
  hidden: number,
  intermediate: number,
  steepness = 1,
): Case {
  const random = createRandom(seed);
  const x = halves(random.normals(rows * hidden));
  const gain = Float32Array.from(random.normals(hidden, 0.3), (value) => 1 + value);
  const size = hidden * intermediate;
  const weight = Float32Array.from(
    random.normals(2 * size, 1 / Math.sqrt(hidden)),
    (value, i) => value * (i < size ? 2 * steepness : 1),
  );
  const gate = halves(random.normals(rows * intermediate, 2 * steepness));
  const up = halves(random.normals(rows * intermediate));
  const dz = Float32Array.from(random.normals(rows * hidden));
  const down = Float32Array.from(random.normals(size, 1 / Math.sqrt(hidden)));
  const norm = rmsNorm.forward(x, gain, rows, hidden, eps);
  const product = (part: Float32Array) => matmul.forward(norm.y, part, rows, hidden, intermediate);
  const gates = product(weight.subarray(0, size));
  const ups = product(weight.subarray(size));
  const times = (factor: number) => {
    const scaled = (of: Float64Array) => of.map((value) => factor * value);
    return swiglu.forward(scaled(gates), scaled(ups));
  };
  const noInput = new Float32Array(rows * intermediate);
  const dy = matmul.backward(dz, noInput, down, rows, intermediate, hidden).dx;
  return {
    name,
    sizes: { rows, hidden, intermediate, eps },
    inputs: { x, gain, weight, gate, up, dz, down },
    expected: {
      gates,
      ups,
      rstd: norm.rstd,
      y: times(1),
      yTwice: times(2),
      yMinus: times(-1),
      ...swiglu.backward(dy, gate, up),
    },
    // Gates near ±100 are rounded to 1e-5, which e^gate enlarges.
    tolerance: steepness > 1 ? 1e-4 : float32Tolerance,
  };
}

export const cases: readonly Case[] = [
  build('one row, the narrowest', 601, 1, 4, 4),
  build('odd sizes', 602, 3, 8, 12),
  build('more than a block in every direction', 603, 65, 20, 36),
  build('257 rows at the sizes of sort-48', 604, 257, 48, 96),
  build('saturated gates: e^x over- and underflows float32', 605, 9, 12, 20, 60),
];
