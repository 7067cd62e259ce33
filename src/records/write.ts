import { exactJson } from '../lib/exactJson.ts';
import { hyperparameterKeys, type Settings } from '../settings/hyperparameters.ts';
import { metricIds, type MetricRow } from '../spec/metrics.ts';
import { recordVersion, type LiveChange, type RunHead, type RunRecord, type RunSummary } from './run.ts';

/**
 * A record as JSON lines: of each run a header, then its rows and changes in the order in which they came about, then
 * its summary. The lines of several runs may alternate: each says which run it is of by a whole number that no other
 * run of the file has. Each function gives one line, its end included, so that a run can be written while it goes on.
 */
export function headerLine(run: number, head: RunHead): string {
  const { name, settings, origin, plan, adapter, lab, lora } = head;
  return line({
    type: 'header',
    version: recordVersion,
    run,
    name,
    lab,
    adapter,
    plan,
    settings: inTableOrder(settings),
    origin,
    lora,
    // What a row without one of these did not measure; a metric that is not here was unknown to the writer.
    metrics: metricIds,
  });
}

/** A row; what was not measured, or is not finite, is left out. Every other number is read back as the same bits. */
export function stepLine(run: number, row: Partial<MetricRow>): string {
  return line({ type: 'step', run, ...measured(row) });
}

/** What a record holds of a row. */
export function measured(row: Partial<MetricRow>): Partial<MetricRow> {
  return Object.fromEntries(
    metricIds.flatMap((id) => {
      const value = row[id];
      return value !== undefined && Number.isFinite(value) ? [[id, value]] : [];
    }),
  );
}

/** A change, after the row of its step. */
export function changeLine(run: number, { step, by, changes }: LiveChange): string {
  return line({ type: 'change', run, step, by, changes: inTableOrder(changes) });
}

/** The end of a run. A figure that is not finite is null. */
export function summaryLine(run: number, summary: RunSummary): string {
  const { steps, base, peak, peakStep, final, finalStep, retention, collapseStep } = summary;
  const { seconds, interventions, stopped } = summary;
  const figures = { steps, base, peak, peakStep, final, finalStep, retention, collapseStep };
  return line({ type: 'summary', run, ...figures, seconds, interventions, stopped });
}

/** All of a run at once. */
export function recordLines(run: number, record: RunRecord): string {
  const lines = [headerLine(run, record)];
  let next = 0;
  const changesBefore = (step: number): void => {
    for (; (record.changes[next]?.step ?? Infinity) < step; next++) {
      const change = record.changes[next];
      if (change !== undefined) lines.push(changeLine(run, change));
    }
  };
  for (const row of record.rows) {
    changesBefore(row.step ?? 0);
    lines.push(stepLine(run, row));
  }
  changesBefore(Infinity);
  if (record.summary !== null) lines.push(summaryLine(run, record.summary));
  return lines.join('');
}

function inTableOrder(settings: Partial<Settings>): Partial<Settings> {
  return Object.fromEntries(
    hyperparameterKeys.flatMap((key) => (settings[key] === undefined ? [] : [[key, settings[key]]])),
  );
}

function line(value: object): string {
  return `${exactJson(value)}\n`;
}
