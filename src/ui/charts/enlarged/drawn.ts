import type { Lane } from '../../../store/lanes.ts';
import type { Span } from '../../../store/view.ts';
import type { LineSpec, ViewSpec } from '../charts.ts';
import { type Curve, curvesOf, stepsPerBucket, valueAxis } from '../curves.ts';
import { type AxisTicks, linearTicks, stepTicks, type ValueAxis } from '../plot.ts';
import { type AxisId, placesOn } from './axes.ts';
import { together } from './repeats.ts';

interface Wish {
  readonly view: ViewSpec;
  readonly lines: readonly LineSpec[];
  readonly logarithmic: boolean;
  readonly span: Span;
  readonly smoothing: number;
  /** What is shown of an axis that is not of steps; null: all of it. */
  readonly stretch: Span | null;
}

interface Along {
  readonly curves: readonly Curve[];
  readonly ticks: AxisTicks;
  readonly values: ValueAxis;
  /** Where the axis ends without a stretch. */
  readonly end: number;
}

/** Groups of lanes, each drawn as one, along an axis; of several together their mean, and the range between them. */
export function drawnAlong(groups: readonly (readonly Lane[])[], axis: AxisId, wish: Wish): Along {
  const { view, lines, logarithmic, span, smoothing, stretch } = wish;
  const drawing = { lines, bands: view.bands, logarithmic, span, bucket: stepsPerBucket(span), smoothing };
  let end = 0;
  const curves = groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const place = placesOn(first.history, axis).of;
    end = Math.max(end, place(first.history.latest('step')) || 0);
    const mean = group.length > 1 ? together(group, drawing) : null;
    const drawn =
      mean === null
        ? curvesOf(group, drawing)
        : [...mean.bands, ...curvesOf([mean], { ...drawing, bands: [] })];
    return axis === 'steps' ? drawn : drawn.map((curve) => moved(curve, place));
  });
  // Bands lowest, whoever’s they are.
  const ordered = [...curves].sort((a, b) => Number(a.kind === 'line') - Number(b.kind === 'line'));
  const ticks = axis === 'steps' ? stepTicks(span) : stretch === null ? linearTicks(end) : ticksOf(stretch);
  const within = { from: ticks.domain[0], to: ticks.domain[1] };
  const values = valueAxis(ordered, view, { logarithmic, span: within }, stretch !== null);
  return { curves: ordered, ticks, values, end: axis === 'steps' ? span.to : linearTicks(end).domain[1] };
}

function ticksOf({ from, to }: Span): AxisTicks {
  const inside = linearTicks(to, from).ticks.filter((tick) => tick >= from && tick <= to);
  return { domain: [from, to], ticks: inside };
}

function moved(curve: Curve, place: (step: number) => number): Curve {
  const along = <Points extends { readonly steps: readonly number[] }>(points: Points): Points => ({
    ...points,
    steps: points.steps.map(place),
  });
  return curve.kind === 'line'
    ? { ...curve, points: along(curve.points) }
    : { ...curve, low: along(curve.low), high: along(curve.high) };
}

/** A value axis within what was typed; empty, or no number, or the wrong way round: as it was. */
export function withRange(
  values: ValueAxis,
  range: { readonly from: string; readonly to: string },
): ValueAxis {
  const typed = (text: string, otherwise: number): number => {
    const value = text.trim() === '' ? NaN : Number(text);
    return Number.isFinite(value) && (!values.logarithmic || value > 0) ? value : otherwise;
  };
  const [low, high] = [typed(range.from, values.domain[0]), typed(range.to, values.domain[1])];
  if (!(low < high) || (low === values.domain[0] && high === values.domain[1])) return values;
  const ticks = values.logarithmic ? values.ticks : linearTicks(high, low).ticks;
  return { ...values, domain: [low, high], ticks: ticks.filter((tick) => tick >= low && tick <= high) };
}
