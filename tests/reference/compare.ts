import { at, type Numbers } from './indexing.ts';

export interface Comparison {
  readonly ok: boolean;
  /** First index that disagrees; −1 when all agree or when the lengths differ. */
  readonly index: number;
  /** Largest |difference| / (1 + |expected|) over finite pairs. */
  readonly worst: number;
  /** One sentence with the first bad index and both numbers; empty when all agree. */
  readonly message: string;
}

/** d ≤ tolerance·(1 + |expected|), so that NaN fails; infinities match in sign only. */
function agrees(actual: number, expected: number, tolerance: number): boolean {
  if (Math.abs(expected) === Infinity) return actual === expected;
  return Math.abs(actual - expected) <= tolerance * (1 + Math.abs(expected));
}

/** Do two arrays agree element by element within `tolerance`, absolute near 0 and relative far from it? */
export function compare(actual: Numbers, expected: Numbers, tolerance: number): Comparison {
  if (actual.length !== expected.length) {
    const message = `${actual.length} numbers instead of ${expected.length}`;
    return { ok: false, index: -1, worst: Infinity, message };
  }
  let index = -1;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = at(actual, i);
    const e = at(expected, i);
    if (Number.isFinite(a) && Number.isFinite(e))
      worst = Math.max(worst, Math.abs(a - e) / (1 + Math.abs(e)));
    if (index < 0 && !agrees(a, e, tolerance)) index = i;
  }
  const message =
    index < 0
      ? ''
      : `index ${index}: ${at(actual, index)} instead of ${at(expected, index)} (tolerance ${tolerance})`;
  return { ok: index < 0, index, worst, message };
}
