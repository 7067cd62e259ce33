import { type MetricId, metrics } from '../../spec/metrics.ts';
import { bucketSize, type Columns, decimate, firstRowAt, type Thinned } from '../../store/columns.ts';
import type { Span } from '../../store/view.ts';
import type { BandSpec, LineSpec, ViewSpec } from './charts.ts';
import type { Dash } from './dash.ts';
import { type AxisTicks, linearTicks, logTicks, type ValueAxis } from './plot.ts';

/** Most points a curve is drawn with: every step of a run of the default length. */
const maxPoints = 640;

/** What of a lane the curves need. */
export interface Drawn {
  readonly history: Columns<MetricId>;
  /** What a resumed run left behind. */
  readonly abandoned?: Columns<MetricId>;
  readonly slot: number;
}

interface Line {
  readonly kind: 'line';
  readonly slot: number;
  readonly dash: Dash;
  /** What was measured, behind the smoothed curve of it; or what was left behind. */
  readonly faint: boolean;
  readonly points: Thinned;
}

interface Band {
  readonly kind: 'band';
  readonly slot: number;
  readonly low: Thinned;
  readonly high: Thinned;
}

/** What one lane draws of a metric: a line, or the band between two lines. */
export type Curve = Line | Band;

/** How the curves of a view are drawn. */
export interface Drawing {
  readonly lines: readonly LineSpec[];
  readonly bands: readonly BandSpec[];
  /** Leaves out values that are not positive. */
  readonly logarithmic: boolean;
  readonly span: Span;
  /** Steps per bucket. */
  readonly bucket: number;
  /** Steps over which they are smoothed; 0: none. */
  readonly smoothing: number;
}

/** Steps per bucket of the curves of a chart that shows so many steps. */
export function stepsPerBucket({ from, to }: Span): number {
  return bucketSize(to - from, maxPoints);
}

/** The curves of a view, thinned: bands lowest, then what was measured, then, if wished, what is smoothed. */
export function curvesOf(lanes: readonly Drawn[], drawing: Drawing): Curve[] {
  const { lines, bands, smoothing } = drawing;
  const raw = { ...drawing, smoothing: 0 };
  const left = lanes.flatMap(({ abandoned, slot }) =>
    abandoned === undefined ? [] : lines.map((line) => lineOf({ history: abandoned, slot }, line, raw, true)),
  );
  return [
    ...lanes.flatMap((lane) => bands.map((band) => bandOf(lane, band, drawing))),
    ...left,
    ...(smoothing > 0 ? lanes.flatMap((lane) => lines.map((line) => lineOf(lane, line, raw, true))) : []),
    ...lanes.flatMap((lane) => lines.map((line) => lineOf(lane, line, drawing, false))),
  ];
}

function lineOf(
  { history, slot }: Drawn,
  { id, dash, joined }: LineSpec,
  drawing: Drawing,
  faint: boolean,
): Line {
  const { steps, columns, broken } = shown(history, [id], drawing);
  const points = decimate(steps, columns[0] ?? steps, drawing.bucket);
  // Between two evaluations nothing is missing.
  const whole = joined === true || metrics[id].every === 'eval' ? measured(points) : points;
  return { kind: 'line', slot, dash, faint, points: interrupted(whole, broken) };
}

function bandOf({ history, slot }: Drawn, band: BandSpec, drawing: Drawing): Band {
  const { steps, columns } = shown(history, [band.low, band.high], drawing);
  const { floor, roof } = between(columns[0] ?? steps, columns[1] ?? steps);
  const [low, high] = [floor, roof].map((edge) => decimate(steps, edge, drawing.bucket));
  const gaps = band.joined === true ? measured : (points: Thinned) => points;
  return { kind: 'band', slot, low: gaps(low ?? none), high: gaps(high ?? none) };
}

const none: Thinned = { steps: [], values: [] };

interface Shown {
  readonly steps: Float64Array;
  readonly columns: readonly Float64Array[];
  /** Steps at which something was measured that is not finite. */
  readonly broken: readonly number[];
}

/**
 * The rows of some metrics within the span, and the nearest ones before and after it where they were measured, so
 * that curves leave the chart at its edges.
 */
function shown(history: Drawn['history'], ids: readonly MetricId[], drawing: Drawing): Shown {
  const { logarithmic, smoothing } = drawing;
  const steps = history.column('step');
  const columns = ids.map((id) => (smoothing > 0 ? history.smoothed(id, smoothing) : history.column(id)));
  const [first, end] = rowsShown(steps, columns, drawing.span);
  const cut = columns.map((column) => column.subarray(first, end));
  const at = steps.subarray(first, end);
  const raw = ids.map((id) => history.column(id).subarray(first, end));
  const holes = raw.filter((column) => column.includes(Infinity));
  const broken = holes.flatMap((column) => [...at].filter((_, row) => column[row] === Infinity));
  const drawable = logarithmic || holes.length > 0;
  return {
    steps: at,
    columns: drawable ? cut.map((column) => column.map((value) => drawn(value, logarithmic))) : cut,
    broken,
  };
}

function drawn(value: number, logarithmic: boolean): number {
  return Number.isFinite(value) && (!logarithmic || value > 0) ? value : NaN;
}

/** The points with a gap at each step that is broken, which lie in order. */
function interrupted(points: Thinned, broken: readonly number[]): Thinned {
  if (broken.length === 0) return points;
  const steps: number[] = [];
  const values: number[] = [];
  let next = 0;
  points.steps.forEach((step, at) => {
    const before = next;
    while ((broken[next] ?? Infinity) < step) next++;
    if (next > before) {
      steps.push(broken[before] ?? step);
      values.push(NaN);
    }
    steps.push(step);
    values.push(points.values[at] ?? NaN);
  });
  return { steps, values };
}

function rowsShown(
  steps: Float64Array,
  columns: readonly Float64Array[],
  { from, to }: Span,
): readonly [first: number, end: number] {
  const isMeasured = (row: number): boolean => columns.some((column) => !Number.isNaN(column[row]));
  let first = firstRowAt(steps, from) - 1;
  while (first > 0 && !isMeasured(first)) first--;
  let last = firstRowAt(steps, to + 1);
  while (last < steps.length - 1 && !isMeasured(last)) last++;
  return [Math.max(0, first), last + 1];
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

/**
 * The value axis of everything drawn within the span. A reward that is no share leaves the share axis: it may be
 * negative, or of any size.
 * @param zoomed the axis need not begin at 0: what is shown fills it
 */
export function valueAxis(
  curves: readonly Curve[],
  view: ViewSpec,
  { logarithmic, span }: Pick<Drawing, 'logarithmic' | 'span'>,
  zoomed: boolean,
): ValueAxis {
  let low = Infinity;
  let high = -Infinity;
  for (const curve of curves) {
    for (const { steps, values } of curve.kind === 'line' ? [curve.points] : [curve.low, curve.high]) {
      values.forEach((value, at) => {
        const step = steps[at] ?? NaN;
        if (step < span.from || step > span.to) return;
        if (value < low) low = value;
        if (value > high) high = value;
      });
    }
  }
  return { ...ticksFor(low, high, view, logarithmic, zoomed), logarithmic };
}

/** What a share may be beyond 0 and 1, by rounding or by the luck of a ratio. */
const slack = 0.005;

/** A zoomed axis leaves out 0 where that would be most of it. */
const worthCutting = 0.5;

function ticksFor(
  low: number,
  high: number,
  view: ViewSpec,
  logarithmic: boolean,
  zoomed: boolean,
): AxisTicks {
  // A ratio such as the overlap can be above 1, and a reward anything: cut off, it would look like a share.
  if (view.range === 'share' && !logarithmic && !(low < -slack) && !(high > 1 + slack)) return shareTicks;
  if (high === -Infinity) return logarithmic ? logTicks(0.01, 1) : linearTicks(1);
  if (logarithmic) return logTicks(low, high);
  return linearTicks(high, zoomed && low > worthCutting * high ? low : Math.min(0, low));
}

/** From a step or a value to its pixel. */
export type AxisScale = (at: number) => number | undefined;

/** Length, in pixels, of the stroke that stands for a value alone between two gaps. */
const loneStroke = 1.5;

/** The outline of a curve in the language of SVG's `d`, to a tenth of a pixel; empty where there is nothing to draw. */
export function pathOf(curve: Curve, x: AxisScale, y: AxisScale): string {
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
function partsOf({ steps, values }: Thinned, x: AxisScale, y: AxisScale): string[][] {
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
