/** Tokens in a row that count as a repeated piece: answers of a few digits hardly ever repeat three. */
const pieceLength = 3;

/**
 * Share of a completion's trigrams that it has said before: 1 − different ÷ all (seq-rep-3). NaN of fewer than 3 tokens.
 * @param tokens without the end token, [L]
 * @source arXiv 1908.04319
 */
export function repetition(tokens: readonly number[]): number {
  const pieces = tokens.length - pieceLength + 1;
  if (pieces < 1) return NaN;
  const different = new Set(
    Array.from({ length: pieces }, (_, at) => tokens.slice(at, at + pieceLength).join(' ')),
  );
  return 1 - different.size / pieces;
}
