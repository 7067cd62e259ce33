/**
 * Metric history of one run: a growing Float64Array per metric, NaN where a step did not measure it.
 * Nothing outside this file holds history.
 */
export class Columns<Id extends string> {
  readonly #ids: readonly Id[];
  readonly #index: ReadonlyMap<Id, number>;
  #columns: Float64Array<ArrayBuffer>[];
  #capacity: number;
  #length = 0;

  /** @param ids metric ids, in the order of the rows the worker sends */
  constructor(ids: readonly Id[], capacity = 512) {
    this.#ids = ids;
    this.#index = new Map(ids.map((id, position) => [id, position]));
    this.#capacity = capacity;
    this.#columns = ids.map(() => new Float64Array(capacity));
  }

  /** Steps held. */
  get length(): number {
    return this.#length;
  }

  /** Appends rows, [count × ids], row-major; they are copied, so the buffer may be reused. */
  append(rows: Float64Array, count: number): void {
    const width = this.#ids.length;
    if (rows.length < count * width) {
      throw new RangeError(
        `${count} rows of ${width} metrics need ${count * width} numbers, not ${rows.length}`,
      );
    }
    this.#reserve(this.#length + count);
    this.#columns.forEach((column, metric) => {
      for (let row = 0; row < count; row++) {
        column[this.#length + row] = rows[row * width + metric] ?? NaN;
      }
    });
    this.#length += count;
  }

  /** The history of one metric, [length]. A view: valid until the next append. */
  column(id: Id): Float64Array {
    const position = this.#index.get(id);
    const column = position === undefined ? undefined : this.#columns[position];
    if (column === undefined) throw new RangeError(`no metric is called ${id}`);
    return column.subarray(0, this.#length);
  }

  /** The newest measured value at or before `row` (the last row unless said), NaN when there is none. */
  latest(id: Id, row = this.#length - 1): number {
    const column = this.column(id);
    for (let at = Math.min(row, this.#length - 1); at >= 0; at--) {
      const value = column[at] ?? NaN;
      if (!Number.isNaN(value)) return value;
    }
    return NaN;
  }

  /** Everything measured in one row, by metric id; what was not measured is absent. */
  record(row: number): Partial<Record<Id, number>> {
    const record: Partial<Record<Id, number>> = {};
    for (const id of this.#ids) {
      const value = this.column(id)[row] ?? NaN;
      if (!Number.isNaN(value)) record[id] = value;
    }
    return record;
  }

  #reserve(length: number): void {
    if (length <= this.#capacity) return;
    while (this.#capacity < length) this.#capacity *= 2;
    this.#columns = this.#columns.map((old) => {
      const grown = new Float64Array(this.#capacity);
      grown.set(old.subarray(0, this.#length));
      return grown;
    });
  }
}

/** What a chart draws of several columns: points[i] belongs to steps[i]; NaN: no point. */
export interface Drawn {
  readonly steps: readonly number[];
  /** One array per column handed in, each as long as `steps`. */
  readonly points: readonly (readonly number[])[];
}

/**
 * Thins columns to at most `maxPoints` drawn points each, losing no minimum and no maximum: rows fall
 * into buckets of equal size, and each column gives a bucket's minimum and maximum in the order in which
 * they occurred. Sizes are powers of two, so that points already drawn stay put while a run grows.
 * Rows in which no column has a value are left out.
 * @param steps step of each row, [rows], ascending
 * @param columns values, each [rows]
 */
export function decimate(steps: Float64Array, columns: readonly Float64Array[], maxPoints: number): Drawn {
  let size = 1;
  if (steps.length > maxPoints) {
    size = 2;
    while (2 * Math.ceil(steps.length / size) > maxPoints) size *= 2;
  }
  const drawnSteps: number[] = [];
  const points: number[][] = columns.map(() => []);
  for (let start = 0; start < steps.length; start += size) {
    const end = Math.min(start + size, steps.length);
    const extremes = columns.map((column) => extremesInOrder(column, start, end));
    if (extremes.every(({ first }) => Number.isNaN(first))) continue;
    drawnSteps.push(steps[start] ?? NaN);
    extremes.forEach(({ first }, column) => points[column]?.push(first));
    if (end - start === 1) continue;
    drawnSteps.push(steps[end - 1] ?? NaN);
    extremes.forEach(({ second }, column) => points[column]?.push(second));
  }
  return { steps: drawnSteps, points };
}

/** Minimum and maximum of values[start, end), the earlier one first; NaN when nothing was measured. */
function extremesInOrder(
  values: Float64Array,
  start: number,
  end: number,
): { first: number; second: number } {
  let low = NaN;
  let high = NaN;
  let lowAt = start;
  let highAt = start;
  for (let at = start; at < end; at++) {
    const value = values[at] ?? NaN;
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(low) || value < low) {
      low = value;
      lowAt = at;
    }
    if (Number.isNaN(high) || value > high) {
      high = value;
      highAt = at;
    }
  }
  return lowAt <= highAt ? { first: low, second: high } : { first: high, second: low };
}

/** The row whose step is nearest to `step`, -1 without rows. @param steps ascending, [rows] */
export function rowOfStep(steps: Float64Array, step: number): number {
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  const before = steps[low - 1];
  const at = steps[low];
  if (at === undefined) return -1;
  return before !== undefined && step - before < at - step ? low - 1 : low;
}
