/** Longer words than any that is known are compared by their beginning. */
const longest = 60;

/** Up to three known words that are spelled like a given one, the nearest first. */
export function nearest(given: string, known: readonly string[]): readonly string[] {
  const word = given.slice(0, longest);
  return known
    .map((each) => ({
      each,
      distance: each.includes(word) || word.includes(each) ? 1 : editDistance(word, each),
    }))
    .filter(({ distance }) => word !== '' && distance <= Math.max(2, word.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ each }) => each);
}

/** Insertions, deletions and replacements between two words. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
