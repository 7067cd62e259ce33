import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { openCompletions } from '../../src/records/completions/open.ts';
import { openLog } from '../../src/records/import/open.ts';
import { type Contents, GrownFile } from '../../src/records/watched/grown.ts';

const encoder = new TextEncoder();

/** A file that changes between readings, and what was read of it. */
class Written {
  text = '';
  bytesRead = 0;

  get file() {
    const bytes = encoder.encode(this.text);
    return {
      size: bytes.length,
      read: (from: number, to: number) => {
        this.bytesRead += to - from;
        return Promise.resolve(bytes.slice(from, to));
      },
    };
  }
}

async function whole(text: string): Promise<Contents> {
  const bytes = encoder.encode(text);
  const completions = await openCompletions(bytes);
  return { completions, logs: completions === null ? await openLog('run.jsonl', bytes) : [] };
}

const either = (reading: Promise<Contents>): Promise<Contents | string> =>
  reading.catch((error: unknown) => {
    if (error instanceof LabError) return error.message;
    throw error;
  });

const verl = (step: number): string =>
  JSON.stringify({ step, data: { 'critic/score/mean': step / 7, 'actor/entropy': step % 5 ? 1 : null } });
const flat = (step: number): string => JSON.stringify({ 'train/step': step, reward: step / 7, note: 'ü–𝄞' });
const completion = (step: number): string =>
  JSON.stringify({ step, prompt: 'wie groß?', completion: `#${step} ü` });

describe('a file that grows, read again and again, holds what it holds when it is read whole', () => {
  it.each([
    ['of verl', verl],
    ['of any logger', flat],
    ['of completions', completion],
  ])('lines %s, cut anywhere, even within a character', async (_, line) => {
    const text = `${Array.from({ length: 12 }, (_, step) => line(step)).join('\n')}\n`;
    const length = encoder.encode(text).length;
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: length }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const grown = new GrownFile('run.jsonl');
        for (const cut of [...at.sort((a, b) => a - b), length]) {
          const bytes = encoder.encode(text).slice(0, cut);
          const file = {
            size: cut,
            read: (from: number, to: number) => Promise.resolve(bytes.slice(from, to)),
          };
          const asWhole = async (): Promise<Contents> => {
            const completions = await openCompletions(bytes);
            return { completions, logs: completions === null ? await openLog('run.jsonl', bytes) : [] };
          };
          expect(await either(grown.read(file))).toEqual(await either(asWhole()));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('and only what was appended is read', async () => {
    const written = new Written();
    const grown = new GrownFile('run.jsonl');
    const lines = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, i) => `${flat(from + i)}\n`).join('');
    written.text = lines(0, 5000);
    await grown.read(written.file);
    const before = written.bytesRead;
    written.text += lines(5000, 5010);
    const { logs } = await grown.read(written.file);
    expect(logs[0]?.rows).toBe(5010);
    // Ten lines, and what tells that the file is the same.
    expect(written.bytesRead - before).toBeLessThan(2000);
  });

  it.each([
    ['begun anew, and shorter', (text: string) => text.slice(0, 200).replaceAll('0.', '9.')],
    ['begun anew, and longer', (text: string) => text.replaceAll('0.', '9.') + text],
    ['cut down', (text: string) => text.split('\n').slice(0, 10).join('\n')],
    ['changed at its end', (text: string) => `${text.slice(0, -20)}${' '.repeat(19)}\n${flat(99)}\n`],
    ['replaced by another kind', () => 'a,b\n1,2\n3,4\n'],
    ['replaced by a document', () => '{"log_history": [{"step": 1, "reward": 0.5}]}'],
    ['going on as no JSON', (text: string) => `${text}Traceback (most recent call last):\n`],
    ['emptied', () => ''],
  ])('one that was %s is read from its beginning', async (_, change) => {
    const written = new Written();
    const grown = new GrownFile('run.jsonl');
    written.text = Array.from({ length: 50 }, (_, step) => `${flat(step)}\n`).join('');
    await grown.read(written.file);
    written.text = change(written.text);
    const expected = await either(whole(written.text));
    expect(await either(grown.read(written.file))).toEqual(expected);
    written.text += `${flat(60)}\n`;
    expect(await either(grown.read(written.file))).toEqual(await either(whole(written.text)));
  });
});
