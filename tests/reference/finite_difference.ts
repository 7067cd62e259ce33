import { at } from './indexing.ts';

/**
 * dL/dx by central differences, (L(x + h) − L(x − h)) / 2h, one entry at a time.
 * With h = 1e-5 and values near 1 the truncation and the rounding error are both about 1e-10.
 * @param loss evaluated with x changed in place; x is put back
 * @param indices entries to differentiate; all when left out
 * @returns the derivatives, in the order of `indices`
 */
export function finiteDifference(
  loss: () => number,
  x: Float64Array,
  indices: readonly number[] = Array.from(x.keys()),
  h = 1e-5,
): Float64Array {
  return Float64Array.from(indices, (i) => {
    const kept = at(x, i);
    x[i] = kept + h;
    const above = loss();
    x[i] = kept - h;
    const below = loss();
    x[i] = kept;
    return (above - below) / (2 * h);
  });
}

/** Σ a·b: turns an array output into the scalar whose derivative a backward pass computes. */
export function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * at(b, i), 0);
}
