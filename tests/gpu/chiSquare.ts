/** Σ (observed − expected)² ÷ expected over tokens expected at least five times, the rest as one. */
export function chiSquare(
  tokens: readonly number[],
  probabilities: ArrayLike<number>,
): { value: number; cells: number } {
  const cells: { observed: number; expected: number }[] = [{ observed: 0, expected: 0 }];
  Array.from(probabilities, (p, v) => {
    const cell = { observed: tokens.filter((token) => token === v).length, expected: p * tokens.length };
    const [rest] = cells;
    if (cell.expected >= 5 || rest === undefined) cells.push(cell);
    else
      Object.assign(rest, {
        observed: rest.observed + cell.observed,
        expected: rest.expected + cell.expected,
      });
  });
  const used = cells.filter(({ expected }) => expected > 0);
  const value = used.reduce((sum, { observed, expected }) => sum + (observed - expected) ** 2 / expected, 0);
  return { value, cells: used.length };
}

/** Above the mean of χ² by five standard deviations: never by chance, and seeds are fixed. */
export function limitOf(cells: number): number {
  return cells - 1 + 5 * Math.sqrt(2 * (cells - 1));
}
