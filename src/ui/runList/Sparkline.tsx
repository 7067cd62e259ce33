import { formatShare } from '../format.ts';

/** Units of the picture. */
const [width, height, margin] = [120, 24, 2];

/** Held-out accuracy over a run, from 0 to 1. @param values NaN where it is not known */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  const known = values.filter((value) => !Number.isNaN(value));
  const [first] = known;
  const last = known.at(-1);
  if (first === undefined || last === undefined) return null;
  const points = known.map((value, at): readonly [number, number] => [
    margin + (at / Math.max(1, known.length - 1)) * (width - 2 * margin),
    height - margin - value * (height - 2 * margin),
  ]);
  const words =
    known.length === 1
      ? `Held-out accuracy ${formatShare(first)}`
      : `Held-out accuracy from ${formatShare(first)} to ${formatShare(last)}, best ${formatShare(Math.max(...known))}`;
  const [x, y] = points.at(-1) ?? [0, 0];
  return (
    <svg viewBox={`0 0 ${width} ${height}`} className="sparkline" role="img" aria-label={words}>
      <title>{words}</title>
      <path d={`M${points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join('L')}`} />
      <circle cx={x} cy={y} r={margin} />
    </svg>
  );
}
