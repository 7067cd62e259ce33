import { padRows } from './plan.ts';

/** A completion to learn from. */
export interface TrainingCompletion {
  /** Token ids, end token included, [L]. */
  readonly tokens: readonly number[];
  /** Advantage A of every token. */
  readonly advantage: number;
  /** Weight of every token in the loss. */
  readonly weight: number;
}

/** Completions of one prompt; the prompt's keys and values are computed once for all of them. */
export interface TrainingGroup {
  readonly prompt: readonly number[];
  readonly completions: readonly TrainingCompletion[];
}

/**
 * Rows (tokens in flight) of one micro-batch. Per group: the prompt without its last token, then per
 * completion the prompt's last token and the completion without its last. So every completion row predicts one
 * token, nothing is padded inside, and all queries of a key are contiguous (see shaders/lib/rows.wgsl).
 */
export interface MicroBatch {
  /** Rows, padded to a multiple of 8 with rows of weight 0 that attend to themselves. */
  readonly rows: number;
  readonly token: Uint32Array<ArrayBuffer>;
  /** [rows, 4]: prefix start, prefix length, own start, query end. */
  readonly rowMeta: Uint32Array<ArrayBuffer>;
  readonly target: Uint32Array<ArrayBuffer>;
  /** [rows, 2]: advantage, weight. */
  readonly terms: Float32Array<ArrayBuffer>;
}

/** Rows that a group takes. */
function rowsOf(prompt: readonly number[], completions: readonly TrainingCompletion[]): number {
  return prompt.length - 1 + completions.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

/**
 * Cuts groups into micro-batches of at most `capacity` rows. A group too large for the rest of a micro-batch is
 * continued in the next, its prefix repeated.
 */
export function packRows(groups: readonly TrainingGroup[], capacity: number): MicroBatch[] {
  const batches: TrainingGroup[][] = [[]];
  let used = 0;
  for (const { prompt, completions } of groups) {
    let open: TrainingCompletion[] = [];
    const close = (): void => {
      if (open.length > 0) batches.at(-1)?.push({ prompt, completions: open });
      open = [];
    };
    for (const completion of completions) {
      const needed = completion.tokens.length + (open.length === 0 ? prompt.length - 1 : 0);
      if (used + needed > capacity && used > 0) {
        close();
        batches.push([]);
        used = 0;
      }
      used += completion.tokens.length + (open.length === 0 ? prompt.length - 1 : 0);
      open.push(completion);
    }
    close();
  }
  return batches.map(fill);
}

function fill(groups: readonly TrainingGroup[]): MicroBatch {
  const used = groups.reduce((sum, { prompt, completions }) => sum + rowsOf(prompt, completions), 0);
  const rows = Math.max(padRows(1), padRows(used));
  const token = new Uint32Array(rows);
  const rowMeta = new Uint32Array(4 * rows);
  const target = new Uint32Array(rows);
  const terms = new Float32Array(2 * rows);
  let row = 0;
  // Numbers, not an array for each of tens of thousands of rows.
  const add = (id: number, prefix: number, prefixLength: number, own: number, end: number): void => {
    token[row] = id;
    rowMeta[4 * row] = prefix;
    rowMeta[4 * row + 1] = prefixLength;
    rowMeta[4 * row + 2] = own;
    rowMeta[4 * row + 3] = end;
    row++;
  };
  for (const { prompt, completions } of groups) {
    const prefix = row;
    const end = prefix + rowsOf(prompt, completions);
    const prefixLength = prompt.length - 1;
    for (const id of prompt.slice(0, -1)) add(id, prefix, 0, prefix, end);
    for (const { tokens, advantage, weight } of completions) {
      const own = row;
      tokens.forEach((next, index) => {
        target[row] = next;
        terms[2 * row] = advantage;
        terms[2 * row + 1] = weight;
        const before = (index === 0 ? prompt.at(-1) : tokens[index - 1]) ?? 0;
        add(before, prefix, prefixLength, own, own + tokens.length);
      });
    }
  }
  while (row < rows) add(0, row, 0, row, row + 1);
  return { rows, token, rowMeta, target, terms };
}

/** Row metadata for `models` copies of the same rows, one behind the other. */
export function repeatRows(rowMeta: Uint32Array, rows: number, models: number): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(rowMeta.length * models);
  for (let model = 0; model < models; model++) {
    const shift = model * rows;
    for (let row = 0; row < rows; row++) {
      const [from, to] = [4 * row, 4 * (row + shift)];
      all[to] = (rowMeta[from] ?? 0) + shift;
      all[to + 1] = rowMeta[from + 1] ?? 0;
      all[to + 2] = (rowMeta[from + 2] ?? 0) + shift;
      all[to + 3] = (rowMeta[from + 3] ?? 0) + shift;
    }
  }
  return all;
}
