import { describe, expect, it } from 'vitest';
import { answersOf, figuresOf, linesOf, type Said } from '../../src/asking/answers.ts';
import { piecesOf } from '../../src/asking/pieces.ts';
import { missWords, rangeWords } from '../../src/asking/price.ts';
import { parsePrompts, typedPrompts } from '../../src/asking/prompts.ts';
import { workDone, type Question } from '../../src/asking/question.ts';
import { positionsOf } from '../../src/bench/frozenPrice.ts';
import { completionOf } from '../../src/records/completions/completion.ts';
import type { TextTokenizer } from '../../src/model/tokenizer/huggingFace.ts';

const said = (prompt: number, text: string, ended = true): Said => ({
  ...{ prompt, text, truncated: !ended, tokens: Array.from(text, (_, i) => i) },
  logProbs: new Float32Array(text.length).fill(-1),
  entropies: new Float32Array(text.length).fill(0.5),
});

describe('prompts', () => {
  it('are typed a line each, or as JSON lines', () => {
    expect(typedPrompts('one\n\n two \n')).toEqual([
      { prompt: 'one', solution: null },
      { prompt: ' two ', solution: null },
    ]);
    expect(typedPrompts('{"question": "6·7?", "answer": "because\\n#### 42"}')).toEqual([
      { prompt: '6·7?', solution: '42' },
    ]);
    expect(() => typedPrompts(' \n')).toThrow(/no prompt/);
  });
  it('are refused by their line', () => {
    expect(() => parsePrompts('{"prompt": "1"}\n{"prompt": 2}', '"a.jsonl"')).toThrow(
      /Line 2 of "a\.jsonl" has no text named "prompt"/,
    );
  });
});

describe('answers', () => {
  const texts = [
    { prompt: 'a', solution: '1' },
    { prompt: 'b', solution: null },
    { prompt: 'c', solution: '3' },
  ];
  const all = [said(0, '#### 1'), said(0, '#### 1'), said(0, '#### 2', false), said(1, '#### 4')];
  const answered = answersOf(all, texts, undefined);
  it('belong to their prompts, also where a group was stopped under way or is not there', () => {
    const { each, all: figures } = figuresOf(answered);
    expect(answered.form).toBe('by ####');
    expect(each.map((of) => of?.vote ?? null)).toEqual(['1', '4', null]);
    expect(each[0]).toMatchObject({ agreement: 2 / 3, distinct: 2, accuracy: 2 / 3, voteRight: true });
    expect(each[2]).toBeNull();
    expect(figures).toMatchObject({
      agreement: (2 / 3 + 1) / 2,
      truncated: 1 / 4,
      accuracy: 2 / 3,
      passAny: 1,
    });
  });
  it('are exported as Watch reads them', () => {
    const lines = linesOf({ path: 'mine' }, all, answered, texts).map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    expect(lines.map(completionOf).map((of) => [of?.prompt, of?.answer])).toEqual([
      ['a', '1'],
      ['a', '1'],
      ['a', '2'],
      ['b', '4'],
    ]);
    expect(lines[2]).toMatchObject({ model: 'mine', truncated: true, solution: '1' });
  });
});

it('what tokens say adds up to the text, whatever spells a character and where a decoder drops a space', () => {
  const end = 256;
  const ids = [...new TextEncoder().encode(' a 語!'), end];
  // As decoders of Llama's family are: bytes, and no space at the beginning.
  const tokenizer: TextTokenizer = {
    encode: () => [],
    decode: (tokens) => {
      const bytes = new Uint8Array(tokens.filter((id) => id !== end));
      const text = new TextDecoder().decode(bytes).replace(/^ /, '');
      return tokens.at(-1) === end ? `${text}<end>` : text;
    },
  };
  const pieces = piecesOf(tokenizer, ids);
  expect(pieces).toEqual(['', 'a', ' ', '', '', '語', '!', '<end>']);
});

describe('the price', () => {
  it('is a range in words, and what was taken is held against it', () => {
    expect(rangeWords({ low: 0.0421, high: 0.0421 })).toBe('About 0.042 s');
    expect(rangeWords({ low: 2.12, high: 83 })).toBe('2.1 s to 1:23 min');
    expect(missWords(3, { low: 2, high: 4 })).toBe('measured before: 2.0 s to 4.0 s for as many, as it was');
    expect(missWords(6, { low: 2, high: 4 })).toMatch(/it took 50 % longer/);
    expect(missWords(1, { low: 2, high: 4 })).toMatch(/it took 50 % shorter/);
  });
  it('is held against the positions that were computed, not those there could have been', () => {
    expect([positionsOf(1, 256), positionsOf(17, 256), positionsOf(250, 250)]).toEqual([16, 32, 250]);
    const question = {
      ids: [[1, 2, 3], [4]],
      calls: [[{ prompt: 0, completion: 0 }], [{ prompt: 1, completion: 0 }]],
      capacity: { completions: 1 },
      maxTokens: 256,
    } as unknown as Question;
    expect(workDone(question, [said(0, 'twenty characters, ')])).toMatchObject({
      promptTokens: 3,
      positions: 32,
    });
    expect(workDone(question, [said(0, 'a'), said(1, 'b')])).toMatchObject({
      promptTokens: 4,
      positions: 32,
    });
  });
});
