import { LabError } from '../../lib/labError.ts';
import { excerpt, printable, quote } from '../../lib/quote.ts';

/** Who wrote a log: the Hugging Face Trainer, verl's file logger, W&B's CSV export, this lab. */
export type LogFormat = 'trl' | 'verl' | 'wandb' | 'lab';

/** What a column of a log is called and holds, without its values. */
export interface ColumnOutline {
  readonly name: string;
  /** Rows that say something, one at least. */
  readonly count: number;
  readonly least: number;
  readonly greatest: number;
}

/** One quantity of a log. */
export interface LogColumn extends ColumnOutline {
  /** [rows]; NaN where a row says nothing, or something that is not finite. */
  readonly values: Float64Array;
}

/** What can be said of a log in a few words: all of it but the values. */
export interface LogOutline {
  readonly format: LogFormat;
  /** What the file calls the run, else the file's own name without its ending. */
  readonly name: string;
  readonly columns: readonly ColumnOutline[];
  readonly rows: number;
  /** Columns that hold more than numbers, each with the first value that is none: 'completions (line 4: "So the")'. */
  readonly leftOut: readonly string[];
  /** A sentence where the file ends early: what is read ends before that. */
  readonly truncated?: string;
}

/** One run as its log tells it: a table of numbers, before anything is known of what they mean. */
export interface Log extends LogOutline {
  readonly columns: readonly LogColumn[];
}

/** @returns a log without its values */
export function outlineOf({ columns, ...rest }: Log): LogOutline {
  return { ...rest, columns: columns.map(({ values: _, ...outline }) => outline) };
}

/**
 * What a log may hold. Runs of language models log some thousand rows of some hundred columns; a page that keeps
 * four of them in memory, every metric of every row, stays well below half a gigabyte at these.
 */
export const limits = {
  bytes: 50e6,
  rows: 50_000,
  columns: 500,
  cells: 10_000_000,
  runs: 50,
  name: 200,
} as const;

/** A LabError that refuses a file: the rule broken and where, and what to do. */
export function refusal(rule: string, remedy: string, cause?: unknown): LabError {
  return new LabError('bad-file', rule, remedy, cause);
}

/** Counts the cells that the runs of a file take together: rows × columns, whether the file says something or not. */
export class Cells {
  #count = 0;

  /** @throws LabError where there are more than are read */
  add(count: number, where: string): void {
    this.#count += count;
    if (this.#count <= limits.cells) return;
    throw refusal(
      `${where}: rows and columns make more than ${limits.cells / 1e6} million cells, which is what the page reads.`,
      'Export only the metrics that you want to watch, or keep every tenth row.',
    );
  }
}

/** Gathers the records of one run, in the order of the file, into columns. */
export class LogTable {
  readonly #columns = new Map<string, number[]>();
  readonly #texts = new Map<string, string>();
  readonly #cells: Cells;
  #rows = 0;

  /** @param cells shared by the runs of a file */
  constructor(cells = new Cells()) {
    this.#cells = cells;
  }

  /**
   * Adds a record.
   * @param where its place in the file, as a sentence begins with it
   * @param values by name: numbers; null for "not measured". Text, or anything else that is no number, leaves the
   * column out, with its place. A name that comes twice keeps the later value
   * @throws LabError where there are too many rows, columns or cells, or a name is too long
   */
  addRow(where: string, values: Iterable<readonly [name: string, value: unknown]>): void {
    this.#rows++;
    if (this.#rows > limits.rows) {
      throw refusal(
        `${where} is row ${this.#rows} of a run; the page reads ${limits.rows}.`,
        'Log less often, or keep every tenth row.',
      );
    }
    this.#cells.add(this.#columns.size, where);
    for (const [name, value] of values) this.#set(name, value, where);
  }

  #set(name: string, value: unknown, where: string): void {
    if (value === null || value === undefined) return;
    if (typeof value !== 'number') {
      if (this.#texts.has(name)) return;
      refuseMore(name, this.#texts.size + 1, where);
      this.#texts.set(name, `${where.toLowerCase()}: ${beginning(value)}`);
      return;
    }
    let column = this.#columns.get(name);
    if (column === undefined) {
      refuseMore(name, this.#columns.size + 1, where);
      this.#cells.add(this.#rows, where);
      column = [];
      this.#columns.set(name, column);
    }
    while (column.length < this.#rows - 1) column.push(NaN);
    column[this.#rows - 1] = Number.isFinite(value) ? value : NaN;
  }

  /** The run, once its last record is in. @throws LabError where nothing in it can be drawn */
  log(format: LogFormat, name: string): Log {
    const columns: LogColumn[] = [];
    for (const [column, given] of this.#columns) {
      if (this.#texts.has(column)) continue;
      const values = new Float64Array(this.#rows).fill(NaN);
      values.set(given);
      let [count, least, greatest] = [0, Infinity, -Infinity];
      for (const value of values) {
        if (Number.isNaN(value)) continue;
        count++;
        if (value < least) least = value;
        if (value > greatest) greatest = value;
      }
      if (count > 0) columns.push({ name: column, count, least, greatest, values });
    }
    if (columns.length === 0) {
      throw refusal(
        `The run ${quote(name)} has no column of numbers.`,
        'Export the history of a run: a row per step, a column per metric.',
      );
    }
    const leftOut = [...this.#texts].map(([column, where]) => `${excerpt(column)} (${where})`);
    return { format, name: printable(name).slice(0, limits.name), columns, rows: this.#rows, leftOut };
  }
}

function refuseMore(name: string, count: number, where: string): void {
  if (name.length > limits.name) {
    throw refusal(
      `${where}: a column’s name has ${name.length} characters; at most ${limits.name} are read.`,
      'Check that this is the log of a training run.',
    );
  }
  if (count > limits.columns) {
    throw refusal(
      `${where}: ${quote(name)} is column ${count} of a run; the page reads ${limits.columns}.`,
      'Export only the metrics that you want to watch.',
    );
  }
}

/** The start of a value, as the file writes it. */
function beginning(value: unknown): string {
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, 24) : value);
  return excerpt(text, 23);
}

/**
 * Two exports of the same run as one: the rows of the second below those of the first. Rows of one step are merged
 * when they are read (`readRows`).
 * @throws LabError where the two together are too long
 */
export function joinLogs(first: Log, second: Log): Log {
  const table = new LogTable();
  for (const log of [first, second]) {
    for (let row = 0; row < log.rows; row++) {
      table.addRow(
        `Row ${row + 1} of ${quote(log.name)}`,
        log.columns.map(({ name, values }) => {
          const value = values[row] ?? NaN;
          return [name, Number.isNaN(value) ? null : value];
        }),
      );
    }
  }
  const joined = table.log(first.format, first.name);
  return { ...joined, leftOut: [...new Set([...first.leftOut, ...second.leftOut])] };
}
