import type { TextTokenizer } from '../model/tokenizer/huggingFace.ts';

/** What a decoder writes for bytes that are no whole character. */
const broken = '\uFFFD';

/**
 * What each token of a completion adds to its text, special tokens written out. A character that several tokens spell
 * stands with the last of them. [L]
 */
export function piecesOf(tokenizer: TextTokenizer, tokens: readonly number[]): string[] {
  // Decoders drop a space at the beginning: each token is read behind the one before it.
  let from = 0;
  return tokens.map((_, i) => {
    const before = tokenizer.decode(tokens.slice(from, i), true);
    const now = tokenizer.decode(tokens.slice(from, i + 1), true);
    if (now.endsWith(broken) && i - from < longestCharacter) return '';
    // From a token on that ends a character, the next one can be read.
    const start = before.replace(/\uFFFD+$/, '');
    from = i;
    return now.startsWith(start) ? now.slice(start.length) : tokenizer.decode([tokens[i] ?? 0], true);
  });
}

/** Tokens that one character has at most: its bytes. */
const longestCharacter = 4;
