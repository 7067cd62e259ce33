/** Pixels around the plot area of every chart, fixed so that streaming moves nothing. */
export const plotMargin = { left: 36, right: 12, top: 8, bottom: 20 } as const;

/** Pixel of a step within a chart `width` pixels wide. */
export function pixelOfStep(step: number, lastStep: number, width: number): number {
  const span = width - plotMargin.left - plotMargin.right;
  return plotMargin.left + (lastStep === 0 ? 0 : step / lastStep) * span;
}

/** The step under a pixel, whole and within the run. */
export function stepOfPixel(pixel: number, lastStep: number, width: number): number {
  const span = width - plotMargin.left - plotMargin.right;
  const share = (pixel - plotMargin.left) / Math.max(1, span);
  return Math.round(Math.min(1, Math.max(0, share)) * lastStep);
}

/** From a value to its pixel within a chart `height` pixels high. */
export function valueScale({ domain, logarithmic }: ValueAxis, height: number): (value: number) => number {
  const bottom = height - plotMargin.bottom;
  const place = logarithmic ? Math.log : (value: number): number => value;
  const low = place(domain[0]);
  const perUnit = (bottom - plotMargin.top) / (place(domain[1]) - low);
  return (value) => bottom - (place(value) - low) * perUnit;
}

/** Steps the axis spans at first. */
const firstSpan = 50;

/**
 * Where the step axis ends: it doubles until it spans the run, so that curves can be seen moving
 * from the first steps on and are rescaled only a few times.
 */
export function axisEnd(step: number, total: number): number {
  let end = firstSpan;
  while (end <= step) end *= 2;
  return Math.max(1, Math.min(end, total));
}

export interface AxisTicks {
  readonly domain: readonly [min: number, max: number];
  readonly ticks: readonly number[];
}

/** An axis along which values, or their logarithms, are evenly spread. */
export interface ValueAxis extends AxisTicks {
  readonly logarithmic: boolean;
}

/** Round ticks over [0, max], about `count` of them; the domain ends within half a tick above `max`. */
export function linearTicks(max: number, count = 4): AxisTicks {
  const top = max > 0 && Number.isFinite(max) ? max : 1;
  const step = niceStep(top / count);
  // The end moves by half ticks, not with every value: an axis that breathes is hard to read.
  const end = Number((Math.ceil(top / (step / 2) - 1e-9) * (step / 2)).toPrecision(6));
  const ticks: number[] = [];
  for (let tick = 0; tick <= end * 1.0001; tick += step) ticks.push(Number(tick.toPrecision(6)));
  return { domain: [0, end], ticks };
}

/** Round ticks that stay within [0, lastStep]: for an axis whose end is given. */
export function stepTicks(lastStep: number, count = 4): AxisTicks {
  const step = Math.max(1, niceStep(lastStep / count));
  const ticks: number[] = [];
  for (let tick = 0; tick <= lastStep; tick += step) ticks.push(tick);
  return { domain: [0, lastStep], ticks };
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

function niceStep(rough: number): number {
  const magnitude = Math.pow(10, Math.floor(Math.log10(rough)));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * magnitude >= rough * 0.999) ?? 10;
  return factor * magnitude;
}
