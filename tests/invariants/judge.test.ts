import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { command } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-judge-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Some runs of which a row a step was kept. */
const runs = 'results/warning-add';

/** What docs/benchmark.md shows of a language, as a file. */
function example(language: string, name: string): string {
  const [, code] =
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(readFileSync('docs/benchmark.md', 'utf8')) ??
    [];
  const file = join(folder, name);
  writeFileSync(file, code ?? '');
  return file;
}

interface Line {
  readonly type: string;
  readonly id?: string;
  readonly all?: { readonly collapsed: number };
}

/** Judges a detector: what is said of it, and of an alarm of the lab. */
async function judged(detector: string, beside: string): Promise<readonly [Line, Line]> {
  const { code, stdout, stderr } = await command('judge', '--on', runs, '--json', '--detector', detector);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(lines[0]).toMatchObject({ type: 'runs', runs: 56 });
  const of = (id: string): Line => lines.find((line) => line.id === id) ?? expect.fail(id);
  return [of('detector'), of(beside)];
}

/** What is said of alarms, without whose they are. */
const verdict = (line: Line): object => ({ ...line, id: '', name: '', source: '' });

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('npm run judge', () => {
  it.skipIf(!hasPython)(
    'judges the detector in Python of docs/benchmark.md as the same rule of the lab',
    async () => {
      const [own, same] = await judged(`python3 "${example('python', 'halved.py')}"`, 'entropy-halved');
      expect(own.all?.collapsed).toBeGreaterThan(10);
      // The sums of a mean may differ in their last bit, which turns no alarm here.
      expect(verdict(own)).toEqual(verdict(same));
    },
  );

  it('and that in Node', async () => {
    const [own, same] = await judged(`"${process.execPath}" "${example('js', 'kl.mjs')}"`, 'kl-base');
    expect(verdict(own)).toEqual(verdict(same));
  });

  it('the early warning through the protocol is the early warning', async () => {
    const [own, same] = await judged(`"${process.execPath}" scripts/cli.mjs judge --answer amber`, 'amber');
    expect(verdict(own)).toEqual(verdict(same));
  });

  it('says what a detector did wrong, and ends with 2', async () => {
    const { code, stderr, stdout } = await command('judge', '--on', runs, '--detector', 'echo hello');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^To step 1 of run \w+ the detector answered "hello", which is no JSON\.\nAnswer each row/,
    );
    expect(stdout).toBe('');
  });

  it.each([
    [['--on', 'results/duel'], 'none of its 16 was trained without labels and kept both evaluations and'],
    [['--on', 'nowhere'], "can't be read: there is no such file"],
    [['--answer', 'nobody'], '--answer can\'t be "nobody".'],
    [['--pack', '--json'], '--pack goes with no other flag.'],
    [['--wait', 'long'], '--wait can\'t be "long".'],
  ])('refuses %j', async (args, sentence) => {
    const { code, stderr } = await command('judge', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });
});
