import { LabError } from '../lib/labError.ts';

/** One character per token, shared by all tasks; the index is the token id. */
export const vocabulary = '_0123456789+-*=#.,<>|ab';
/** Pads batches; never sampled as part of an answer. */
export const padToken = 0;
/** '.', ends a completion. */
export const endToken = vocabulary.indexOf('.');

/** Text → token ids. Throws on a character outside the vocabulary. */
export function encode(text: string): number[] {
  return Array.from(text, (character) => {
    const id = vocabulary.indexOf(character);
    if (id < 0) {
      throw new LabError(
        'bad-setting',
        `The character "${character}" is not in the vocabulary "${vocabulary}".`,
        'Use only its characters.',
      );
    }
    return id;
  });
}

/** Token ids → text; an id outside the vocabulary shows as '?', which no task parses. */
export function decode(tokens: Iterable<number>): string {
  return Array.from(tokens, (id) => vocabulary[id] ?? '?').join('');
}
