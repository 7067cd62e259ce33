import { type MetricId, metricIds, type MetricRow, toRow } from '../../spec/metrics.ts';
import { EarlyWarning } from '../../diagnostics/earlyWarning.ts';
import type { Log } from './log.ts';
import { type Mapping, readRows } from './mapping.ts';

/** The rows of a log as a history takes them: like those of the lab's own trainer, with what the early warning said. */
export interface PackedRows {
  /** [count × metrics], row-major, in the order of `metricIds`; steps ascending. */
  readonly rows: Float64Array<ArrayBuffer>;
  readonly count: number;
  /** Rows of the log that name no step: they are left out. */
  readonly stepless: number;
}

/** @returns the rows of a log as mapped, each with the score of the early warning where there is something to judge by */
export function packLog(log: Log, mapping: Mapping): PackedRows {
  const { rows, stepless } = readRows(log, mapping);
  const packed = new Float64Array(rows.length * metricIds.length);
  const warning = new EarlyWarning();
  rows.forEach((row, index) => {
    packed.set(toRow({ ...scoreOf(row, warning), ...row }), index * metricIds.length);
  });
  return { rows: packed, count: rows.length, stepless };
}

/** The score after a row. A file of this lab has its own, which stays. */
function scoreOf(row: Partial<MetricRow>, warning: EarlyWarning): Partial<Record<MetricId, number>> {
  // As in the lab: a run's first row is an evaluation.
  if (!((row.step ?? 0) > 0)) return {};
  const { score, signal } = warning.add(row);
  return signal === null ? {} : { 'warning/score': score };
}
