import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { adapterFolder, tinyFolder } from '../fixtures/elsewhere.ts';
import { command } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-ask-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const prompts = join(folder, 'prompts.jsonl');
const asked = ['53142=', '90817=', '66350='];
const sorted = ['12345', '01789', '03566'];
writeFileSync(
  prompts,
  asked
    .map((prompt, i) => `${JSON.stringify({ prompt, answer: i === 2 ? undefined : sorted[i] })}\n`)
    .join(''),
);
const model = 'public/models/sort-64-early';

/** A small model of random weights that reads any text: all but digits as one and the same token. */
function anyReader(name: Parameters<typeof tinyFolder>[0]): string {
  const base = join(folder, name);
  cpSync(tinyFolder(name), base, { recursive: true });
  const { vocab_size } = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8')) as {
    vocab_size: number;
  };
  const letters = '_0123456789=';
  const vocab = Object.fromEntries(
    Array.from({ length: vocab_size }, (_, id) => [letters[id] ?? `⟨${String(id)}⟩`, id]),
  );
  const split = { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false };
  writeFileSync(
    join(base, 'tokenizer.json'),
    JSON.stringify({
      version: '1.0',
      ...{ truncation: null, padding: null, normalizer: null, post_processor: null, added_tokens: [] },
      ...{ pre_tokenizer: split, decoder: { type: 'Fuse' } },
      model: { type: 'WordLevel', vocab, unk_token: '_' },
    }),
  );
  return base;
}
const base = anyReader('tiny-qwen3');

interface Line {
  readonly model: string;
  readonly prompt: string;
  readonly completion: string;
  readonly answer: string | null;
  readonly tokens: readonly number[];
  readonly entropies: readonly number[];
  readonly log_probs: readonly number[];
}

it('asks a base model of the lab: answers, votes, entropies a token, and another model beside it', async () => {
  const out = join(folder, 'out.jsonl');
  const said = await command(
    ...['ask', '--model', model, '--prompts', prompts, '--against', 'public/models/sort-48'],
    ...['--group-size', '12', '--max-tokens', '10', '--rows', '8', '--answer', '#…', '--out', out],
  );
  expect(said).toMatchObject({ code: 0, stderr: '' });
  const { stdout } = said;
  expect(stdout).toContain('GPU memory: ');
  expect(stdout).toMatch(/\d s here, by what was timed just now/);
  const lines = readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(lines).toHaveLength(2 * 3 * 12);
  const mine = lines.filter((line) => line.model === model);
  for (const { tokens, entropies, log_probs, completion, answer } of mine) {
    expect([entropies.length, log_probs.length]).toEqual([tokens.length, tokens.length]);
    const plain = /^#(\d+)\.$/.exec(completion)?.[1];
    if (plain !== undefined) expect(answer).toBe(plain);
  }
  // Each prompt's group as it was printed: its most frequent answer, and how many gave it.
  const group = mine.slice(0, 12).map(({ answer }) => answer);
  expect(mine.slice(0, 12).every(({ prompt }) => prompt === asked[0])).toBe(true);
  const counts = new Map<string, number>();
  for (const answer of group) if (answer !== null) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const most = Math.max(...counts.values());
  expect(stdout).toMatch(new RegExp(`53142= +\\d+ +${(most / 12).toFixed(3)}`));
  const right = mine.slice(0, 24).filter(({ answer }, i) => answer === sorted[Math.floor(i / 12)]).length;
  expect(stdout).toContain(`right: ${(right / 24).toFixed(3)} of completions`);
  expect(stdout).toMatch(/answer overlap \d\.\d+/);
  const [, forth = '', back = ''] =
    /KL\(first ‖ second\) ([\d.]+), KL\(second ‖ first\) ([\d.]+)/.exec(stdout) ?? [];
  expect(Number(forth)).toBeGreaterThan(0.01);
  expect(Number(back)).toBeGreaterThan(0.01);
});

it('what was said is in the file where what comes after fails', async () => {
  const out = join(folder, 'kept.jsonl');
  const { code, stdout, stderr } = await command(
    ...['ask', '--model', base, '--against', anyReader('tiny-qwen2'), '--prompts', prompts],
    ...['--group-size', '2', '--max-tokens', '4', '--out', out],
  );
  expect(code).toBe(2);
  // KL is between distributions over the same tokens.
  expect(stderr).toMatch(/One model has \d+ tokens/);
  expect(stdout).toMatch(/tiny-qwen2: answers /);
  expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(2 * 3 * 2);
});

it('gives the same completions again, however many are in flight', async () => {
  const runs = await Promise.all(
    ['36', '5'].map(async (rows) => {
      const out = join(folder, `rows-${rows}.jsonl`);
      const { code } = await command(
        ...['ask', '--model', model, '--prompts', prompts, '--group-size', '4', '--max-tokens', '10'],
        ...['--rows', rows, '--seed', '3', '--out', out],
      );
      expect(code).toBe(0);
      return readFileSync(out, 'utf8');
    }),
  );
  expect(runs[1]).toBe(runs[0]);
});

it('asks a model through a LoRA adapter, and compares it with its base and with another adapter', async () => {
  const ask = (...flags: string[]) =>
    command(
      ...['ask', '--model', base, '--prompts', prompts, '--group-size', '2', '--max-tokens', '6'],
      ...['--adapter', adapterFolder, ...flags],
    );
  const withBase = await ask('--against', base);
  expect(withBase).toMatchObject({ code: 0, stderr: '' });
  expect(withBase.stdout).toContain('; an adapter of rank 4 on q_proj, k_proj, v_proj');
  const kl = (stdout: string) => Number(/KL\(first ‖ second\) ([\d.]+)/.exec(stdout)?.[1]);
  expect(kl(withBase.stdout)).toBeGreaterThan(0.001);
  const withItself = await ask('--against-adapter', adapterFolder);
  expect(withItself.code).toBe(0);
  expect(kl(withItself.stdout)).toBe(0);
});

describe('refuses in words', () => {
  const bad = join(folder, 'bad.jsonl');
  writeFileSync(bad, '{"prompt": "1="}\n{"text": "2="}\n');
  it.each<[string, string[], RegExp]>([
    ['no model', ['--prompts', prompts], /--model is missing/],
    ['a folder that is none', ['--model', 'nowhere', '--prompts', prompts], /"nowhere" is no folder/],
    ['a folder without a model', ['--model', 'docs', '--prompts', prompts], /has no config\.json/],
    [
      'prompts without a prompt',
      ['--model', model, '--prompts', bad],
      /Line 2 of ".*bad\.jsonl" has no text named "prompt"/,
    ],
    [
      'weights of a kind there is none',
      ['--model', model, '--prompts', prompts, '--weights', 'int3'],
      /--weights can't be "int3"/,
    ],
    [
      'a form that is no pattern',
      ['--model', model, '--prompts', prompts, '--answer', '('],
      /Answers can’t be found by "\("/,
    ],
    [
      'more memory than there is',
      ['--model', model, '--prompts', prompts, '--memory', '0.005'],
      /This needs \d\.\d MB, and there are 5\.0 MB\.\nWith --rows 8 it would need [1-4]\.\d MB\./,
    ],
  ])('%s', async (_, flags, words) => {
    const { code, stderr } = await command('ask', ...flags);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
  });
});

describe('problems are drawn', () => {
  const draw = (...flags: string[]) => command('prompts', '--kind', 'arithmetic', ...flags);

  it('at the level that is said, or the one that fits a model, where there is one', async () => {
    const out = join(folder, 'drawn.jsonl');
    const drawn = await draw('--level', '1', '--count', '20', '--out', out);
    expect(drawn).toMatchObject({ code: 0, stderr: '' });
    const lines = readFileSync(out, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(20);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      prompt: expect.stringMatching(/^What is \d [+−·] \d\? Write the answer behind ####\.$/) as string,
      answer: expect.stringMatching(/^\d+$/) as string,
    });
    const fitted = await draw('--fit', model, '--max-tokens', '4', '--out', join(folder, 'fitted.jsonl'));
    expect(fitted.code).toBe(2);
    // One that knows nothing is asked the easiest problems alone.
    expect(fitted.stdout).toMatch(/level 1: \.\d\d of 64 completions right, (\.\d\d|1\.00) cut off\n$/);
    expect(fitted.stderr).toMatch(
      /^No level of it fits this model: between \.20 and \.60 .*\n.*a larger model/,
    );
    expect(existsSync(join(folder, 'fitted.jsonl'))).toBe(false);
  });

  it('and what can’t be is refused in words', async () => {
    const out = ['--out', join(folder, 'refused.jsonl')];
    for (const [flags, words] of [
      [['--level', '7'], /--level can't be "7"/],
      [['--level', '2', '--fit', model], /--level and --fit both say which level/],
      [['--level', '1', '--count', '5000'], /Level 1 of arithmetic gave \d+ different problems/],
      [['--fit', 'nowhere'], /"nowhere" is no folder/],
    ] as const) {
      const { code, stderr } = await draw(...flags, ...out);
      expect(code, flags.join(' ')).toBe(2);
      expect(stderr).toMatch(words);
    }
  });
});
