/** Arithmetic mean; NaN of nothing. Summed in order, so that equal inputs give equal bits. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? NaN;
  return sum / values.length;
}

/** Unbiased standard deviation (÷ (n − 1)), as NumPy's ddof=1; NaN of fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return NaN;
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += ((values[i] ?? NaN) - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * Quantile by linear interpolation between order statistics, NumPy's default; NaN of nothing.
 * Always a + (b − a)·t, so that between equal neighbours the result is exactly theirs.
 * @param q in [0, 1]
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The finite members: metrics average over the groups for which a figure exists. */
export function finite(values: readonly number[]): number[] {
  return values.filter(Number.isFinite);
}
