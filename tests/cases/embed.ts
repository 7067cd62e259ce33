import * as embed from '../reference/embed.ts';
import { createRandom } from '../reference/random.ts';
import { float32Tolerance, type Case } from './case.ts';

function build(
  name: string,
  seed: number,
  rows: number,
  vocabulary: number,
  hidden: number,
  only?: number,
): Case {
  const random = createRandom(seed);
  const table = Float32Array.from(random.normals(vocabulary * hidden));
  const tokens = only === undefined ? random.integers(rows, vocabulary) : new Uint32Array(rows).fill(only);
  const dx = Float32Array.from(random.normals(rows * hidden));
  return {
    name,
    sizes: { rows, vocabulary, hidden },
    inputs: { table, tokens, dx },
    expected: {
      x: embed.forward(table, tokens, vocabulary, hidden),
      dtable: embed.backward(dx, tokens, vocabulary, hidden),
    },
    tolerance: float32Tolerance,
  };
}

export const cases: readonly Case[] = [
  build('one row, one token, the narrowest model', 101, 1, 1, 4),
  build('odd sizes', 102, 7, 5, 12),
  build('65 rows, one more than a workgroup of 64, at lab sizes', 103, 65, 23, 48),
  build('257 rows of one token: a long sum into one row, zeros in the others', 104, 257, 3, 20, 1),
  build('more tokens in the vocabulary than rows', 105, 3, 257, 68),
];
