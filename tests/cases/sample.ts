import { keyOf, philox4x32, purposes } from '../../src/lib/philox.ts';
import { at } from '../reference/indexing.ts';
import { createRandom } from '../reference/random.ts';
import { greedy, sample } from '../reference/sample.ts';
import { float32Tolerance, type Case } from './case.ts';

/** Float32 sums of a few hundred probabilities are good to about 1e-5; a uniform nearer an edge is redrawn. */
const safeMargin = 1e-4;

/** Words of the random counter that a case's rows share, and the seed, which needs both words of a key. */
const drawn = { position: 3, step: 17, purpose: purposes.anchorRollout, seed: 2 ** 32 + 5 };

/** A row's uniform number is that of its rollout: the top 24 bits of the first word, which float32 holds. */
function uniformOf(rollout: number): number {
  const { position, step, purpose, seed } = drawn;
  return (philox4x32([position, rollout, step, purpose], keyOf(seed))[0] >>> 8) / 2 ** 24;
}

function build(
  name: string,
  seed: number,
  sizes: { readonly rows: number; readonly vocabulary: number; readonly temperature: number },
  change?: (logits: Float32Array) => void,
): Case {
  const random = createRandom(seed);
  const { rows, vocabulary, temperature } = sizes;
  const logits = Float32Array.from(random.normals(rows * vocabulary, 2));
  change?.(logits);
  const rollouts = new Uint32Array(rows);
  let next = 1000 * seed;
  for (let r = 0; r < rows; r++) {
    const row = logits.subarray(r * vocabulary, (r + 1) * vocabulary);
    do {
      rollouts[r] = next++;
    } while (at(sample(row, [uniformOf(next - 1)], vocabulary, temperature).margin, 0) < safeMargin);
  }
  const uniforms = Float32Array.from(rollouts, uniformOf);
  const { tokens, logProb, entropy, selfCertainty } = sample(logits, uniforms, vocabulary, temperature);
  return {
    name,
    sizes: { ...sizes, ...drawn },
    inputs: { logits, uniforms, rollouts },
    expected: {
      tokens: Float64Array.from(tokens),
      greedy: Float64Array.from(greedy(logits, rows, vocabulary)),
      logProb,
      entropy,
      selfCertainty,
    },
    tolerance: float32Tolerance,
  };
}

export const cases: readonly Case[] = [
  build('a vocabulary of one', 1201, { rows: 2, vocabulary: 1, temperature: 1 }),
  build('odd sizes', 1202, { rows: 3, vocabulary: 7, temperature: 1.1 }),
  build('the lab’s vocabulary, 65 rows, one more than a workgroup of 64', 1203, {
    rows: 65,
    vocabulary: 23,
    temperature: 1.1,
  }),
  build('257 rows, cold', 1204, { rows: 257, vocabulary: 23, temperature: 0.3 }),
  build('a vocabulary of 257, hot', 1205, { rows: 9, vocabulary: 257, temperature: 2 }),
  build('all logits equal: greedy takes the first', 1206, { rows: 33, vocabulary: 23, temperature: 1 }, (x) =>
    x.fill(0.25),
  ),
  build(
    'spikes of 90: one token whatever the draw, the last one included',
    1207,
    {
      rows: 23,
      vocabulary: 23,
      temperature: 1,
    },
    (x) => {
      for (let r = 0; r < 23; r++) x[r * 23 + r] = 90;
    },
  ),
  build('two equal best tokens', 1208, { rows: 2, vocabulary: 9, temperature: 0.5 }, (x) => {
    x[1] = x[7] = x[9] = x[17] = 12;
  }),
];
