import type { Span } from '../../store/view.ts';

/** Pixels around the plot area of every chart, fixed so that streaming moves nothing; "1.25e-5" has room on the left. */
export const plotMargin = { left: 44, right: 14, top: 8, bottom: 20 } as const;

/** Pixel of a step within a chart `width` pixels wide that shows a span. */
export function pixelOfStep(step: number, { from, to }: Span, width: number): number {
  const room = width - plotMargin.left - plotMargin.right;
  return plotMargin.left + (to === from ? 0 : (step - from) / (to - from)) * room;
}

/** The step under a pixel, whole and within what is shown. */
export function stepOfPixel(pixel: number, { from, to }: Span, width: number): number {
  const room = width - plotMargin.left - plotMargin.right;
  const share = (pixel - plotMargin.left) / Math.max(1, room);
  return Math.round(from + Math.min(1, Math.max(0, share)) * (to - from));
}

/** From a value to its pixel within a chart `height` pixels high. */
export function valueScale({ domain, logarithmic }: ValueAxis, height: number): (value: number) => number {
  const bottom = height - plotMargin.bottom;
  const place = logarithmic ? Math.log : (value: number): number => value;
  const low = place(domain[0]);
  const perUnit = (bottom - plotMargin.top) / (place(domain[1]) - low);
  return (value) => bottom - (place(value) - low) * perUnit;
}

/** The value at a pixel: what {@link valueScale} undoes. */
export function valueOfPixel(pixel: number, { domain, logarithmic }: ValueAxis, height: number): number {
  const bottom = height - plotMargin.bottom;
  const place = logarithmic ? Math.log : (value: number): number => value;
  const low = place(domain[0]);
  const value = low + ((bottom - pixel) / (bottom - plotMargin.top)) * (place(domain[1]) - low);
  return logarithmic ? Math.exp(value) : value;
}

/** Steps the axis spans at first. */
const firstSpan = 50;

/**
 * Where the step axis ends: it doubles until it spans the run, so that curves can be seen moving
 * from the first steps on and are rescaled only a few times. Steps may have been set below what was made.
 */
export function axisEnd(step: number, total: number): number {
  let end = firstSpan;
  while (end <= step) end *= 2;
  return Math.max(1, step, Math.min(end, total));
}

export interface AxisTicks {
  readonly domain: readonly [min: number, max: number];
  readonly ticks: readonly number[];
}

/** An axis along which values, or their logarithms, are evenly spread. */
export interface ValueAxis extends AxisTicks {
  readonly logarithmic: boolean;
}

/**
 * Round ticks over [min, max], about `count` of them; the domain ends within half a tick beyond either.
 * @param min 0 for an axis that is read from its foot
 */
export function linearTicks(max: number, min = 0, count = 4): AxisTicks {
  const height = max - min;
  const [low, high] = height > 0 && Number.isFinite(height) ? [min, max] : [min, min + 1];
  const step = niceStep((high - low) / count);
  // The ends move by half ticks, not with every value: an axis that breathes is hard to read.
  const end = rounded(Math.ceil(high / (step / 2) - 1e-9) * (step / 2));
  const start = rounded(Math.floor(low / (step / 2) + 1e-9) * (step / 2));
  return { domain: [start, end], ticks: multiples(step, start, end) };
}

/** Round ticks that stay within the span: for an axis whose ends are given. */
export function stepTicks({ from, to }: Span, count = 4): AxisTicks {
  const nice = Math.max(1, niceStep((to - from) / count));
  // There is no half of a step.
  const step = Number.isInteger(nice) ? nice : 2 * nice;
  return { domain: [from, to], ticks: multiples(step, from, to) };
}

function multiples(step: number, from: number, to: number): number[] {
  const ticks: number[] = [];
  const slack = step * 1e-4;
  for (let tick = Math.ceil((from - slack) / step); tick * step <= to + slack; tick++) {
    ticks.push(rounded(tick * step));
  }
  return ticks;
}

/** Without the dust of floating-point sums. */
function rounded(value: number): number {
  // No negative zero.
  return Number(value.toPrecision(9)) + 0;
}

/** Decades around (min, max), both positive; at most five labels. */
export function logTicks(min: number, max: number): AxisTicks {
  const low = Math.floor(Math.log10(Math.max(min, 1e-6)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(max, 1e-6))));
  const stride = Math.ceil((high - low) / 4);
  const ticks: number[] = [];
  for (let power = low; power <= high; power += stride) ticks.push(Number(`1e${power}`));
  return { domain: [Number(`1e${low}`), Number(`1e${high}`)], ticks };
}

/** The least of 1, 2, 2.5 and 5 times a power of ten that is not below `rough`. */
export function niceStep(rough: number): number {
  const magnitude = Math.pow(10, Math.floor(Math.log10(rough)));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * magnitude >= rough * 0.999) ?? 10;
  return factor * magnitude;
}
