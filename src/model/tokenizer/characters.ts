import { LabError } from '../../lib/labError.ts';
import { quote } from '../../lib/quote.ts';
import type { Tokenizer } from '../../spec/tokenizer.ts';

/** One character per token; the index is the token id. */
const vocabulary = '_0123456789+-*=#.,<>|ab';
const padToken = 0;
const endToken = vocabulary.indexOf('.');
const alphabet = vocabulary.slice(padToken + 1);

/** An id outside the vocabulary shows as '?', which no task parses. */
const pieceOf = (id: number): string => vocabulary[id] ?? '?';

/** The tokenizer of base models that read digits: 23 characters, '.' ends a completion. */
export const characters: Tokenizer = {
  size: vocabulary.length,
  endToken,
  padToken,
  alphabet,
  mostTokens: (length) => length,
  encode: (text) =>
    Array.from(text, (character) => {
      if (!alphabet.includes(character)) {
        throw new LabError(
          'bad-setting',
          `The model has no token for the character ${quote(character)}.`,
          `Use only ${alphabet}.`,
        );
      }
      return vocabulary.indexOf(character);
    }),
  pieces: (tokens) => Array.from(tokens, pieceOf),
  decode: (tokens) => {
    // Thousands of completions a step: no list for each.
    let text = '';
    for (const id of tokens) text += pieceOf(id);
    return text;
  },
};
