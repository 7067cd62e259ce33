import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { waitMs } from '../patience.ts';
import { command, runsIn, smallRun, start } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-output-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const file = (name: string): string => join(folder, name);
const waiting = { timeout: waitMs, interval: 50 };
const left = () => readdirSync(folder).filter((name) => name.startsWith('.'));

/** Evaluated at step 0 and then not for long. */
const endless = (preset: string): readonly string[] => [
  ...['--preset', preset, '--steps', '100000', '--prompts-per-step', '2', '--group-size', '4', '--seed', '7'],
  ...['--eval-every', '1000', '--eval-prompts', '2', '--eval-majority-prompts', '0'],
];

const lines = (path: string): number =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').length : 0;

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s lets the step end and the record with a summary that says what it is from',
  async (signal, status) => {
    const out = file(`${signal}.jsonl`);
    const { child, done } = start(['train', ...endless('entropy'), '--out', out]);
    await vi.waitUntil(() => lines(out) > 4 || child.exitCode !== null, waiting);
    child.kill(signal);
    const { code, stdout, stderr } = await done;
    expect({ code, stderr }).toEqual({ code: status, stderr: '' });
    expect(stdout).toMatch(/^SRT, seed 7: .*, stopped after \d+ steps, evaluated last after 0: /);
    expect(stdout).not.toMatch(/final|held/);
    // The second lane is not begun.
    const runs = runsIn(out);
    expect(runs).toHaveLength(1);
    const [run] = runs;
    if (run === undefined) throw new Error('no run');
    const { rows, summary } = run;
    expect(rows.map(({ step }) => step)).toEqual(rows.map((_, step) => step));
    expect(summary).toMatchObject({
      steps: rows.length - 1,
      finalStep: 0,
      final: rows[0]?.['eval/sampled'],
      stopped: 'Interrupted before its last step.',
    });
    expect(left()).toEqual([]);
    const replayed = await command('replay', out);
    expect(replayed).toMatchObject({ code: 0, stderr: '' });
  },
);

/** Refused before a device is opened, which takes longer than this and needs one: none is found here. */
function refused(...args: readonly string[]) {
  return start(args, undefined, { LAB_VK_ICD: file('no driver.json') }).done;
}

describe('nothing is destroyed: exit status 2, in words, before the device is opened', () => {
  const mine = '{"prompt": "31="}\n{"prompt": "42="}\n{"prompt": "53="}\n';

  it.each<[string, (path: string) => string[], string]>([
    ['a file that is there', (path) => ['train', '--out', path], 'there already'],
    [
      'the prompts',
      (path) => ['train', '--prompts', `@${path}`, '--out', path, '--force'],
      'this command reads it',
    ],
    ['a record as TRL’s', (path) => ['asTrl', path, path, '--force'], 'this command reads it'],
  ])('%s', async (name, args, words) => {
    const path = file(`${name}.jsonl`);
    writeFileSync(path, mine);
    const { code, stdout, stderr } = await refused(...args(path));
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(readFileSync(path, 'utf8')).toBe(mine);
  });

  it.each<[string, string[], string]>([
    ['the base model that ships', ['pretrain', '--task', 'sort', '--hidden', '48'], 'there already'],
    [
      'a file of the model',
      ['train', '--preset', 'duel', '--out', 'public/models/sort-48/README.md', '--force'],
      'reads it',
    ],
    ['a folder', ['train', '--out', folder, '--force'], 'it is a folder'],
    ['an empty name', ['train', '--out='], 'a file has a name'],
    ['300 characters', ['train', '--out', file('n'.repeat(300))], 'name too long'],
    ['a folder that is none', ['pretrain', '--out', 'package.json', '--force'], 'no folder'],
    ['a stray word: train', ['train', 'duel'], 'Unexpected "duel"'],
    ['a stray word: replay', ['replay', 'a.jsonl', 'b.jsonl'], 'Unexpected "b.jsonl"'],
    ['a stray word: pretrain', ['pretrain', 'sort'], 'Unexpected "sort"'],
    ['a stray word: bench', ['bench', '20'], 'Unexpected "20"'],
    ['a stray word: doctor', ['doctor', 'all'], 'Unexpected "all"'],
    ['a stray word: docs', ['docs', 'README.md'], 'Unexpected "README.md"'],
    ['a word too few: replay', ['replay'], 'needs the file of a record'],
    ['an unknown flag: doctor', ['doctor', '--fix'], 'no flag "--fix"'],
    ['half a step: train', ['train', '--steps', '1.5'], 'whole number'],
    ['half a lane', ['train', '--lane', '1.5'], 'whole number'],
    ['half a step: pretrain', ['pretrain', '--steps', '2.5'], 'whole number from 1'],
    ['half a width', ['pretrain', '--hidden', '48.5'], 'whole number from 8'],
    ['half as many heads', ['pretrain', '--heads', '5'], "--heads can't be 5"],
    ['other shapes', ['pretrain', '--from', 'x', '--hidden', '64'], '--hidden has no effect with --from'],
    ['a tokenizer that is none', ['pretrain', '--tokenizer', 'bytes'], 'Choose one of characters, words'],
    ['half a level', ['pretrain', '--levels', '2.5:1'], '"2.5:1"'],
    [
      'int8 of the lab’s models: bench',
      ['bench', '--weights', 'int8'],
      '--weights has no effect without --model',
    ],
    [
      'steps of a model: bench',
      ['bench', '--model', 'x', '--steps', '5'],
      '--steps has no effect with --model',
    ],
    ['half a step: bench', ['bench', '--steps', '20.5'], 'whole number from 3'],
  ])('%s', async (_, args, words) => {
    const { code, stdout, stderr } = await refused(...args);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/^\s+at |driver/m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('what another command writes', async () => {
    const out = file('both.jsonl');
    const { child, done } = start(['train', ...endless('entropy'), '--out', out]);
    await vi.waitUntil(() => lines(out) > 2 || child.exitCode !== null, waiting);
    const { code, stderr } = await refused('train', '--out', out, '--force');
    expect(stderr).toContain(`process ${child.pid} of `);
    expect(code).toBe(2);
    child.kill('SIGTERM');
    expect((await done).code).toBe(143);
    expect(runsIn(out)).toHaveLength(1);
  });
});

describe('a write that fails: exit status 2, one sentence', () => {
  it('a device that is full', async () => {
    const { code, stderr, stdout } = await command(
      'train',
      '--preset',
      'srt',
      ...smallRun,
      '--out',
      '/dev/full',
    );
    expect(stderr.trim().split('\n')).toEqual([
      '"/dev/full" can\'t be written further: no space left on device. What it holds may end within a line.',
      'Make room, or name a file elsewhere, and start again.',
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  const canLimit = spawnSync('prlimit', ['--version']).status === 0;

  it.skipIf(!canLimit)('a disk that is full leaves a record that is replayed', async () => {
    const out = file('full.jsonl');
    const { child, done } = start(['train', ...endless('srt'), '--out', out]);
    await vi.waitUntil(() => lines(out) > 3 || child.exitCode !== null, waiting);
    // Room for the beginning of a row or two.
    const room = statSync(out).size + 2000;
    spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${room}:${room}`]);
    const { code, stderr } = await done;
    expect(stderr).toContain('It ends with the last line that was whole.');
    expect(code).toBe(2);
    const [run] = runsIn(out);
    expect(run?.rows.length).toBeGreaterThan(2);
    const replayed = await command('replay', out);
    expect(replayed.stdout).toMatch(
      /^SRT: \d+ steps, every metric as recorded, bit for bit; it holds no summary\n$/,
    );
    expect(replayed.code).toBe(0);
  });
});

it('pretrain writes a whole model, replaces it with --force alone, and leaves nothing else', async () => {
  const out = file('model');
  const small = ['--hidden', '16', '--intermediate', '16', '--layers', '1', '--steps', '2', '--batch', '4'];
  const first = await command('pretrain', ...small, '--out', out);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const names = ['README.md', 'config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
  expect(readdirSync(out).sort()).toEqual(names);
  expect((await refused('pretrain', ...small, '--out', out)).stderr).toContain('there already');
  const weights = readFileSync(join(out, 'model.safetensors'));
  const other = await command('pretrain', ...small, '--seed', '1', '--out', out, '--force');
  expect(other).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(out).sort()).toEqual(names);
  expect(readFileSync(join(out, 'model.safetensors')).equals(weights)).toBe(false);
  expect(left()).toEqual([]);
});
