import * as attention from '../reference/attention.ts';
import { createRandom } from '../reference/random.ts';
import { float32Tolerance, halves, type Case } from './case.ts';

/** A prompt and the lengths of the completions that share it. */
interface SharedPrompt {
  readonly prompt: number;
  readonly completions: readonly number[];
}

/** Lays prompts first, each followed by its completions: rows of the flat list. */
function lay(prompts: readonly SharedPrompt[]): { [key in keyof attention.AttentionRows]: Uint32Array } {
  const prefixStart: number[] = [];
  const prefixLength: number[] = [];
  const ownStart: number[] = [];
  const append = (count: number, start: number, length: number): void => {
    const own = ownStart.length;
    for (let i = 0; i < count; i++) {
      prefixStart.push(start);
      prefixLength.push(length);
      ownStart.push(own);
    }
  };
  for (const { prompt, completions } of prompts) {
    const start = ownStart.length;
    append(prompt, start, 0);
    for (const completion of completions) append(completion, start, prompt);
  }
  return {
    prefixStart: Uint32Array.from(prefixStart),
    prefixLength: Uint32Array.from(prefixLength),
    ownStart: Uint32Array.from(ownStart),
  };
}

interface Change {
  readonly q?: number;
  readonly equalKeys?: boolean;
}

function build(
  name: string,
  seed: number,
  shape: attention.AttentionShape,
  prompts: readonly SharedPrompt[],
  change: Change = {},
): Case {
  const random = createRandom(seed);
  const index = lay(prompts);
  const rows = index.ownStart.length;
  const { heads, keyValueHeads, headDim } = shape;
  const q = halves(random.normals(rows * heads * headDim, change.q ?? 1));
  const k = halves(random.normals(rows * keyValueHeads * headDim));
  const v = halves(random.normals(rows * keyValueHeads * headDim));
  if (change.equalKeys === true) k.fill(0.5);
  const dout = Float32Array.from(random.normals(rows * heads * headDim));
  return {
    name,
    sizes: { rows, ...shape },
    inputs: { q, k, v, ...index, dout },
    expected: {
      ...attention.forward(q, k, v, index, shape),
      ...attention.backward(dout, q, k, v, index, shape),
    },
    // A score of magnitude s carries s·6e-8 of rounding into its exponential.
    tolerance: float32Tolerance * Math.max(1, (change.q ?? 1) / 2),
  };
}

const lab = { heads: 4, keyValueHeads: 2, headDim: 16 };

export const cases: readonly Case[] = [
  build('one row sees itself alone: out is v', 501, lab, [{ prompt: 1, completions: [] }]),
  build('one sequence of 5', 502, lab, [{ prompt: 5, completions: [] }]),
  build('a prompt shared by completions of 1 to 5', 503, lab, [{ prompt: 6, completions: [1, 2, 3, 4, 5] }]),
  build('prompts of different lengths, one without completions', 504, lab, [
    { prompt: 3, completions: [4, 1] },
    { prompt: 7, completions: [] },
    { prompt: 1, completions: [2, 2, 9] },
  ]),
  build('a sequence of 65, one more than a workgroup of 64', 505, lab, [{ prompt: 65, completions: [] }]),
  build('257 rows: 3 prompts of 6 and 29 completions', 506, lab, [
    { prompt: 6, completions: [10, 9, 8, 7, 10, 9, 8, 7, 10, 9] },
    { prompt: 6, completions: [10, 9, 8, 7, 10, 9, 8, 7, 10, 9] },
    { prompt: 6, completions: [10, 9, 8, 7, 10, 9, 8, 2, 2] },
  ]),
  build('a head of 24, no power of two, one key head', 507, { heads: 3, keyValueHeads: 1, headDim: 24 }, [
    { prompt: 4, completions: [3, 2] },
  ]),
  build('as many key heads as query heads', 508, { heads: 2, keyValueHeads: 2, headDim: 8 }, [
    { prompt: 4, completions: [3, 3] },
  ]),
  build('a head of 64', 509, { heads: 2, keyValueHeads: 1, headDim: 64 }, [
    { prompt: 3, completions: [4, 2] },
  ]),
  build('spikes: scores of ±60, one key takes all', 510, lab, [{ prompt: 5, completions: [6, 7] }], {
    q: 30,
  }),
  build('equal keys: every attended row weighs the same', 511, lab, [{ prompt: 5, completions: [6, 3] }], {
    equalKeys: true,
  }),
];
