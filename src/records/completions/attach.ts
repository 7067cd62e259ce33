import { type MetricId, metricIds, type MetricRow } from '../../spec/metrics.ts';
import { joinLogs } from '../import/join.ts';
import type { Log } from '../import/log.ts';
import type { Mapping } from '../import/mapping.ts';
import { LogTable } from '../import/table.ts';
import type { CompletionRows } from './rows.ts';

/** A log and what its columns are taken for. */
export interface MappedLog {
  readonly log: Log;
  readonly mapping: Mapping;
}

/** A run of which nothing but its completions is known. @throws LabError where nothing in them can be measured */
export function logOfCompletions(name: string, { rows, notes }: CompletionRows): MappedLog {
  const log = tableOf(name, rows, notes, 'step', metricIds);
  return { log, mapping: byName(log) };
}

/**
 * A log with what its run's completions tell besides: what the log itself has a column for stays as it logs it.
 * @returns the log alone where it has no step, or knows all of it
 */
export function withCompletions({ log, mapping }: MappedLog, { rows, notes }: CompletionRows): MappedLog {
  const step = mapping.step?.column;
  const missing = metricIds.filter((id) => mapping[id] === undefined);
  if (step === undefined || !rows.some((row) => missing.some((id) => row[id] !== undefined)))
    return { log, mapping };
  const told = tableOf(log.name, rows, notes, step, missing);
  const joined = joinLogs(log, told);
  return {
    log: { ...joined, format: log.format, name: log.name, axis: log.axis },
    mapping: { ...byName(told), ...mapping },
  };
}

function byName(log: Log): Mapping {
  const ids: ReadonlySet<string> = new Set(metricIds);
  return Object.fromEntries(
    log.columns.flatMap(({ name }) => (ids.has(name) ? [[name, { column: name, percent: false }]] : [])),
  );
}

function tableOf(
  name: string,
  rows: readonly Partial<MetricRow>[],
  notes: readonly string[],
  step: string,
  ids: readonly MetricId[],
): Log {
  const table = new LogTable();
  rows.forEach((row, index) => {
    const values = ids.flatMap((id): [string, number | undefined][] =>
      id === 'step' ? [] : [[id, row[id]]],
    );
    table.addRow(`Step ${row.step ?? index}`, [[step, row.step], ...values]);
  });
  return table.log('completions', name, notes, step);
}
