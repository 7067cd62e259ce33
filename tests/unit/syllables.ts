import type { Tokenizer } from '../../src/spec/tokenizer.ts';

/** Texts by id: an end without text, digits and their pairs, the marks of an answer, a space, a line end. */
const texts = ['', '1', '2', '12', '#', '.', '#1', ' ', '\n', '2=', '='];

/** A tokenizer such as no base model has yet: tokens of several characters, and one of none that ends a completion. */
export const syllables: Tokenizer = {
  size: texts.length,
  endToken: 0,
  padToken: 0,
  alphabet: null,
  mostTokens: (characters) => characters,
  encode: (text) => {
    const tokens: number[] = [];
    for (let at = 0; at < text.length;) {
      const fits = texts.filter((piece) => piece !== '' && text.startsWith(piece, at));
      const longest = fits.toSorted((a, b) => b.length - a.length)[0];
      if (longest === undefined) throw new RangeError(`no token for ${text.slice(at)}`);
      tokens.push(texts.indexOf(longest));
      at += longest.length;
    }
    return tokens;
  },
  pieces: (tokens) => Array.from(tokens, (id) => texts[id] ?? '?'),
  decode: (tokens) => syllables.pieces(tokens).join(''),
};
