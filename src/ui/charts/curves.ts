import { type MetricId, metrics } from '../../spec/metrics.ts';
import { bucketSize, type Columns, decimate, type Thinned } from '../../store/columns.ts';
import type { BandSpec, LineSpec, ViewSpec } from './charts.ts';
import type { Dash } from './dash.ts';
import { type AxisTicks, linearTicks, logTicks, type ValueAxis } from './plot.ts';

/** Most points a curve is drawn with: every step of a run of the default length. */
const maxPoints = 640;

type History = Columns<MetricId>;

/** What one lane draws of a metric: a line, or the band between two lines. */
export type Curve =
  | { readonly kind: 'line'; readonly lane: number; readonly dash: Dash; readonly points: Thinned }
  | { readonly kind: 'band'; readonly lane: number; readonly low: Thinned; readonly high: Thinned };

/** Steps per bucket of the curves of a chart whose axis ends at `lastStep`. */
export function stepsPerBucket(lastStep: number): number {
  return bucketSize(lastStep, maxPoints);
}

/**
 * The curves of a view, thinned, bands first so that lines lie above them.
 * On a logarithmic axis values that are not positive are left out.
 * @param bucket steps per bucket
 */
export function curvesOf(
  histories: readonly History[],
  lines: readonly LineSpec[],
  bands: readonly BandSpec[],
  logarithmic: boolean,
  bucket: number,
): Curve[] {
  const column = (history: History, id: MetricId): Float64Array =>
    logarithmic ? history.column(id).map((value) => (value > 0 ? value : NaN)) : history.column(id);
  const lanes = histories.map((history, lane) => ({ history, lane, steps: history.column('step') }));
  return [
    ...lanes.flatMap(({ history, lane, steps }) =>
      bands.map(({ low, high }): Curve => {
        const { floor, roof } = between(column(history, low), column(history, high));
        return {
          kind: 'band',
          lane,
          low: decimate(steps, floor, bucket),
          high: decimate(steps, roof, bucket),
        };
      }),
    ),
    ...lanes.flatMap(({ history, lane, steps }) =>
      lines.map(({ id, dash }): Curve => {
        const points = decimate(steps, column(history, id), bucket);
        // Between two evaluations nothing is missing.
        return { kind: 'line', lane, dash, points: metrics[id].every === 'eval' ? measured(points) : points };
      }),
    ),
  ];
}

/** What lies between two metrics: nothing where the lower one is above, and a gap where either is missing. */
function between(low: Float64Array, high: Float64Array): { floor: Float64Array; roof: Float64Array } {
  const floor = new Float64Array(low.length);
  const roof = new Float64Array(low.length);
  for (let row = 0; row < low.length; row++) {
    const [below, above] = [low[row] ?? NaN, high[row] ?? NaN];
    floor[row] = Math.min(below, above);
    roof[row] = Number.isNaN(below) ? NaN : above;
  }
  return { floor, roof };
}

/** The points without gaps between them. */
function measured({ steps, values }: Thinned): Thinned {
  return {
    steps: steps.filter((_, at) => !Number.isNaN(values[at])),
    values: values.filter((value) => !Number.isNaN(value)),
  };
}

const shareTicks: AxisTicks = { domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1] };

/** The value axis of everything drawn. A reward that is no share (Intuitor's) outgrows the share axis. */
export function valueAxis(curves: readonly Curve[], view: ViewSpec, logarithmic: boolean): ValueAxis {
  let low = Infinity;
  let high = -Infinity;
  for (const curve of curves) {
    for (const { values } of curve.kind === 'line' ? [curve.points] : [curve.low, curve.high]) {
      for (const value of values) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  return { ...ticksFor(low, high, view, logarithmic), logarithmic };
}

function ticksFor(low: number, high: number, view: ViewSpec, logarithmic: boolean): AxisTicks {
  if (view.range === 'share' && !logarithmic && !(high > 1.6)) return shareTicks;
  if (high === -Infinity) return logarithmic ? logTicks(0.01, 1) : linearTicks(1);
  return logarithmic ? logTicks(low, high) : linearTicks(high);
}

/** From a step or a value to its pixel. */
export type Scale = (at: number) => number | undefined;

/** Length, in pixels, of the stroke that stands for a value alone between two gaps. */
const loneStroke = 1.5;

/** The outline of a curve in the language of SVG's `d`, to a tenth of a pixel; empty where there is nothing to draw. */
export function pathOf(curve: Curve, x: Scale, y: Scale): string {
  if (curve.kind === 'line') {
    const parts = partsOf(curve.points, x, y).map((part) =>
      part.length === 1 ? `M${part.join('')}h${loneStroke}` : `M${part.join('L')}`,
    );
    return parts.join('');
  }
  const roofs = partsOf(curve.high, x, y);
  const floors = partsOf(curve.low, x, y);
  return roofs.map((roof, at) => `M${[...roof, ...(floors[at] ?? []).reverse()].join('L')}Z`).join('');
}

/** The stretches between gaps, each a list of "x y". */
function partsOf({ steps, values }: Thinned, x: Scale, y: Scale): string[][] {
  const parts: string[][] = [];
  let gap = true;
  steps.forEach((step, at) => {
    const value = values[at] ?? NaN;
    if (Number.isNaN(value)) {
      gap = true;
      return;
    }
    if (gap) parts.push([]);
    gap = false;
    parts.at(-1)?.push(`${tenths(x(step))} ${tenths(y(value))}`);
  });
  return parts;
}

function tenths(pixels = 0): number {
  return Math.round(pixels * 10) / 10;
}
