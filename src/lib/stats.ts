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

/**
 * The largest value, `least` of nothing. Of any number of them: a call of Math.max takes some hundred thousand arguments
 * at most.
 */
export function largest(values: Iterable<number>, least = -Infinity): number {
  let most = least;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The finite members: metrics average over the groups for which a figure exists. */
export function finite(values: readonly number[]): number[] {
  return values.filter(Number.isFinite);
}

/**
 * Exponentially weighted mean of a series. Debiased: its weights Σ decay^(n−i) are divided out, so that it starts at
 * the first value and not near 0, as W&B's smoothing does.
 */
export class Ewma {
  readonly #decay: number;
  #sum = 0;
  #weight = 0;

  /** @param decay weight of a value for each step it lies back, in [0, 1) */
  constructor(decay: number) {
    this.#decay = decay;
  }

  /**
   * The mean after one more value; NaN for a value that is not finite, which leaves the mean as it was.
   * @param after steps since the value before
   */
  add(value: number, after = 1): number {
    if (!Number.isFinite(value)) return NaN;
    const decay = this.#decay ** after;
    this.#sum = decay * this.#sum + value;
    this.#weight = decay * this.#weight + 1;
    return this.#sum / this.#weight;
  }
}
