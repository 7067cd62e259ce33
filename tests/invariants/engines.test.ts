import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readExperiment, resultPath } from '../../src/cli/experimentFiles.ts';
import { setupsOf } from '../../src/experiments/declaration.ts';
import { command } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-engines-'));
const duel = setupsOf(readExperiment('duel'));

beforeAll(() => {
  mkdirSync(join(folder, 'duel'));
  for (const setup of duel.filter(({ index }) => [0, 1, 3].includes(index))) {
    copyFileSync(resultPath(setup), resultPath(setup, folder));
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const written = (...flags: readonly string[]) => command('experiment', 'duel', '--out', folder, ...flags);

it('an engine gets the tasks that have a run left to make, as their numbers are', async () => {
  const all = await written('--engine', 'slurm');
  expect(all).toMatchObject({ code: 0, stderr: '' });
  expect(all.stdout).toContain('#SBATCH --array=2,4-15\n');
  expect(all.stdout).toContain(`experiment duel --out ${folder} --index "$SLURM_ARRAY_TASK_ID" &\n`);
  const pairs = await written('--engine=slurm', '--per-task', '2', '--software');
  expect(pairs.stdout).toContain('#SBATCH --array=1-7\n');
  expect(pairs.stdout).toContain(`--out ${folder} --per-task 2 --software --index`);
});

it('a file that is there is replaced only when that is asked for', async () => {
  const file = join(folder, 'duel.yaml');
  const flags = ['--engine', 'wandb', '--to', file];
  expect(await written(...flags)).toEqual({
    code: 0,
    stdout: `${file}: duel for W&B, tasks 2,4-15.\n`,
    stderr: '',
  });
  const first = readFileSync(file, 'utf8');
  const second = await written('--engine', 'skypilot', '--to', file);
  expect(second).toMatchObject({ code: 64, stdout: '' });
  expect(second.stderr).toContain('it is there already');
  expect(readFileSync(file, 'utf8')).toBe(first);
  expect(await written('--engine', 'skypilot', '--to', file, '--force')).toMatchObject({ code: 0 });
  expect(readFileSync(file, 'utf8')).toContain('sky jobs launch');
});

it.each<[string, readonly string[], string]>([
  [
    'an unknown engine',
    ['--engine', 'slrum'],
    'Choose one of kubernetes, optuna, ray, skypilot, slurm, wandb.',
  ],
  ['a number of jobs', ['--engine', 'ray', '--jobs', '2'], '--engine and --jobs can’t both be given.'],
  ['no engine', ['--to', 'x.yaml'], '--to is without --engine.'],
  ['nothing to make', ['--engine', 'ray', '--out', 'results'], 'Nothing is left to make: all 16 runs'],
])('%s is refused', async (_, flags, words) => {
  const { code, stdout, stderr } = await command('experiment', 'duel', ...flags);
  expect({ code, stdout }, stderr).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain(words);
});
