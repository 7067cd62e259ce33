import { type MetricId, metrics } from '../../spec/metrics.ts';
import { bucketSize, type Columns, decimate, type Thinned } from '../../store/columns.ts';
import type { BandSpec, LineSpec, ViewSpec } from './charts.ts';
import type { Dash } from './dash.ts';
import { type AxisTicks, linearTicks, logTicks, pixelOfStep, type ValueAxis, valueScale } from './plot.ts';

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
        const [bottom, top] = [column(history, low), column(history, high)];
        // Where the lower metric is above the upper one the band closes, and where one is missing so is the other.
        const closed = bottom.map((value, row) => Math.min(value, top[row] ?? NaN));
        const roof = top.map((value, row) => (Number.isNaN(bottom[row]) ? NaN : value));
        return {
          kind: 'band',
          lane,
          low: decimate(steps, closed, bucket),
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

/** Where a curve is drawn. */
export interface Place {
  readonly width: number;
  readonly height: number;
  readonly lastStep: number;
  readonly axis: ValueAxis;
}

/** Length, in pixels, of the stroke that stands for a value alone between two gaps. */
const loneStroke = 1.5;

/** The outline of a curve in the language of SVG's `d`, to a tenth of a pixel; empty where there is nothing to draw. */
export function pathOf(curve: Curve, place: Place): string {
  if (curve.kind === 'line') {
    const parts = partsOf(curve.points, place).map((part) =>
      part.length === 1 ? `M${part.join('')}h${loneStroke}` : `M${part.join('L')}`,
    );
    return parts.join('');
  }
  const roofs = partsOf(curve.high, place);
  const floors = partsOf(curve.low, place);
  return roofs.map((roof, at) => `M${[...roof, ...(floors[at] ?? []).reverse()].join('L')}Z`).join('');
}

/** The stretches between gaps, each a list of "x y". */
function partsOf({ steps, values }: Thinned, { width, height, lastStep, axis }: Place): string[][] {
  const y = valueScale(axis, height);
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
    parts.at(-1)?.push(`${tenths(pixelOfStep(step, lastStep, width))} ${tenths(y(value))}`);
  });
  return parts;
}

function tenths(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
