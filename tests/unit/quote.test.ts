import { expect, it } from 'vitest';
import { excerpt, mostQuoted, quote, quotePath, saidBy } from '../../src/lib/quote.ts';

it('quotes what was given, no longer than a line and without what a terminal obeys', () => {
  expect(quote('0,5')).toBe('"0,5"');
  expect(quote(7)).toBe('7');
  expect(quote(null)).toBe('null');
  expect(quote(undefined)).toBe('undefined');
  expect(quote([1])).toBe('a list');
  expect(quote({ toString: () => 'no' })).toBe('an object');
  expect(quote('\u001b[31m\u0007\u202e\u0085\ud800')).toBe(
    String.raw`"\u{1b}[31m\u{7}\u{202e}\u{85}\u{d800}"`,
  );
  expect(quote('x'.repeat(1e6))).toBe(`"${'x'.repeat(mostQuoted)}…" (1000000 characters)`);
  expect(excerpt('12345', 5)).toBe('12345');
  expect(excerpt('123456', 5)).toBe('12345…');
  // Never half a character.
  expect(excerpt('😀😀😀', 2)).toBe('😀😀…');
});

it('quotes the end of a long path', () => {
  expect(quotePath('runs/a.jsonl')).toBe('"runs/a.jsonl"');
  expect(quotePath(`/${'x'.repeat(1e6)}/a.jsonl`)).toBe(`"…${'x'.repeat(mostQuoted - 8)}/a.jsonl"`);
  expect(quotePath('😀'.repeat(mostQuoted))).toBe(`"${'😀'.repeat(mostQuoted)}"`);
});

it('says what an error says, or whatever was thrown instead', () => {
  expect(saidBy(new Error('no such luck.'))).toBe('no such luck');
  expect(saidBy('gone')).toBe('gone');
  expect(saidBy({ message: 'x' })).toBe('an object');
  expect(saidBy(new Error(`a\nb${'c'.repeat(1e6)}`)).length).toBeLessThan(3 * mostQuoted);
});
