import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { models } from '../../src/model/models.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { parseTokenizer, tokenizerJson, tokenizers } from '../../src/model/tokenizer/labTokenizers.ts';
import { syllables } from './syllables.ts';

describe.each([
  ...Object.entries(models).map(([name, { tokenizer }]) => [name, tokenizer] as const),
  ['syllables', syllables] as const,
])('the tokenizer of %s', (_, tokenizer) => {
  it('decodes any tokens to their pieces, one after another', () => {
    const ids = fc.array(fc.nat(tokenizer.size - 1));
    fc.assert(
      fc.property(ids, (tokens) => {
        expect(tokenizer.pieces(tokens)).toHaveLength(tokens.length);
        expect(tokenizer.pieces(tokens).join('')).toBe(tokenizer.decode(tokens));
        expect(tokenizer.pieces(Uint32Array.from(tokens))).toEqual(tokenizer.pieces(tokens));
      }),
    );
  });

  it('gives back what it encodes, without padding and in no more tokens than it says', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from(tokenizer.alphabet ?? '12#=. \n')) });
    fc.assert(
      fc.property(text, (written) => {
        const tokens = tokenizer.encode(written);
        expect(tokenizer.decode(tokens)).toBe(written);
        expect(tokens).not.toContain(tokenizer.padToken);
        expect(tokens.length).toBeLessThanOrEqual(tokenizer.mostTokens(written.length));
      }),
    );
  });
});

it('has a token for each of 23 characters, and shows an id that is none as one that no task parses', () => {
  expect(characters.size).toBe(23);
  expect(characters.alphabet).toHaveLength(22);
  expect(characters.encode('0#.')).toEqual([1, 15, characters.endToken]);
  expect(characters.decode([1, 99, characters.padToken])).toBe('0?_');
  for (const foreign of ['x', '_', 'ä', '😀']) {
    try {
      characters.encode(`1${foreign}`);
      expect.unreachable();
    } catch (error) {
      expect((error as LabError).code).toBe('bad-setting');
      expect((error as LabError).message).toContain(`"${foreign}"`);
    }
  }
});

it.each(Object.entries(tokenizers))('%s is read back from the file that it writes', (_, tokenizer) => {
  expect(parseTokenizer(JSON.parse(tokenizerJson(tokenizer)))).toBe(tokenizer);
});
