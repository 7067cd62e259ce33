/**
 * Steps after which the anchor has forgotten half of where it was: m^steps = 1/2.
 * 0.9 → 7, 0.99 → 69, 0.999 → 693; 0 for m = 0, Infinity for m = 1.
 */
export function anchorHalfLife(momentum: number): number {
  // For m = 0 the quotient is 0 by itself: ln 0 is −∞.
  return momentum >= 1 ? Infinity : Math.log(0.5) / Math.log(momentum);
}
