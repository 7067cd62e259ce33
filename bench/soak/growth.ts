/** How much something may grow from the settled beginning of a stretch to its end. */
export interface Bound {
  /** Of what it was. */
  readonly share: number;
  /** And so many bytes beside, which a collection of garbage leaves or not. */
  readonly bytes: number;
}

/** How something grew. */
export interface Growth {
  /** Bytes: the median of what was seen in the second eighth, and in the last quarter. */
  readonly from: number;
  readonly to: number;
  /** Of all that was seen. */
  readonly most: number;
  readonly bounded: boolean;
}

/** Fewer looks than this say nothing of growth. */
const leastLooks = 8;

/**
 * Judges what was seen over a stretch, at even distances. The first eighth settles: parts of the page are loaded, and
 * code is compiled. @returns null where it is too little to judge
 */
export function growthOf(seen: readonly number[], { share, bytes }: Bound): Growth | null {
  const known = seen.filter((each) => Number.isFinite(each));
  if (known.length < leastLooks) return null;
  const eighth = Math.floor(known.length / 8);
  const from = median(known.slice(eighth, Math.max(2 * eighth, eighth + 2)));
  const to = median(known.slice(-2 * eighth));
  return { from, to, most: Math.max(...known), bounded: to <= (1 + share) * from + bytes };
}

/** The lower one of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? NaN;
}
