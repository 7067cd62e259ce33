import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowBlock } from '../../src/engine/plan.ts';
import { packRows, repeatRows, type MicroBatch, type TrainingGroup } from '../../src/engine/rows.ts';

const maxPrompt = 7;
const maxCompletion = 6;
/** Holds the longest prompt with one completion: what the updater makes sure of. */
const smallestCapacity = Math.ceil((maxPrompt - 1 + maxCompletion) / rowBlock) * rowBlock;

const tokens = (most: number) => fc.array(fc.integer({ min: 1, max: 22 }), { minLength: 1, maxLength: most });
const groups: fc.Arbitrary<TrainingGroup[]> = fc
  .array(
    fc.record({ prompt: tokens(maxPrompt), completions: fc.array(tokens(maxCompletion), { maxLength: 6 }) }),
    { maxLength: 6 },
  )
  .map((drawn) => {
    // Every completion has a weight and an advantage of its own, so that a mix-up shows.
    let number = 0;
    return drawn.map(({ prompt, completions }) => ({
      prompt,
      completions: completions.map((completion) => ({
        tokens: completion,
        advantage: ++number,
        weight: number / 1024,
      })),
    }));
  });
const capacity = fc.integer({ min: 0, max: 6 }).map((blocks) => smallestCapacity + blocks * rowBlock);

function metaOf({ rowMeta }: MicroBatch, row: number) {
  const [prefixStart = NaN, prefixLength = NaN, ownStart = NaN, queryEnd = NaN] = rowMeta.slice(
    4 * row,
    4 * row + 4,
  );
  return { prefixStart, prefixLength, ownStart, queryEnd };
}

/** Rows that a row attends to, in the order of their positions (shaders/lib/rows.wgsl). */
function keysOf(batch: MicroBatch, row: number): number[] {
  const { prefixStart, prefixLength, ownStart } = metaOf(batch, row);
  const range = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => from + i);
  return [...range(prefixStart, prefixStart + prefixLength), ...range(ownStart, row + 1)];
}

const rowsOf = ({ rows }: MicroBatch) => Array.from({ length: rows }, (_, row) => row);
const weightOf = ({ terms }: MicroBatch, row: number) => terms[2 * row + 1] ?? NaN;

/** What a batch predicts: context → next token, with advantage and weight. */
function predictions(batch: MicroBatch) {
  return rowsOf(batch)
    .filter((row) => weightOf(batch, row) !== 0)
    .map((row) => ({
      context: keysOf(batch, row).map((key) => batch.token[key] ?? NaN),
      next: batch.target[row] ?? NaN,
      advantage: batch.terms[2 * row] ?? NaN,
      weight: weightOf(batch, row),
    }));
}

it('every completion token is predicted once, from all before it, with its weight and in order', () => {
  fc.assert(
    fc.property(groups, capacity, (all, rows) => {
      const expected = all.flatMap(({ prompt, completions }) =>
        completions.flatMap((completion) =>
          completion.tokens.map((next, i) => ({
            context: [...prompt, ...completion.tokens.slice(0, i)],
            next,
            advantage: completion.advantage,
            weight: completion.weight,
          })),
        ),
      );
      expect(packRows(all, rows).flatMap(predictions)).toEqual(expected);
    }),
  );
});

it('a row’s position is the number of tokens before it', () => {
  fc.assert(
    fc.property(groups, capacity, (all, rows) => {
      for (const batch of packRows(all, rows)) {
        for (const row of rowsOf(batch)) {
          const { prefixLength, ownStart } = metaOf(batch, row);
          expect(prefixLength + row - ownStart).toBe(keysOf(batch, row).length - 1);
        }
      }
    }),
  );
});

it('the queries of a row are the rows from itself to its query end, and no others', () => {
  fc.assert(
    fc.property(groups, capacity, (all, rows) => {
      for (const batch of packRows(all, rows)) {
        const queries = new Map<number, number[]>();
        for (const row of rowsOf(batch)) {
          for (const key of keysOf(batch, row)) queries.set(key, [...(queries.get(key) ?? []), row]);
        }
        for (const key of rowsOf(batch)) {
          const { queryEnd } = metaOf(batch, key);
          expect(queries.get(key)).toEqual(Array.from({ length: queryEnd - key }, (_, i) => key + i));
        }
      }
    }),
  );
});

it('no micro-batch exceeds the capacity, and all are whole blocks', () => {
  fc.assert(
    fc.property(groups, capacity, (all, rows) => {
      for (const batch of packRows(all, rows)) {
        expect(batch.rows).toBeLessThanOrEqual(rows);
        expect(batch.rows % rowBlock).toBe(0);
        expect(batch.rows).toBeGreaterThan(0);
        expect([batch.token.length, batch.target.length]).toEqual([batch.rows, batch.rows]);
        expect([batch.rowMeta.length, batch.terms.length]).toEqual([4 * batch.rows, 2 * batch.rows]);
      }
    }),
  );
});

describe('by hand', () => {
  const completion = (ids: number[]) => ({ tokens: ids, advantage: 1, weight: 0.5 });

  it('a prompt of three with completions of two and one takes five rows', () => {
    const [batch] = packRows([{ prompt: [1, 2, 3], completions: [completion([4, 5]), completion([6])] }], 64);
    if (batch === undefined) throw new Error('nothing was packed');
    expect(batch.rows).toBe(8);
    expect([...batch.token.slice(0, 5)]).toEqual([1, 2, 3, 4, 3]);
    expect([...batch.target.slice(0, 5)]).toEqual([0, 0, 4, 5, 6]);
    expect([...batch.rowMeta.slice(0, 24)]).toEqual(
      [
        [0, 0, 0, 5],
        [0, 0, 0, 5],
        [0, 2, 2, 4],
        [0, 2, 2, 4],
        [0, 2, 4, 5],
        [5, 0, 5, 6],
      ].flat(),
    );
    expect([...batch.terms]).toEqual([0, 0, 0, 0, 1, 0.5, 1, 0.5, 1, 0.5, 0, 0, 0, 0, 0, 0]);
  });

  it('a group too large is continued, its prefix repeated', () => {
    const batches = packRows(
      [{ prompt: [1, 2, 3], completions: [1, 2, 3, 4].map((id) => completion([id, id])) }],
      8,
    );
    expect(batches.map(({ rows }) => rows)).toEqual([8, 8]);
    expect(batches.map((batch) => [...batch.token])).toEqual([
      [1, 2, 3, 1, 3, 2, 3, 3],
      [1, 2, 3, 4, 0, 0, 0, 0],
    ]);
  });

  it('nothing to train on is one block of padding', () => {
    for (const none of [[], [{ prompt: [1, 2], completions: [] }]]) {
      const [batch, ...others] = packRows(none, 64);
      expect(others).toEqual([]);
      expect(batch?.rows).toBe(rowBlock);
      expect([...(batch?.terms ?? [NaN])].every((term) => term === 0)).toBe(true);
    }
  });
});

it('copies for further models are shifted whole', () => {
  fc.assert(
    fc.property(groups, capacity, fc.integer({ min: 1, max: 3 }), (all, most, models) => {
      for (const batch of packRows(all, most)) {
        const { rows, rowMeta } = batch;
        const repeated = { ...batch, rowMeta: repeatRows(rowMeta, rows, models) };
        expect(repeated.rowMeta).toHaveLength(4 * rows * models);
        for (const row of rowsOf(batch)) {
          for (let model = 0; model < models; model++) {
            const shift = model * rows;
            expect(keysOf(repeated, row + shift)).toEqual(keysOf(batch, row).map((key) => key + shift));
            expect(metaOf(repeated, row + shift).queryEnd).toBe(metaOf(batch, row).queryEnd + shift);
          }
        }
      }
    }),
  );
});
