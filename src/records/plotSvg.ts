import { largest } from '../lib/stats.ts';
import { markup } from './markup.ts';

/** A curve's point: a step and a value. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** Dashes of the runs, in order: they can be told apart without colour. */
export const strokes = ['', '7 3', '2 3', '9 3 2 3'] as const;

const [width, height] = [360, 170];
const [left, right, top, bottom] = [46, 16, 8, 20];

/**
 * Curves over steps as an SVG; colours are the page's, by the classes `run-0` to `run-3`.
 * @param curves a list per run @param marks vertical lines, each of a run
 * @param title what a pointer or a screen reader is told
 */
export function plotSvg(
  curves: readonly (readonly Point[])[],
  marks: readonly { readonly x: number; readonly run: number }[],
  title: string,
): string {
  const points = curves.flat().filter(({ y }) => Number.isFinite(y));
  const [low, high] = extent(points.map(({ y }) => y));
  const [first, last] = [
    0,
    largest(
      points.map(({ x }) => x),
      1,
    ),
  ];
  const x = (step: number): string =>
    (left + ((step - first) / (last - first)) * (width - left - right)).toFixed(1);
  const y = (value: number): string =>
    (top + ((high - value) / (high - low)) * (height - top - bottom)).toFixed(1);
  const rules = [low, (low + high) / 2, high].map(
    (value) =>
      `<path class="grid" d="M${left} ${y(value)}H${width - right}"/><text x="${left - 4}" y="${y(value)}" dy="3" text-anchor="end">${label(value)}</text>`,
  );
  const steps = [first, Math.round((first + last) / 2), last].map(
    (step) => `<text x="${x(step)}" y="${height - 5}" text-anchor="middle">${step}</text>`,
  );
  const lines = curves.map((curve, run) => `<path class="${classOf(run)}" d="${pathOf(curve, x, y)}"/>`);
  const changes = marks.map(
    (mark) => `<path class="mark ${classOf(mark.run)}" d="M${x(mark.x)} ${top}V${height - bottom}"/>`,
  );
  return `<svg viewBox="0 0 ${width} ${height}" role="img"><title>${markup(title)}</title>${[...rules, ...steps, ...changes, ...lines].join('')}</svg>`;
}

function classOf(run: number): string {
  return `run-${run % strokes.length}`;
}

/** What is not finite is a gap. */
function pathOf(curve: readonly Point[], x: (x: number) => string, y: (y: number) => string): string {
  let pen = 'M';
  let path = '';
  for (const point of curve) {
    if (!Number.isFinite(point.y)) pen = 'M';
    else {
      path += `${pen}${x(point.x)} ${y(point.y)}`;
      pen = 'L';
    }
  }
  return path;
}

/** The values from least to greatest, with 0 where it is near, and never without height. */
function extent(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low >= 0 && low < high / 2) low = 0;
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function label(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}
