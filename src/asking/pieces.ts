import type { TextTokenizer } from '../model/tokenizer/huggingFace.ts';

/** What a decoder writes for bytes that are no whole character. */
const broken = '\uFFFD';

/**
 * What each token of a completion adds to its text, special tokens written out. A character that several tokens spell
 * stands with the last of them. [L]
 */
export function piecesOf(tokenizer: TextTokenizer, tokens: readonly number[]): string[] {
  // Decoders drop a space at the beginning: each character is read behind the one before it.
  let [before, own] = [0, 0];
  return tokens.map((token, i) => {
    const known = tokenizer.decode(tokens.slice(before, own), true);
    const now = tokenizer.decode(tokens.slice(before, i + 1), true);
    if (now.endsWith(broken) && i - own + 1 < longestCharacter) return '';
    [before, own] = [own, i + 1];
    return now.startsWith(known) ? now.slice(known.length) : tokenizer.decode([token], true);
  });
}

/** Tokens that one character has at most: its bytes. */
const longestCharacter = 4;
