import { createRandom } from '../reference/random.ts';
import * as rmsNorm from '../reference/rms_norm.ts';
import { float32Tolerance, halves, type Case } from './case.ts';

const eps = 1e-6;

function build(
  name: string,
  seed: number,
  rows: number,
  hidden: number,
  change?: (x: Float32Array) => void,
): Case {
  const random = createRandom(seed);
  const full = Float32Array.from(random.normals(rows * hidden));
  change?.(full);
  const x = halves(full);
  const gain = Float32Array.from(random.normals(hidden, 0.3), (value) => 1 + value);
  const dy = Float32Array.from(random.normals(rows * hidden));
  const { y, rstd } = rmsNorm.forward(x, gain, rows, hidden, eps);
  const { dx, dgain } = rmsNorm.backward(dy, x, gain, rows, hidden, eps);
  return {
    name,
    sizes: { rows, hidden, eps },
    inputs: { x, gain, dy },
    expected: { y, rstd, dx, dgain },
    tolerance: float32Tolerance,
  };
}

export const cases: readonly Case[] = [
  build('one row, the narrowest model', 201, 1, 4),
  build('odd sizes', 202, 3, 12),
  build('65 rows, one more than a workgroup of 64', 203, 65, 32),
  build('257 rows, a long sum into dgain', 204, 257, 48),
  build('260 wide, more than a workgroup', 205, 2, 260),
  build('one row of zeros, where only eps is left', 206, 3, 20, (x) => x.fill(0, 20, 40)),
  build('values of 1e-3, whose square is eps', 207, 5, 36, (x) => {
    x.forEach((value, i) => (x[i] = value * 1e-3));
  }),
  build('a spike of 1000 in each row', 208, 4, 68, (x) => {
    for (let r = 0; r < 4; r++) x[r * 68 + 7 * r] = 1000;
  }),
  build('all values equal', 209, 2, 12, (x) => x.fill(0.5)),
];
