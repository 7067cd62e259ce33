import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { waitMs } from '../patience.ts';
import { command, start } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-watch-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const lines = (from: number, to: number, reward: (step: number) => number): string =>
  Array.from({ length: to - from }, (_, i) => {
    const step = from + i;
    return `${JSON.stringify({ step, reward: reward(step), entropy: 1, grad_norm: 0.5 })}\n`;
  }).join('');
const learns = (step: number): number => 0.2 + step / 100 + 0.01 * (step % 3);

it('says what the page says: exit 0 where a run is well, 1 where it alarms, 2 where nothing can be said', async () => {
  const well = join(folder, 'well.jsonl');
  writeFileSync(well, lines(1, 40, learns));
  const said = await command('watch', well);
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(said.stdout).toMatch(/^well: healthy\n {2}No sign of a collapse/);

  const [alarmed, refused] = await Promise.all([
    command('watch', 'tests/fixtures/logs/cases/made-trl-nan-from-120.json.gz', '--json'),
    command('watch', join(folder, 'none.jsonl')),
  ]);
  expect(alarmed.code).toBe(1);
  expect(JSON.parse(alarmed.stdout)).toMatchObject({ state: 'warning' });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/none\.jsonl" was not read\. .*there is no such file/);
});

it('a folder: each run in it once, a run’s newest checkpoint; one without logs is told', async () => {
  const runs = join(folder, 'runs');
  const state = (last: number): string =>
    JSON.stringify({
      log_history: Array.from({ length: last }, (_, i) => ({ step: i + 1, reward: learns(i), loss: 0.1 })),
    });
  for (const [place, text] of [
    ['a/checkpoint-20/trainer_state.json', state(20)],
    ['a/checkpoint-100/trainer_state.json', state(100)],
    ['b/slurm-7.out', lines(1, 30, learns)],
    ['b/data.csv', 'What was trained on'],
  ] as const) {
    mkdirSync(join(runs, place, '..'), { recursive: true });
    writeFileSync(join(runs, place), text);
  }
  const said = await command('watch', runs, '--json');
  const told = said.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly run: string; readonly steps: readonly number[] });
  expect(told.map(({ steps }) => steps)).toEqual([
    [1, 100],
    [1, 29],
  ]);
  expect(said.code).toBe(0);
  expect(said.stderr).toContain('data.csv" was not read.');

  mkdirSync(join(folder, 'empty'));
  const empty = await command('watch', join(folder, 'empty'));
  expect([empty.code, empty.stdout]).toEqual([2, '']);
  expect(empty.stderr).toMatch(/empty" holds no file that is called as a log is\. Drop a console/);
});

it('--follow says when the verdict turns, whatever is half written meanwhile; Ctrl-C ends it with the status', async () => {
  const log = join(folder, 'run.jsonl');
  writeFileSync(log, lines(1, 40, learns));
  const { child, done } = start(['watch', log, '--follow', '--every', '0.1']);
  let out = '';
  child.stdout?.on('data', (text: string) => (out += text));
  await expect.poll(() => out, { timeout: waitMs }).toMatch(/run: healthy/);
  appendFileSync(log, lines(40, 70, learns));
  const bad = `${JSON.stringify({ step: 70, reward: NaN, entropy: NaN, grad_norm: NaN })}\n`;
  // As Python writes it, and cut in the middle of a line.
  const rest = [70, 71, 72, 73, 74]
    .map((step) => bad.replace('70', String(step)).replaceAll('null', 'NaN'))
    .join('');
  appendFileSync(log, rest.slice(0, -20));
  await expect.poll(() => out, { timeout: waitMs }).toMatch(/run: healthy, now warning since step 70/);
  appendFileSync(log, rest.slice(-20));
  child.kill('SIGINT');
  const { code, stderr } = await done;
  expect(stderr).toBe('');
  expect(code).toBe(1);
});
