import { LabError } from '../../lib/labError.ts';
import { quote } from '../../lib/quote.ts';
import type { Tokenizer } from '../../spec/tokenizer.ts';

/** What a text is cut into before pairs are joined: a word with the space before it, every other character by itself. */
export const parts = / ?[a-zA-Z]+|[^a-zA-Z]/g;

/**
 * Byte-pair encoding (Sennrich et al., arXiv 1508.07909) of a few characters: within a part, the two neighbours that
 * make the piece which was learned first are joined, as long as there are any.
 * @param given padding, then characters, then the pieces of several, in the order in which they were learned
 */
export function bytePairs(given: readonly string[]): Tokenizer {
  const [padding = ''] = given;
  const ids = new Map(given.map((piece, id) => [piece, id]));
  const alphabet = given.filter((piece, id) => id > 0 && piece.length === 1).join('');
  const known = new Map<string, readonly number[]>();

  const encodePart = (part: string): readonly number[] => {
    const found = known.get(part);
    if (found !== undefined) return found;
    const pieces = Array.from(part, (character) => {
      if (alphabet.includes(character)) return character;
      throw new LabError(
        'bad-setting',
        `The model has no token for the character ${quote(character)}.`,
        `Use only ${alphabet}.`,
      );
    });
    for (;;) {
      const joins = pieces.slice(1).map((piece, at) => ids.get(`${pieces[at] ?? ''}${piece}`) ?? Infinity);
      const first = Math.min(...joins);
      if (first === Infinity) break;
      pieces.splice(joins.indexOf(first), 2, given[first] ?? '');
    }
    const tokens = pieces.map((piece) => ids.get(piece) ?? 0);
    // The words of a language are few; those that somebody types need not be kept.
    if (known.size < mostKnown) known.set(part, tokens);
    return tokens;
  };

  const pieceOf = (id: number): string => given[id] ?? '?';
  return {
    size: given.length,
    endToken: ids.get('.') ?? 0,
    padToken: ids.get(padding) ?? 0,
    alphabet,
    mostTokens: (length) => length,
    encode: (text) => Array.from(text.matchAll(parts), ([part]) => encodePart(part)).flat(),
    pieces: (tokens) => Array.from(tokens, pieceOf),
    decode: (tokens) => {
      let text = '';
      for (const id of tokens) text += pieceOf(id);
      return text;
    },
  };
}

const mostKnown = 10_000;

/**
 * The pieces that occur most often in texts, each of two that are pieces already.
 * @param begin padding and characters @param size of the vocabulary, those included
 * @returns all of them, in the order in which they were learned; fewer where no pair occurs twice
 */
export function learnPieces(
  texts: readonly string[],
  begin: readonly string[],
  size: number,
): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const [part] of text.matchAll(parts)) counts.set(part, (counts.get(part) ?? 0) + 1);
  const words = Array.from(counts, ([part, count]) => ({ pieces: Array.from(part), count }));
  const learned = [...begin];
  while (learned.length < size) {
    const pairs = new Map<string, number>();
    for (const { pieces, count } of words) {
      for (let at = 1; at < pieces.length; at++) {
        const joined = `${pieces[at - 1] ?? ''}${pieces[at] ?? ''}`;
        pairs.set(joined, (pairs.get(joined) ?? 0) + count);
      }
    }
    // Of those that occur as often, the one that comes first in the order of characters.
    const [best] = [...pairs].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    if (best === undefined || best[1] < 2) break;
    const [piece] = best;
    learned.push(piece);
    for (const { pieces } of words) {
      for (let at = 1; at < pieces.length; at++) {
        if (`${pieces[at - 1] ?? ''}${pieces[at] ?? ''}` === piece) pieces.splice(at - 1, 2, piece);
      }
    }
  }
  return learned;
}
