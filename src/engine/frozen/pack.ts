import { LabError } from '../../lib/labError.ts';
import { purposes } from '../../lib/philox.ts';
import { noAdapter } from './adapters.ts';
import { cacheRowsOf, type FrozenCapacity } from './sizes.ts';

/** Rows (tokens) of a pass over whole texts. */
export interface PackedRows {
  readonly count: number;
  /** [count] */
  readonly token: Uint32Array<ArrayBuffer>;
  /** [count, 4]: see shaders/lib/place. */
  readonly places: Uint32Array<ArrayBuffer>;
  /** Slots of the rows' adapters, [count]. */
  readonly slots: Int32Array;
}

/** Whose token a row predicts. */
export interface RowOwner {
  readonly sequence: number;
  /** Of the row's own token; the next one is predicted. */
  readonly index: number;
}

/**
 * Prompts, and completions of them, in the cache: prompts without their last tokens first, each once for every adapter
 * that completes it, then a stretch a completion.
 */
export function packPrompts(
  prompts: readonly (readonly number[])[],
  requests: readonly {
    readonly prompt: number;
    readonly temperature: number;
    readonly completion: number;
    readonly stream: number;
    readonly purpose?: number;
    readonly adapter?: number;
  }[],
  capacity: FrozenCapacity,
): {
  readonly prefixes: PackedRows;
  /** Last token of each completion's prompt, [requests]. */
  readonly current: Uint32Array<ArrayBuffer>;
  readonly places: Uint32Array<ArrayBuffer>;
  /** Slots of the completions' adapters, [requests]. */
  readonly slots: Int32Array;
  /** [requests, 4]: temperature as bits, completion, stream, purpose. */
  readonly sampler: Uint32Array<ArrayBuffer>;
} {
  checkLengths(prompts, capacity.maxPromptLength);
  const slots = Int32Array.from(requests, ({ adapter = noAdapter }) => adapter);
  const starts = prompts.map(() => new Map<number, number>());
  requests.forEach(({ prompt }, row) => starts[prompt]?.set(slots[row] ?? noAdapter, 0));
  for (const of of starts) if (of.size === 0) of.set(noAdapter, 0);
  let used = 0;
  const texts = prompts.flatMap((prompt, i) =>
    [...(starts[i]?.keys() ?? [])].map((slot) => {
      starts[i]?.set(slot, used);
      used += prompt.length - 1;
      return { tokens: prompt.slice(0, -1), start: used - prompt.length + 1, slot };
    }),
  );
  checkTokens(used, capacity.promptTokens);
  const prefixes = fill(texts);
  const current = new Uint32Array(requests.length);
  const places = new Uint32Array(4 * requests.length);
  const sampler = new Uint32Array(4 * requests.length);
  const temperatures = new Float32Array(sampler.buffer);
  requests.forEach(({ prompt: p, temperature, completion, stream, purpose }, row) => {
    const prompt = prompts[p] ?? [];
    const own = capacity.promptTokens + row * capacity.maxCompletionLength;
    current[row] = prompt.at(-1) ?? 0;
    const start = starts[p]?.get(slots[row] ?? noAdapter) ?? 0;
    places.set([start, prompt.length - 1, own, own], 4 * row);
    sampler.set([0, completion, stream, purpose ?? purposes.pretrainedCompletion], 4 * row);
    temperatures[4 * row] = temperature;
  });
  return { prefixes, current, places, slots, sampler };
}

/** Texts to score, as many at a time as the cache holds. @param slot of the adapter that all go through */
export function packSequences(
  sequences: readonly (readonly number[])[],
  capacity: FrozenCapacity,
  slot = noAdapter,
): (PackedRows & { readonly target: Uint32Array<ArrayBuffer>; readonly owners: readonly RowOwner[] })[] {
  checkLengths(sequences, capacity.maxPromptLength + capacity.maxCompletionLength);
  const most = cacheRowsOf(capacity);
  const batches: number[][] = [];
  let room = 0;
  sequences.forEach(({ length }, sequence) => {
    const rows = length - 1;
    checkTokens(rows, most);
    if (rows > room) {
      batches.push([]);
      room = most;
    }
    batches.at(-1)?.push(sequence);
    room -= rows;
  });
  return batches.map((batch) => {
    let start = 0;
    const placed = batch.map((sequence) => {
      const tokens = sequences[sequence]?.slice(0, -1) ?? [];
      start += tokens.length;
      return { tokens, start: start - tokens.length, slot };
    });
    return {
      ...fill(placed),
      target: Uint32Array.from(batch.flatMap((sequence) => sequences[sequence]?.slice(1) ?? [])),
      owners: batch.flatMap((sequence, i) =>
        (placed[i]?.tokens ?? []).map((_, index) => ({ sequence, index })),
      ),
    };
  });
}

/** Texts whose own cache rows begin at the given ones. */
function fill(
  texts: readonly { readonly tokens: readonly number[]; readonly start: number; readonly slot: number }[],
): PackedRows {
  const count = texts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const token = new Uint32Array(count);
  const places = new Uint32Array(4 * count);
  const slots = new Int32Array(count);
  let row = 0;
  for (const { tokens, start, slot } of texts) {
    slots.fill(slot, row, row + tokens.length);
    tokens.forEach((id, index) => {
      token[row] = id;
      places.set([start, 0, start, start + index], 4 * row);
      row++;
    });
  }
  return { count, token, places, slots };
}

function checkLengths(texts: readonly (readonly number[])[], most: number): void {
  for (const { length } of texts) {
    if (length > 0 && length <= most) continue;
    throw new LabError(
      'does-not-fit',
      length === 0
        ? 'A text has no token.'
        : `A text has ${String(length)} tokens, but the engine was made for ${String(most)}.`,
      length === 0 ? 'Give it at least one.' : 'Make it shorter.',
    );
  }
}

function checkTokens(tokens: number, most: number): void {
  if (tokens <= most) return;
  throw new LabError(
    'does-not-fit',
    `Texts have ${String(tokens)} tokens together, but the engine was made for ${String(most)}.`,
    'Ask for fewer at a time.',
  );
}
