import { afterEach, expect, it, vi } from 'vitest';
import type { Said } from '../../src/asking/answers.ts';
import type { AskedModel } from '../../src/asking/model.ts';
import { mostListed, mostShown } from '../../src/asking/protocol.ts';
import { Sayings } from '../../src/asking/sayings.ts';
import type { TextTokenizer } from '../../src/model/tokenizer/huggingFace.ts';

const tokenizer: TextTokenizer = { encode: () => [], decode: (tokens) => tokens.join(' ') };
const model = { path: 'mine', tokenizer } as AskedModel;

/** A completion that counts how often its text is asked for. */
function said(prompt: number, text: string, read: () => void = () => undefined): Said {
  return {
    ...{ prompt, tokens: [1, 2], truncated: false },
    ...{ logProbs: new Float32Array(2), entropies: new Float32Array(2) },
    get text() {
      read();
      return text;
    },
  };
}
const texts = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ prompt: `${i}`, solution: null }));

afterEach(() => {
  vi.unstubAllGlobals();
});

it('completions are exported one after another, in parts of some megabytes', async () => {
  const long = 'a'.repeat(2 ** 20);
  let read = 0;
  const all = Array.from({ length: 12 }, (_, i) => said(i, `${long} #### ${i}`, () => read++));
  const sayings = new Sayings([model], texts(12), '####');
  sayings.take(0, all, []);
  sayings.find();
  read = 0;
  const lines = sayings.lines();
  expect(JSON.parse(String(lines.next().value))).toMatchObject({ model: 'mine', prompt: '0', answer: '0' });
  expect(read).toBe(1);

  const parts: number[] = [];
  const Plain = Blob;
  vi.stubGlobal(
    'Blob',
    class extends Plain {
      constructor(of: (string | Blob)[], options?: BlobPropertyBag) {
        for (const part of of) if (typeof part === 'string') parts.push(part.length);
        super(of, options);
      }
    },
  );
  const text = await sayings.file().text();
  expect(text.trim().split('\n')).toHaveLength(12);
  expect(parts.length).toBeGreaterThan(1);
  expect(Math.max(...parts)).toBeLessThan(2 ** 23);
});

it('figures are told of the prompts that are listed, and of all together', () => {
  const count = mostListed + 100;
  const sayings = new Sayings([model], texts(count), '####');
  sayings.take(
    0,
    Array.from({ length: count }, (_, i) => said(i, `#### ${i}`)),
    [],
  );
  const [answers] = sayings.find();
  expect(answers?.each).toHaveLength(mostListed);
  expect(answers?.all.topLabelShare).toBeCloseTo(1 / count, 12);
  // The vote of one that is shown is told with it.
  expect(sayings.to(count - 1)[0]?.vote).toBe(String(count - 1));
});

it('of many completions of a prompt so many are written out as are shown; all of them vote', () => {
  let decoded = 0;
  const counting: TextTokenizer = {
    ...tokenizer,
    decode: (tokens) => {
      decoded++;
      return tokens.join(' ');
    },
  };
  const sayings = new Sayings([{ ...model, tokenizer: counting }], texts(2), '####');
  const [mine, underWay] = [Array.from({ length: 300 }, (_, i) => said(1, `#### ${i % 3}`)), said(1, '####')];
  sayings.take(0, [said(0, '#### 9'), ...mine], [underWay]);
  sayings.find();
  const [shown] = sayings.to(1);
  expect(shown).toMatchObject({ name: 'mine', count: 301 });
  expect(shown?.completions).toHaveLength(mostShown);
  expect(shown?.answers).toEqual(mine.map((_, i) => String(i % 3)));
  // Of each piece what stands before it, and it.
  expect(decoded).toBe(mostShown * 2 * 2);
  // One that is being written stands behind those that are complete.
  sayings.take(0, mine.slice(0, 2), [underWay]);
  expect(sayings.to(1)[0]?.completions.map(({ pieces }) => pieces.length)).toEqual([2, 2, 0]);
});
