import * as logSoftmax from '../reference/log_softmax.ts';
import { createRandom } from '../reference/random.ts';
import { float32Tolerance, type Case } from './case.ts';

function build(
  name: string,
  seed: number,
  sizes: { readonly rows: number; readonly vocabulary: number; readonly temperature: number },
  change?: (logits: Float32Array) => void,
): Case {
  const random = createRandom(seed);
  const { rows, vocabulary, temperature } = sizes;
  const logits = Float32Array.from(random.normals(rows * vocabulary, 3));
  change?.(logits);
  const targets = random.integers(rows, vocabulary);
  const dlogProb = Float32Array.from(random.normals(rows));
  const dentropy = Float32Array.from(random.normals(rows));
  return {
    name,
    sizes,
    inputs: { logits, targets, dlogProb, dentropy },
    expected: {
      ...logSoftmax.forward(logits, targets, vocabulary, temperature),
      dlogits: logSoftmax.backward(dlogProb, dentropy, logits, targets, vocabulary, temperature),
    },
    tolerance: float32Tolerance,
  };
}

export const cases: readonly Case[] = [
  build('one of everything: certain', 701, { rows: 1, vocabulary: 1, temperature: 1 }),
  build('odd sizes at the paper’s temperature', 702, { rows: 3, vocabulary: 7, temperature: 1.1 }),
  build('the lab’s vocabulary, 65 rows, one more than a workgroup of 64', 703, {
    rows: 65,
    vocabulary: 23,
    temperature: 1.1,
  }),
  build('a vocabulary of 257, one more than a workgroup', 704, {
    rows: 3,
    vocabulary: 257,
    temperature: 0.8,
  }),
  build('257 rows', 705, { rows: 257, vocabulary: 5, temperature: 1 }),
  build(
    'spikes of 90, whose exponential overflows float32',
    706,
    { rows: 9, vocabulary: 23, temperature: 1 },
    (x) => {
      for (let r = 0; r < 9; r++) x[r * 23 + 2 * r] = 90;
    },
  ),
  build('all logits equal: entropy ln V', 707, { rows: 4, vocabulary: 23, temperature: 1.1 }, (x) =>
    x.fill(2.5),
  ),
  build('two equal best tokens', 708, { rows: 2, vocabulary: 9, temperature: 0.5 }, (x) => {
    x[1] = x[7] = x[9] = x[17] = 12;
  }),
];
