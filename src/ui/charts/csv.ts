import { csvCell } from '../../lib/csvCell.ts';
import { type MetricId, metrics } from '../../spec/metrics.ts';
import type { Lane } from '../../store/lanes.ts';

/**
 * Every recorded step of every lane, as CSV (RFC 4180) with the columns lane, step and the metrics' ids. What was not
 * measured is empty; rows that measured nothing of it are left out.
 * @param truthHidden without what only labels can tell
 */
export function csvOf(
  lanes: readonly Pick<Lane, 'name' | 'history'>[],
  all: readonly MetricId[],
  truthHidden: boolean,
): string {
  const ids = truthHidden ? all.filter((id) => !metrics[id].needsTruth) : all;
  const lines = [['lane', 'step', ...ids].join(',')];
  for (const { name, history } of lanes) {
    const lane = csvCell(name);
    const steps = history.column('step');
    const columns = ids.map((id) => history.column(id));
    steps.forEach((step, row) => {
      const values = columns.map((column) => column[row] ?? NaN);
      if (values.every(Number.isNaN)) return;
      lines.push([lane, step, ...values.map(cell)].join(','));
    });
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** What is not finite is NaN, as whoever wrote the log would have said. */
function cell(value: number): number | string {
  if (Number.isNaN(value)) return '';
  return Number.isFinite(value) ? value : 'NaN';
}
