/** Share of right completions between which a level has something to learn from and something left to learn. */
export const fittingShares = [0.2, 0.6] as const;

/** What a model makes of a level. */
export interface TriedLevel {
  readonly level: number;
  /** Share of right completions (pass@1). */
  readonly right: number;
}

/**
 * Tries levels from the easiest on, until one is too hard: of the harder ones less would be right.
 * @returns all that were tried, and of those in the range the one nearest its middle; null where none is
 */
export async function fitLevel(
  [easiest, hardest]: readonly [number, number],
  rightAt: (level: number) => Promise<number>,
): Promise<{ readonly tried: readonly TriedLevel[]; readonly level: number | null }> {
  const [least, most] = fittingShares;
  const tried: TriedLevel[] = [];
  for (let level = easiest; level <= hardest; level++) {
    const right = await rightAt(level);
    tried.push({ level, right });
    if (right < least) break;
  }
  const far = ({ right }: TriedLevel) => Math.abs(right - (least + most) / 2);
  const [best] = tried
    .filter(({ right }) => right >= least && right <= most)
    .sort((a, b) => far(a) - far(b) || a.level - b.level);
  return { tried, level: best?.level ?? null };
}
