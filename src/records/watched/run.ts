import { type MetricId, metricIds, type MetricRow } from '../../spec/metrics.ts';
import { type MappedLog, withCompletions } from '../completions/attach.ts';
import type { CompletionRows } from '../completions/rows.ts';
import { guessed } from '../import/kind.ts';
import { type Log, type LogOutline, outlineOf } from '../import/log.ts';
import type { ColumnSource } from '../import/mapping.ts';
import { type NotFinite, packLog } from '../import/pack.ts';
import { readRows } from '../import/rows.ts';
import { type Lasting, sinceOf, verdictOfLab } from './verdict.ts';

/** All that is said of a run of another trainer, without its rows. */
export interface JudgedRun extends Lasting {
  readonly log: LogOutline;
  /** The first and the last step; null where no row names one. */
  readonly steps: readonly [number, number] | null;
  readonly known: readonly (readonly [MetricId, ColumnSource])[];
  /** Names of the columns that are no metric of the lab's. */
  readonly unknown: readonly string[];
  /** A column that was taken for the truth. */
  readonly truth: string | null;
  /** The newest row that completions tell of, and what they tell in it; null where none are known. */
  readonly votes: Partial<MetricRow> | null;
  readonly stepless: number;
  readonly twice: number;
  readonly countedOn: boolean;
  readonly notFinite: readonly NotFinite[];
}

/**
 * Judges a log with its columns taken for what their names say, as the page does.
 * @param completions what is known of the run's completions, as rows
 */
export function judgedRun(given: Log, completions?: CompletionRows): JudgedRun {
  const { guess: own, truth } = guessed(given);
  const read: MappedLog = { log: given, mapping: own };

  const { log, mapping: guess } = completions === undefined ? read : withCompletions(read, completions);
  const { judged, rows, count, stepless, twice, countedOn, notFinite } = packLog(log, guess);
  const known = metricIds.flatMap((id) => {
    const source = guess[id];
    return source === undefined ? [] : [[id, source] as const];
  });
  const taken = new Set(known.map(([, { column }]) => column));
  const [first, last] = [rows[0], rows[(count - 1) * metricIds.length]];
  return {
    log: outlineOf(log),
    steps: first === undefined || last === undefined ? null : [first, last],
    known,
    unknown: log.columns.flatMap(({ name }) => (taken.has(name) ? [] : [name])),
    truth,
    votes: completions?.rows.at(-1) ?? null,
    stepless,
    twice,
    countedOn,
    notFinite,
    ...(judged === null
      ? verdictOfLab(readRows(log, guess).rows)
      : { verdict: judged.verdict, since: sinceOf(judged.verdict) }),
  };
}
