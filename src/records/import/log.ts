import { LabError } from '../../lib/labError.ts';

/** Who wrote a log, and in which form: what the page calls each. */
export const formatNames = {
  trl: 'Trainer state (TRL)',
  verl: 'JSON lines of verl',
  lab: 'JSON lines of this lab',
  lines: 'JSON lines',
  console: 'Console',
  wandb: 'CSV of W&B',
  csv: 'CSV',
  table: 'Table',
  tensorboard: 'TensorBoard',
  mlflow: 'MLflow',
  trackio: 'Trackio',
  completions: 'Completions',
} as const;

export type LogFormat = keyof typeof formatNames;

/** What a column of a log is called and holds, without its values. */
export interface ColumnOutline {
  readonly name: string;
  /** Rows that hold a finite number; 0 where none ever does. */
  readonly count: number;
  /** Of the finite ones; NaN where there is none. */
  readonly least: number;
  readonly greatest: number;
}

/** One quantity of a log. */
export interface LogColumn extends ColumnOutline {
  /** [rows]; NaN where a row says nothing, or something that is not finite. */
  readonly values: Float64Array;
  /** Rows, ascending, for which the file gives a number that is not finite: NaN, Infinity, "nan" and the like. */
  readonly notFinite: readonly number[];
  /** Rows, ascending, for which the file has the column and says null or None. An absent key, or an empty cell, is none. */
  readonly nulls: readonly number[];
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
  /** The column that the file’s form itself makes the axis, whatever its name: a chart’s first one. Null: none. */
  readonly axis: string | null;
  /**
   * Of what run the file is a part: of one that it names, or of one that it doesn't (null), as files of a metric each.
   * Undefined where it is a run of its own, whatever its name.
   */
  readonly part?: { readonly of: string | null };
  /** Sentences about how the file was read: where it is cut off, that steps were counted. */
  readonly notes: readonly string[];
}

/** One run as its log tells it: a table of numbers, before anything is known of what they mean. */
export interface Log extends LogOutline {
  readonly columns: readonly LogColumn[];
}

/** @returns a log without its values */
export function outlineOf({ columns, ...rest }: Log): LogOutline {
  return {
    ...rest,
    columns: columns.map(({ name, count, least, greatest }) => ({ name, count, least, greatest })),
  };
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

/** What no form was found in: told where files are dropped, and where one is refused. */
export const whatIsRead =
  'Drop a console’s output, a trainer_state.json, JSON lines, a CSV export of W&B, or an event file of TensorBoard.';

/** A LabError that refuses a file: the rule broken and where, and what to do. */
export function refusal(rule: string, remedy: string, cause?: unknown): LabError {
  return new LabError('bad-file', rule, remedy, cause);
}
