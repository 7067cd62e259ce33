import { type Log, type LogFormat } from './log.ts';
import type { Entries } from './pythonDict.ts';
import { isStepName, stepIn, stepOf } from './steps.ts';
import { LogTable, spanOf } from './table.ts';

/** Names under which loggers put all of a record’s metrics: they are no part of a metric’s name. */
const wrappers = new Set(['data', 'metrics', 'logs', 'log', 'values', 'scalars']);

/** The values of a record, those of objects in it under both names: "train/loss". */
export function flat(record: object, prefix = ''): [name: string, value: unknown][] {
  return Object.entries(record).flatMap(([key, value]: [string, unknown]): [string, unknown][] => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[prefix + key, value]];
    return flat(value, wrappers.has(key) ? prefix : `${prefix}${key}/`);
  });
}

/** The same, with the step as a number where it counts towards another: "10/438". */
export function entriesOf(record: object): Entries {
  return flat(record).map(([name, value]) => [name, isStepName(name) ? (stepOf(value) ?? value) : value]);
}

/** Records of whatever logger, a row each. What counts the steps may have a name of its own in each kind of record. */
export class FlatRows {
  readonly #table = new LogTable();
  readonly #steps: number[] = [];

  add(where: string, record: object): void {
    const entries = entriesOf(record);
    this.#table.addRow(where, entries);
    this.#steps.push(stepIn(entries) ?? NaN);
  }

  log(format: LogFormat, name: string, notes: readonly string[]): Log {
    const log = this.#table.log(format, name, notes);
    const stepped = this.#steps.filter((step) => !Number.isNaN(step)).length;
    if (stepped === 0) return counted(log, 'No step is given: the rows are counted.');
    const named = log.columns.some((column) => isStepName(column.name) && column.count === stepped);
    return named ? log : withSteps(log, Float64Array.from(this.#steps));
  }
}

/** A log without steps, whose rows are counted. @param note says so, and why */
export function counted(log: Log, note: string): Log {
  const steps = Float64Array.from({ length: log.rows }, (_, row) => row + 1);
  return withSteps({ ...log, notes: [...log.notes, note] }, steps);
}

function withSteps(log: Log, values: Float64Array): Log {
  const step = { name: 'step', ...spanOf(values), values, notFinite: [], nulls: [] };
  return { ...log, axis: 'step', columns: [step, ...log.columns.filter(({ name }) => name !== 'step')] };
}
