import { Ewma } from '../lib/stats.ts';

let made = 0;

/** A column smoothed as far as it was asked for; only the newest weight asked for is kept. */
interface Smoothed {
  readonly over: number;
  readonly mean: Ewma;
  values: Float64Array<ArrayBuffer>;
  length: number;
  /** The step of the last value taken in; NaN before the first. */
  lastStep: number;
}

/**
 * Metric history of one run: a growing Float64Array per metric, NaN where a step did not measure it. Appending takes
 * the same time however long the run is: capacities double.
 * Nothing outside this file holds history.
 */
export class Columns<Id extends string> {
  readonly #ids: readonly Id[];
  readonly #index: ReadonlyMap<Id, number>;
  #columns: Float64Array<ArrayBuffer>[];
  #capacity: number;
  #length = 0;
  /** Newest measured value per column: looking it up must not cost more the longer a run is. */
  readonly #newest: Float64Array;
  readonly #smoothed = new Map<Id, Smoothed>();

  /** Tells one history from another of the same metrics. */
  readonly serial = ++made;

  /** @param ids metric ids, in the order of the rows the worker sends */
  constructor(ids: readonly Id[], capacity = 512) {
    this.#ids = ids;
    this.#index = new Map(ids.map((id, position) => [id, position]));
    this.#capacity = capacity;
    this.#columns = ids.map(() => new Float64Array(capacity));
    this.#newest = new Float64Array(ids.length).fill(NaN);
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
        const value = rows[row * width + metric] ?? NaN;
        column[this.#length + row] = value;
        if (!Number.isNaN(value)) this.#newest[metric] = value;
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

  /**
   * The history of one metric, smoothed, [length]; NaN where nothing was measured. Costs what was appended since it was
   * last asked for over as many steps. A view: valid until the next append. Needs a column `step`, ascending.
   * @param over steps in which the weight of a value falls to 1/e; a metric measured now and then is smoothed no more
   *   than one of every step
   */
  smoothed(this: Columns<Id | 'step'>, id: Id, over: number): Float64Array {
    const column = this.column(id);
    const steps = this.column('step');
    let known = this.#smoothed.get(id);
    if (known?.over !== over) {
      const mean = new Ewma(Math.exp(-1 / over));
      known = { over, mean, values: new Float64Array(this.#capacity), length: 0, lastStep: NaN };
      this.#smoothed.set(id, known);
    }
    if (known.values.length < column.length) {
      const grown = new Float64Array(this.#capacity);
      grown.set(known.values);
      known.values = grown;
    }
    for (; known.length < column.length; known.length++) {
      const [value, step] = [column[known.length] ?? NaN, steps[known.length] ?? NaN];
      known.values[known.length] = known.mean.add(value, step - known.lastStep || 1);
      if (Number.isFinite(value)) known.lastStep = step;
    }
    return known.values.subarray(0, known.length);
  }

  /** The newest measured value at or before `row` (the last row unless said), NaN when there is none. */
  latest(id: Id, row = Infinity): number {
    const column = this.column(id);
    if (row >= this.#length - 1) return this.#newest[this.#index.get(id) ?? -1] ?? NaN;
    for (let at = row; at >= 0; at--) {
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

  /** The rows up to a step, as `append` takes them. Needs a column `step`, ascending. */
  until(this: Columns<Id | 'step'>, step: number): { rows: Float64Array; count: number } {
    const after = this.column('step').findIndex((at) => at > step);
    const count = after < 0 ? this.#length : after;
    const width = this.#ids.length;
    const rows = new Float64Array(count * width);
    this.#columns.forEach((column, metric) => {
      for (let row = 0; row < count; row++) rows[row * width + metric] = column[row] ?? NaN;
    });
    return { rows, count };
  }

  /** Columns of the same metrics without rows. */
  empty(): Columns<Id> {
    return new Columns(this.#ids);
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

/** A thinned history: `values[i]` was measured at `steps[i]`. A NaN lies where a whole bucket measured nothing. */
export interface Thinned {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** Points kept of a bucket at most: its first, lowest, highest and last. */
const bucketPoints = 4;

/**
 * The size of buckets, in steps, with which a history up to `lastStep` keeps to `maxPoints` points. A power of
 * two, so that points already drawn stay put while a run grows.
 */
export function bucketSize(lastStep: number, maxPoints: number): number {
  let size = 1;
  while (Math.min(size, bucketPoints) * Math.ceil((lastStep + 1) / size) > maxPoints) size *= 2;
  return size;
}

/**
 * Thins a history to at most four points per bucket of `size` steps, so that drawn at a bucket in some pixels it looks
 * as if nothing were missing: the first, the lowest, the highest and the last value measured in each bucket, at their
 * own steps and in their order. Between buckets with values, those without leave one NaN: a gap.
 * @param steps step of each row, [rows], ascending
 * @param values [rows]; NaN: not measured
 */
export function decimate(steps: Float64Array, values: Float64Array, size: number): Thinned {
  const thinned = { steps: new Array<number>(), values: new Array<number>() };
  const keep = (step: number, value: number): void => {
    thinned.steps.push(step);
    thinned.values.push(value);
  };
  // The bucket under way ends before the step `end`; its rows and their extremes.
  let [end, first, low, high, last] = [-Infinity, -1, -1, -1, -1];
  let [lowest, highest] = [NaN, NaN];
  const close = (): void => {
    let kept = -1;
    for (const row of [first, Math.min(low, high), Math.max(low, high), last]) {
      if (row !== kept) keep(steps[row] ?? NaN, values[row] ?? NaN);
      kept = row;
    }
  };
  for (let row = 0; row < steps.length; row++) {
    const value = values[row] ?? NaN;
    if (Number.isNaN(value)) continue;
    const step = steps[row] ?? NaN;
    if (step < end) {
      if (value < lowest) [low, lowest] = [row, value];
      if (value > highest) [high, highest] = [row, value];
      last = row;
      continue;
    }
    if (first >= 0) close();
    if (first >= 0 && step >= end + size) keep(end, NaN);
    end = (Math.floor(step / size) + 1) * size;
    first = low = high = last = row;
    lowest = highest = value;
  }
  if (first >= 0) close();
  return thinned;
}

/** The first row at or after a step, [rows] when there is none. @param steps ascending, [rows] */
export function firstRowAt(steps: Float64Array, step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The row whose step is nearest to `step`, -1 without rows. @param steps ascending, [rows] */
export function rowOfStep(steps: Float64Array, step: number): number {
  const row = Math.min(firstRowAt(steps, step), steps.length - 1);
  const before = steps[row - 1];
  const at = steps[row];
  return before !== undefined && at !== undefined && step - before < at - step ? row - 1 : row;
}
