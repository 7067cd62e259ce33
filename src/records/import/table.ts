import { excerpt, printable, quote } from '../../lib/quote.ts';
import { type Log, type LogColumn, type LogFormat, limits, refusal } from './log.ts';

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

/** A column while it is gathered: as in LogColumn, its values as far as rows name it. */
interface Gathered {
  readonly values: number[];
  readonly notFinite: number[];
  readonly nulls: number[];
}

/** Gathers the records of one run, in the order of the file, into columns. */
export class LogTable {
  readonly #columns = new Map<string, Gathered>();
  readonly #texts = new Map<string, string>();
  readonly #cells: Cells;
  #rows = 0;

  /** @param cells shared by the runs of a file */
  constructor(cells = new Cells()) {
    this.#cells = cells;
  }

  /** Records so far. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Adds a record.
   * @param where its place in the file, as a sentence begins with it
   * @param values by name: numbers, finite or not, or texts that say one; null where the file has the name and no
   * value; undefined for what it doesn't have. Other text, or anything else that is no number, leaves the column
   * out, with its place. A name that comes twice keeps the later value
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

  #set(name: string, given: unknown, where: string): void {
    if (given === undefined) return;
    const value = typeof given === 'string' ? numberIn(given) : given;
    if (value !== null && typeof value !== 'number') {
      if (this.#texts.has(name)) return;
      refuseMore(name, this.#texts.size + 1, where);
      this.#texts.set(name, `${where.toLowerCase()}: ${beginning(value)}`);
      return;
    }
    let column = this.#columns.get(name);
    if (column === undefined) {
      refuseMore(name, this.#columns.size + 1, where);
      this.#cells.add(this.#rows, where);
      column = { values: [], notFinite: [], nulls: [] };
      this.#columns.set(name, column);
    }
    const { values, notFinite, nulls } = column;
    const row = this.#rows - 1;
    while (values.length < row) values.push(NaN);
    if (notFinite.at(-1) === row) notFinite.pop();
    if (nulls.at(-1) === row) nulls.pop();
    if (value === null) nulls.push(row);
    else if (!Number.isFinite(value)) notFinite.push(row);
    values[row] = value !== null && Number.isFinite(value) ? value : NaN;
  }

  /** The run, once its last record is in. @param axis as in Log @throws LabError where nothing in it can be drawn */
  log(format: LogFormat, name: string, notes: readonly string[] = [], axis: string | null = null): Log {
    const columns: LogColumn[] = [];
    for (const [column, { values: given, notFinite, nulls }] of this.#columns) {
      if (this.#texts.has(column)) continue;
      const values = new Float64Array(this.#rows).fill(NaN);
      values.set(given);
      columns.push({ name: column, ...spanOf(values), values, notFinite, nulls });
    }
    if (columns.length === 0) {
      throw refusal(
        `The run ${quote(name)} has no column of numbers.`,
        'Export the history of a run: a row per step, a column per metric.',
      );
    }
    const leftOut = [...this.#texts].map(([column, where]) => `${excerpt(column)} (${where})`);
    return {
      format,
      name: printable(name).slice(0, limits.name),
      columns,
      rows: this.#rows,
      leftOut,
      axis,
      notes,
    };
  }
}

/** How many values are numbers, and between which they lie. */
export function spanOf(values: Float64Array): { count: number; least: number; greatest: number } {
  let [count, least, greatest] = [0, NaN, NaN];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    count++;
    // The first one is compared with NaN, which is neither below nor above.
    if (!(value >= least)) least = value;
    if (!(value <= greatest)) greatest = value;
  }
  return { count, least, greatest };
}

const numeral = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const noNumber = /^([-+]?)(nan|inf|infinity)$/i;
/** A notebook’s table has "No log" where a step logged nothing. */
const nothing = /^(null|none|na|n\/a|no log)$/i;

/**
 * What a text says that stands where a number is expected, as programs print it.
 * @returns the number, finite or not; null for "None" and the like; the text itself where it is something else
 */
export function numberIn(text: string): number | string | null {
  const trimmed = text.trim();
  // Number() also reads "0x1F" and the like, which no logger writes.
  if (numeral.test(trimmed)) return Number(trimmed);
  const word = noNumber.exec(trimmed);
  if (word !== null) {
    if (word[2]?.toLowerCase() === 'nan') return NaN;
    return word[1] === '-' ? -Infinity : Infinity;
  }
  return nothing.test(trimmed) ? null : text;
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
