import { at, type Numbers } from './indexing.ts';

/** √Σ g² over the whole flat gradient. */
export function norm(gradient: Numbers): number {
  let squares = 0;
  for (let i = 0; i < gradient.length; i++) squares += at(gradient, i) ** 2;
  return Math.sqrt(squares);
}

/** The factor of every gradient entry: min(1, maxNorm / norm), and 1 for a zero gradient. */
export function clipFactor(gradientNorm: number, maxNorm: number): number {
  return gradientNorm > maxNorm ? maxNorm / gradientNorm : 1;
}
