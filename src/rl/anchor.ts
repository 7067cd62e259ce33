export interface MomentumSchedule {
  readonly anchorMomentum: number;
  readonly momentumSchedule: 'constant' | 'cosine';
  readonly anchorMomentumEnd: number;
  readonly steps: number;
}

/**
 * m of the anchor at a step: constant, or along half a cosine from its start to its end, which it reaches with the last
 * step: (1 − m) = α_end + ½·(α_start − α_end)·(1 + cos πt).
 * @param step steps made before this one, from 0
 * @source arXiv 2508.00410 (Co-rewarding-II, as released: 1 − m from 1e-2 to 1e-5)
 */
export function momentumAt(step: number, schedule: MomentumSchedule): number {
  const { anchorMomentum: start, anchorMomentumEnd: end, momentumSchedule, steps } = schedule;
  if (momentumSchedule === 'constant') return start;
  const progress = Math.min(1, step / Math.max(1, steps - 1));
  return end - ((end - start) * (1 + Math.cos(Math.PI * progress))) / 2;
}

/**
 * Steps after which the anchor has forgotten half of where it was: m^steps = 1/2.
 * 0.9 → 7, 0.99 → 69, 0.999 → 693; 0 for m = 0, Infinity for m = 1.
 */
export function anchorHalfLife(momentum: number): number {
  // For m = 0 the quotient is 0 by itself: ln 0 is −∞.
  return momentum >= 1 ? Infinity : Math.log(0.5) / Math.log(momentum);
}
