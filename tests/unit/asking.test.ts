import { describe, expect, it } from 'vitest';
import { Answering, answersOf, figuresOf, linesOf, saidOf, type Said } from '../../src/asking/answers.ts';
import { paced } from '../../src/asking/paced.ts';
import { piecesOf } from '../../src/asking/pieces.ts';
import { missWords, rangeWords } from '../../src/asking/price.ts';
import { parsePrompts, typedPrompts } from '../../src/asking/prompts.ts';
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
  it('have answers that are written as answers in completions are', () => {
    const known = (answer: string | number) =>
      parsePrompts(JSON.stringify({ prompt: '?', answer }), 'a')[0]?.solution;
    expect(['1,234', '72.0', '$5$', '\\text{yes}.', ' so ', 7, '#### 1,000.'].map(known)).toEqual([
      ...['1234', '72', '5', 'yes', 'so', '7', '1000'],
    ]);
    expect(known(' ')).toBe(null);
    const texts = parsePrompts('{"prompt": "?", "answer": "1,234.0"}', 'a');
    for (const [form, text] of [
      ['number', 'It is 1,234.'],
      ['boxed', '\\boxed{1{,}234}'],
      ['####', '#### 1234'],
      ['#…', '#1,234.'],
    ] as const) {
      const { all } = figuresOf(answersOf([said(0, text.replace('{,}', ','))], texts, form));
      expect(all.accuracy, form).toBe(1);
    }
  });
  it('are refused by their line', () => {
    expect(() => parsePrompts('{"prompt": "1"}\n{"prompt": 2}', '"a.jsonl"')).toThrow(
      /Line 2 of "a\.jsonl" has no text named "prompt"/,
    );
  });
});

describe('a countdown', () => {
  const line = { prompt: 'Make 24 of 3, 5 and 8.', answer: 24, numbers: [3, 5, 8] };
  const texts = parsePrompts(
    [line, { ...line, prompt: 'and of 8, 8 and 3', numbers: [8, 3, 8] }, { prompt: '2+2?', answer: 4 }]
      .map((each) => JSON.stringify(each))
      .join('\n'),
    'a',
  );
  const all = [
    ...['(8-5)*8', '3*8', '#### (8 - 5) * 3', '####3+5+8', '#### 8*3 = 24', '#### 24', '#### 8*(5-3)'].map(
      (text) => said(0, text),
    ),
    ...['#### 8*3-8', '#### 8+8+3'].map((text) => said(1, text)),
    ...['#### 4', '#### 2+2'].map((text) => said(2, text)),
  ];

  it('is answered by expressions with each number once, which count as what they come to', () => {
    const answered = answersOf(all, texts, '####');
    expect(answered.answers).toEqual([
      ...[null, null, '9', '16', null, null, '16'],
      ...['16', '19'],
      // Of other prompts answers are taken as they are written.
      ...['4', '2+2'],
    ]);
    expect(answered.figures[0]).toMatchObject({ vote: '16', voteRight: false });
    expect(
      answersOf([said(0, '\\boxed{3 \\times 5 + 8 + 1}'), said(0, '\\boxed{8\\cdot 3+5-5}')], texts, 'boxed')
        .answers,
    ).toEqual([null, null]);
  });

  it('may have its solution written as an answer', () => {
    const solution = (answer: string) => parsePrompts(JSON.stringify({ ...line, answer }), 'a')[0]?.solution;
    expect(['(8 - 5) * 8', '#### 3*8=24', '24', 'none'].map(solution)).toEqual(['24', '24', '24', 'none']);
  });

  it('is answered the same as completions become more, and by another form', () => {
    const answering = new Answering(texts, '####');
    for (let count = 1; count < all.length; count++) answering.find(all.slice(0, count));
    expect(answering.find(all)).toEqual(answersOf(all, texts, '####'));
  });

  it.each(['3, 5', [3], [3, -5], [3, 0.5], Array.from({ length: 17 }, () => 1), null, { 0: 3 }])(
    'is refused with numbers that are %j',
    (numbers) => {
      const text = JSON.stringify({ prompt: 'a', numbers });
      expect(() => parsePrompts(text, '"a.jsonl"')).toThrow(
        'Line 1 of "a.jsonl" has "numbers" that are no list of 2 to 16 whole numbers.',
      );
    },
  );
});

it('the text of a completion is made when it is first read, and remembered', () => {
  let decoded = 0;
  const tokenizer = { decode: (tokens: readonly number[]) => `${++decoded}: ${tokens.join(' ')}` };
  const { text: _, ...completion } = said(0, '12');
  const one = saidOf(tokenizer, 3, completion);
  expect([one.prompt, one.truncated, one.tokens, decoded]).toEqual([3, false, [0, 1], 0]);
  expect([one.text, one.text, decoded]).toEqual(['1: 0 1', '1: 0 1', 1]);
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
    const lines = Array.from(
      linesOf({ path: 'mine' }, all, answered, texts),
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

describe('as completions become more', () => {
  const texts = Array.from({ length: 200 }, (_, i) => ({ prompt: `${i}`, solution: `${i % 5}` }));
  /** A completion that tells whenever its text or its entropies are read. */
  const telling = (prompt: number, text: string, read: (what: string) => void): Said => ({
    ...{ prompt, tokens: [0], truncated: false, logProbs: new Float32Array(1) },
    get text() {
      read('text');
      return text;
    },
    get entropies() {
      read('entropies');
      return new Float32Array([prompt]);
    },
  });

  it('each is searched once, and figures are computed of the prompts that have others', () => {
    const read: string[] = [];
    const all = Array.from({ length: 800 }, (_, i) =>
      telling(Math.floor(i / 4), `#### ${i % 5}`, (what) => read.push(what)),
    );
    const answering = new Answering(texts, '####');
    const times = (what: string) => read.filter((each) => each === what).length;
    for (let count = 10; count <= 800; count += 10) answering.find(all.slice(0, count));
    const answered = answering.find(all);
    expect(times('text')).toBe(800);
    // Every other find cuts a group of four in two.
    expect(times('entropies')).toBeLessThan(1.5 * 800);
    expect(answered).toEqual(answersOf(all, texts, '####'));
  });

  it('another form finds others, in all of them', () => {
    const surest = Array.from({ length: 10 }, (_, i) => said(0, i < 3 ? `\\boxed{${i}} or 9` : 'is 7'));
    const answering = new Answering(texts, undefined);
    expect(answering.find(surest.slice(0, 4)).figures[0]).toMatchObject({ distinct: 3, noAnswer: 1 / 4 });
    const more = [...surest, ...Array.from({ length: 10 }, () => said(1, 'is 8'))];
    const all = answering.find(more);
    expect(all).toMatchObject({ form: 'as the last number' });
    expect(all.figures.slice(0, 3)).toMatchObject([{ vote: '7', noAnswer: 0 }, { vote: '8' }, null]);
    expect(all).toEqual(answersOf(more, texts, undefined));
  });
});

it('what is done at most so often leaves as much time in between, however long it takes', () => {
  let at = 0;
  let done = 0;
  const often = paced(() => at, 1000);
  const work = () => {
    done++;
    at += 5000;
  };
  for (let time = 0; time < 10; time++) {
    often(work);
    at += 100;
  }
  expect(done).toBe(1);
  at += 100;
  often(work);
  expect(done).toBe(2);
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
});
