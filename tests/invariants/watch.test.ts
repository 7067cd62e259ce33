import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
