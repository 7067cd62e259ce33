import { mustBeFinite } from '../../diagnostics/readings.ts';
import { type MetricId, metricIds, type MetricRow } from '../../spec/metrics.ts';
import type { Log, LogColumn } from './log.ts';
import type { Mapping } from './mapping.ts';

type Row = Partial<MetricRow>;

/** A log in the lab's terms. */
export interface Rows {
  /**
   * Steps ascending, each once; what a step did not measure is absent, what is not a finite number is Infinity. Of a
   * run that was resumed the later rows count.
   */
  readonly rows: readonly Row[];
  /** Rows of the log that name no step, or one that is not a whole number from 0 on: they are left out. */
  readonly stepless: number;
  /** Steps that were made twice or more, as a run was resumed from before them. */
  readonly twice: number;
  /** Whether steps began anew with each epoch, and were counted on. */
  readonly countedOn: boolean;
  /** What was made of steps before the run was resumed from a step before them, ascending; none of it counts. */
  readonly abandoned: readonly Row[];
}

/** What is said where `countedOn` is true. */
export const stepsCountedOn = 'Steps begin anew with each epoch: they are counted on.';

/** The rows of a log as mapped: those of one step merged, the later ones in the file first to be believed. */
export function readRows(log: Log, mapping: Mapping): Rows {
  const read = readerOf(log, mapping);
  const { steps, countedOn } = stepsOf(log, mapping);
  const attempts = new Attempts();
  let stepless = 0;
  for (let row = 0; row < log.rows; row++) {
    const record = read(row);
    const step = steps[row] ?? NaN;
    if (Number.isSafeInteger(step) && step >= 0) attempts.add(step, record);
    else stepless++;
  }
  return { ...attempts.rows(), stepless, countedOn };
}

/**
 * The step of each row. One that begins anew while the epoch goes on is not of a run that was resumed: it is counted on
 * from the epoch before.
 */
function stepsOf({ columns }: Log, mapping: Mapping): { steps: Float64Array; countedOn: boolean } {
  const steps = columns.find(({ name }) => name === mapping.step?.column)?.values ?? new Float64Array();
  const epochs = columns.find(({ name }) => /^(train\/)?epoch$/i.test(name))?.values;
  if (epochs === undefined) return { steps, countedOn: false };
  let [first, last, epoch, offset] = [NaN, NaN, NaN, 0];
  const on = steps.map((step, row) => {
    if (Number.isNaN(step)) return NaN;
    const now = epochs[row] ?? NaN;
    if (Number.isNaN(first)) first = step;
    if (step < last && step <= first && now > epoch) offset += last + (step === 0 ? 1 : 0);
    last = step;
    if (!Number.isNaN(now)) epoch = now;
    return step + offset;
  });
  return { steps: on, countedOn: offset > 0 };
}

type Values = Partial<Record<MetricId, number>>;

/** Reads row after row of a log, in order. */
function readerOf({ columns, format }: Log, mapping: Mapping): (row: number) => Values {
  const columnOf = new Map(columns.map((column) => [column.name, column]));
  const sources = metricIds.flatMap((id) => {
    const source = mapping[id];
    const column = source === undefined ? undefined : columnOf.get(source.column);
    return source === undefined || column === undefined || id === 'step'
      ? []
      : [new Source(id, column, source.percent ? 0.01 : 1)];
  });
  // The lab's records say null where nothing was measured.
  const guarded = format === 'lab' ? [] : sources.filter(({ id }) => guardedIds.has(id));
  return (row) => {
    const values: Values = {};
    for (const source of sources) {
      const value = source.read(row);
      if (!Number.isNaN(value)) values[source.id] = value;
    }
    for (const source of guarded) {
      const others = guarded.some(({ id }) => id !== source.id && values[id] !== undefined);
      if (others && source.hides(row, values[source.id] !== undefined)) values[source.id] = Infinity;
    }
    return values;
  };
}

const guardedIds: ReadonlySet<MetricId> = new Set(mustBeFinite);

/** Rows that a column must have measured before its null is a number that isn't finite. */
const leastSeen = 3;
/** Share of the rows of training in which it may have been missing. */
const mostMissing = 0.05;

/** A column that is a metric, read from its first row to its last. */
class Source {
  readonly id: MetricId;
  readonly #column: LogColumn;
  readonly #scale: number;
  readonly #notFinite: ReadonlySet<number>;
  readonly #nulls: ReadonlySet<number>;
  #seen = 0;
  #missing = 0;

  constructor(id: MetricId, column: LogColumn, scale: number) {
    this.id = id;
    this.#column = column;
    this.#scale = scale;
    // Held-out accuracy is measured now and then, and a gap in it is none.
    this.#notFinite = new Set(id.startsWith('eval/') ? [] : column.notFinite);
    this.#nulls = new Set(column.nulls);
  }

  read(row: number): number {
    if (this.#notFinite.has(row)) return Infinity;
    return (this.#column.values[row] ?? NaN) * this.#scale;
  }

  /**
   * Whether a null of a row of training stands for a number that is not finite: trainers drop NaN before they average,
   * and write null where nothing is left. It does in a column that was there in every such row.
   */
  hides(row: number, measured: boolean): boolean {
    if (measured) {
      this.#seen++;
      return false;
    }
    const always = this.#seen >= leastSeen && this.#missing <= mostMissing * (this.#seen + this.#missing);
    if (always && this.#nulls.has(row)) return true;
    this.#missing++;
    return false;
  }
}

/** Goings back, for each ten rows, from which on a file has no order, and is no run that was resumed. */
const mostResumed = 0.1;

/** Gathers rows by step. A row that measures once more what a later step came after begins another attempt. */
class Attempts {
  #rows = 0;
  #resumed = 0;
  #top = -1;
  #now = new Map<number, Values>();
  /** What the attempt under way replaces, and whether it does: a file exported twice says the same twice. */
  #before = new Map<number, Values>();
  #differs = false;
  readonly #twice = new Set<number>();
  #abandoned = new Map<number, Values>();

  add(step: number, values: Values): void {
    this.#rows++;
    const ids = Object.keys(values) as MetricId[];
    const there = this.#now.get(step);
    if (step < this.#top && there !== undefined && ids.some((id) => there[id] !== undefined))
      this.#resume(step);
    const record = this.#now.get(step) ?? {};
    Object.assign(record, values);
    this.#now.set(step, record);
    this.#top = Math.max(this.#top, step);
    const replaced = this.#before.get(step);
    if (replaced === undefined) return;
    const again = ids.filter((id) => replaced[id] !== undefined);
    if (again.length > 0) this.#twice.add(step);
    this.#differs ||= again.some((id) => replaced[id] !== values[id]);
  }

  #resume(step: number): void {
    this.#settle();
    this.#resumed++;
    for (const [at, values] of this.#now) {
      if (at < step) continue;
      this.#before.set(at, values);
      this.#now.delete(at);
    }
    this.#top = step;
  }

  /** What an attempt left of those before it. */
  #settle(): void {
    for (const [step, values] of this.#before) {
      if (this.#differs) this.#abandoned.set(step, { ...this.#abandoned.get(step), ...values });
      else this.#now.set(step, { ...values, ...this.#now.get(step) });
    }
    this.#before = new Map();
    this.#differs = false;
  }

  rows(): Omit<Rows, 'stepless' | 'countedOn'> {
    this.#settle();
    if (this.#resumed > mostResumed * this.#rows) {
      for (const [step, values] of this.#abandoned)
        this.#now.set(step, { ...values, ...this.#now.get(step) });
      return { rows: ascending(this.#now), twice: 0, abandoned: [] };
    }
    return { rows: ascending(this.#now), twice: this.#twice.size, abandoned: ascending(this.#abandoned) };
  }
}

function ascending(rows: ReadonlyMap<number, Values>): readonly Row[] {
  return [...rows].sort(([a], [b]) => a - b).map(([step, values]) => ({ step, ...values }));
}
