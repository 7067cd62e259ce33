import type { MetricId } from '../../spec/metrics.ts';
import { type Columns, decimate } from '../../store/columns.ts';
import type { BandSpec, LineSpec, ViewSpec } from './charts.ts';
import type { ChartRow, DrawnSeries } from './LiveChart.tsx';
import { type AxisTicks, linearTicks, logTicks } from './plot.ts';

/** Most points a series is drawn with. */
const maxPoints = 600;

type History = Columns<MetricId>;
type Cell = number | readonly [number, number] | null;

const shareTicks: AxisTicks = { domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1] };

const lineKey = (lane: number, index: number): string => `lane${lane}line${index}`;
const bandKey = (lane: number, index: number): string => `lane${lane}band${index}`;

/** The drawn series of a view, bands first so that lines lie above them. */
export function seriesOf(
  laneCount: number,
  lines: readonly LineSpec[],
  bands: readonly BandSpec[],
): DrawnSeries[] {
  const lanes = Array.from({ length: laneCount }, (_, lane) => lane);
  return [
    ...lanes.flatMap((lane) =>
      bands.map((_, index) => ({ key: bandKey(lane, index), lane, kind: 'band', dash: 'solid' }) as const),
    ),
    ...lanes.flatMap((lane) =>
      lines.map(({ dash }, index) => ({ key: lineKey(lane, index), lane, kind: 'line', dash }) as const),
    ),
  ];
}

/**
 * The rows a chart draws: every lane thinned on its own, joined by step.
 * On a logarithmic axis values that are not positive are left out.
 */
export function rowsOf(
  histories: readonly History[],
  lines: readonly LineSpec[],
  bands: readonly BandSpec[],
  logarithmic: boolean,
): ChartRow[] {
  const byStep = new Map<number, Record<string, Cell>>();
  const drawable = (value: number | undefined): number | null =>
    value === undefined || Number.isNaN(value) || (logarithmic && value <= 0) ? null : value;
  histories.forEach((history, lane) => {
    const columns = [
      ...lines.map(({ id }) => history.column(id)),
      ...bands.flatMap(({ low, high }) => [history.column(low), history.column(high)]),
    ];
    const { steps, points } = decimate(history.column('step'), columns, maxPoints);
    steps.forEach((step, at) => {
      const row = byStep.get(step) ?? { step };
      lines.forEach((_, index) => {
        row[lineKey(lane, index)] = drawable(points[index]?.[at]);
      });
      bands.forEach((_, index) => {
        const low = drawable(points[lines.length + 2 * index]?.[at]);
        const high = drawable(points[lines.length + 2 * index + 1]?.[at]);
        row[bandKey(lane, index)] = low === null || high === null ? null : [Math.min(low, high), high];
      });
      byStep.set(step, row);
    });
  });
  return [...byStep.values()].sort((a, b) => Number(a['step']) - Number(b['step']));
}

/** Ticks of the value axis over everything drawn. A reward that is no share (Intuitor's) outgrows the share axis. */
export function valueTicks(rows: readonly ChartRow[], view: ViewSpec, logarithmic: boolean): AxisTicks {
  let low = Infinity;
  let high = -Infinity;
  for (const row of rows) {
    for (const [key, cell] of Object.entries(row)) {
      if (key === 'step' || cell === null) continue;
      const [from, to] = typeof cell === 'number' ? [cell, cell] : cell;
      low = Math.min(low, from);
      high = Math.max(high, to);
    }
  }
  if (view.range === 'share' && !logarithmic && !(high > 1.6)) return shareTicks;
  if (high === -Infinity) return logarithmic ? logTicks(0.01, 1) : linearTicks(1);
  return logarithmic ? logTicks(low, high) : linearTicks(high);
}
