import { csvCell } from '../lib/csvCell.ts';
import { metricIds } from '../spec/metrics.ts';
import type { RunRecord } from './run.ts';

/**
 * The rows of runs as CSV (RFC 4180): run, step and every metric that one of them measured. What a step did not measure
 * is empty; numbers have all their digits.
 */
export function recordCsv(runs: readonly Pick<RunRecord, 'name' | 'rows'>[]): string {
  const measured = metricIds.filter(
    (id) => id !== 'step' && runs.some(({ rows }) => rows.some((row) => row[id] !== undefined)),
  );
  const lines = [['run', 'step', ...measured].join(',')];
  for (const { name, rows } of runs) {
    const run = csvCell(name);
    for (const row of rows)
      lines.push([run, row.step ?? '', ...measured.map((id) => row[id] ?? '')].join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}
