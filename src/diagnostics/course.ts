import { mean, quantile } from '../lib/stats.ts';

/** Rows in a row that are alike: since which step, and how many. */
export interface Stretch {
  readonly since: number;
  readonly rows: number;
}

/** Rows alike for each one that may differ within a stretch. */
const patience = 10;
/** Of a row that would be as it is by chance with probability 1/10: what it counts. */
const perDecade = 1.5;

/** Counts the rows in a row of which something is true. */
export class Streak {
  #since = NaN;
  #rows = 0;
  #differing = 0;
  #before = { rows: 0, alike: 0 };

  add(is: boolean, step: number): void {
    if (is && this.#rows === 0) this.#since = step;
    if (is) this.#rows++;
    else this.#differing++;
    if (this.#differing * patience > this.#rows) this.#end();
  }

  /** Nothing until now was alike. */
  forget(): void {
    const { rows } = this.#before;
    this.#before = { rows: rows + this.#rows + this.#differing, alike: 0 };
    [this.#rows, this.#differing] = [0, 0];
  }

  /** What comes is another stretch. */
  #end(): void {
    const { rows, alike } = this.#before;
    this.#before = { rows: rows + this.#rows + this.#differing, alike: alike + this.#rows };
    [this.#rows, this.#differing] = [0, 0];
  }

  /**
   * Where, and how many rows; fewer where rows before were often alike, too: of a batch of one group that gives no
   * gradient four times of five, ten such rows in a row say little.
   */
  get stretch(): Stretch {
    const { rows, alike } = this.#before;
    const usual = rows === 0 ? 0 : (alike + 1) / (rows + 2);
    return { since: this.#since, rows: this.#rows * Math.min(1, -perDecade * Math.log10(usual)) };
  }
}

/** Most values that a window holds. */
const widest = 20;

/** What one metric measured in the course of a run. Each method tells of all that was added so far. */
export class Course {
  readonly #first: number[] = [];
  /** Mean and median of the first values, by how many: they never change. */
  readonly #starts: number[] = [];
  readonly #typicalStarts: number[] = [];
  /** Median of the last values, by how many; of the newest row alone. */
  #typical: number[] = [];
  readonly #recent: number[] = [];
  #count = 0;
  #firstStep = NaN;
  #least = Infinity;
  #greatest = -Infinity;
  /** Mean square of the differences between neighbours, halved: the variance of one row around a slow course. */
  #squares = 0;
  #best = -Infinity;
  readonly #atFloor = new Streak();
  /** The highest of the values that count as the lowest. */
  #floorTop = -Infinity;
  #notFinite: Stretch = { since: NaN, rows: 0 };
  #lastRow = -1;
  #widestGap = 1;

  /** @param value of a row that measured it; not finite where the log says so @param row counted from 0 */
  add(value: number, step: number, row: number): void {
    this.#widestGap = Math.max(this.#widestGap, this.#lastRow < 0 ? 1 : row - this.#lastRow);
    this.#lastRow = row;
    const { since, rows } = this.#notFinite;
    if (!Number.isFinite(value)) {
      this.#notFinite = { since: rows === 0 ? step : since, rows: rows + 1 };
      return;
    }
    this.#notFinite = { since: NaN, rows: 0 };
    const before = this.#recent.at(-1);
    if (before !== undefined) this.#squares += (value - before) ** 2 / 2;
    if (this.#count === 0) this.#firstStep = step;
    this.#count++;
    if (this.#typical.length > 0) this.#typical = [];
    if (this.#first.length < widest) this.#first.push(value);
    this.#recent.push(value);
    if (this.#recent.length > widest) this.#recent.shift();
    this.#least = Math.min(this.#least, value);
    this.#greatest = Math.max(this.#greatest, value);
    const slack = floorShare * (this.#greatest - this.#least);
    // What was the lowest is so no more; nor has what still falls, however slowly, stood at it since it was higher.
    if (this.#floorTop > this.#least + slack) {
      this.#atFloor.forget();
      this.#floorTop = -Infinity;
    }
    const isAt = value <= this.#least + slack;
    this.#atFloor.add(isAt, step);
    if (isAt) this.#floorTop = Math.max(this.#floorTop, value);
    if (this.#count >= leastRows) this.#best = Math.max(this.#best, this.recent(leastRows));
  }

  /** Finite values so far. */
  get count(): number {
    return this.#count;
  }

  /** Of the first finite value. */
  get firstStep(): number {
    return this.#firstStep;
  }

  get newest(): number {
    return this.#recent.at(-1) ?? NaN;
  }

  get greatest(): number {
    return this.#greatest;
  }

  get least(): number {
    return this.#least;
  }

  /** The highest mean of ten rows. */
  get best(): number {
    return this.#best;
  }

  /** Values in a row that are the lowest there ever was, or next to it. */
  get atFloor(): Stretch {
    return this.#atFloor.stretch;
  }

  /** Values in a row that are not finite, up to the newest. */
  get notFinite(): Stretch {
    return this.#notFinite;
  }

  /** Whether it is logged no more: its rows are further back than they ever lay apart. */
  isStale(row: number): boolean {
    return row - this.#lastRow > 2 * this.#widestGap + 10;
  }

  /** Mean of the last values; of half of them at most, where they are compared with the first. */
  recent(values: number): number {
    return mean(this.#recent.slice(-Math.min(values, this.#half)));
  }

  start(values: number): number {
    const many = Math.min(values, this.#half);
    return (this.#starts[many] ??= mean(this.#first.slice(0, many)));
  }

  /** Medians, which a spike doesn't move. */
  typicalNow(values: number): number {
    const many = Math.min(values, this.#half);
    return (this.#typical[many] ??= quantile(this.#recent.slice(-many), 0.5));
  }

  typicalStart(values: number): number {
    const many = Math.min(values, this.#half);
    return (this.#typicalStarts[many] ??= quantile(this.#first.slice(0, many), 0.5));
  }

  /** Standard error of the difference between two means of so many rows. */
  errorOf(values: number): number {
    return Math.sqrt(
      (2 * this.#squares) / Math.max(1, this.#count - 1) / Math.max(1, Math.min(values, this.#half)),
    );
  }

  /** Whether the last third of it, twenty rows at most, lies above its start by more than chance; null: too short. */
  get rose(): boolean | null {
    if (this.#count < leastRows) return null;
    const values = Math.min(widest, Math.max(4, Math.floor(this.#count / 3)));
    return this.recent(values) - this.start(values) > 2 * this.errorOf(values);
  }

  get #half(): number {
    return Math.max(1, Math.floor(this.#count / 2));
  }
}

/** Share of all that was measured within which a value counts as the lowest. */
const floorShare = 0.01;
/** Rows before which a metric is compared with nothing. */
export const leastRows = 10;
