import * as crossEntropy from '../reference/cross_entropy.ts';
import { createRandom } from '../reference/random.ts';
import { float32Tolerance, type Case } from './case.ts';

interface Change {
  readonly logits?: (logits: Float32Array) => void;
  readonly trained?: (row: number) => boolean;
}

function build(name: string, seed: number, rows: number, vocabulary: number, change: Change = {}): Case {
  const random = createRandom(seed);
  const logits = Float32Array.from(random.normals(rows * vocabulary, 3));
  change.logits?.(logits);
  const targets = random.integers(rows, vocabulary);
  const trained = change.trained ?? (() => true);
  const mask = Float32Array.from({ length: rows }, (_, row) => (trained(row) ? 1 : 0));
  const { loss, rowLoss, dlogits } = crossEntropy.forwardBackward(logits, targets, mask, vocabulary);
  return {
    name,
    sizes: { rows, vocabulary },
    inputs: { logits, targets, mask },
    expected: { loss: Float64Array.of(loss), rowLoss, dlogits },
    // Gradients are 1/tokens: scaled with them, so that the tolerance still bites on long batches.
    tolerance: float32Tolerance / Math.max(1, Math.sqrt(rows)),
  };
}

export const cases: readonly Case[] = [
  build('one row of two tokens', 901, 1, 2),
  build('odd sizes', 902, 3, 7),
  build('65 rows, one more than a workgroup of 64, a third masked', 903, 65, 23, {
    trained: (r) => r % 3 !== 0,
  }),
  build('257 rows, prompts masked', 904, 257, 23, { trained: (r) => r % 16 > 5 }),
  build('a single trained row', 905, 9, 23, { trained: (r) => r === 4 }),
  build('a vocabulary of 257, one more than a workgroup', 906, 4, 257),
  build('spikes of 60: sure and mostly wrong', 907, 5, 23, {
    logits: (x) => {
      for (let r = 0; r < 5; r++) x[r * 23 + 4 * r] = 60;
    },
  }),
  build('all logits equal: loss ln V', 908, 5, 23, { logits: (x) => x.fill(3) }),
];
