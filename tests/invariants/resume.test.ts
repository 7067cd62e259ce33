import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RecordedRun } from '../../src/records/building.ts';
import { waitMs } from '../patience.ts';
import { command, runsIn, start, timeless } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-resume-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const place = (name: string): string => join(folder, name);
const waiting = { timeout: waitMs, interval: 5 };

/** Two lanes, the guard of one acting early and often: it goes back to checkpoints of before. */
const settings = JSON.parse(readFileSync('tests/fixtures/guardedRun.json', 'utf8')) as readonly string[];

const record = (name: string): string => join(place(name), 'record.jsonl');
const rowsIn = (name: string): number =>
  existsSync(record(name)) ? readFileSync(record(name), 'utf8').split('"type":"step"').length - 1 : 0;

let undisturbed: readonly RecordedRun[];
beforeAll(async () => {
  const out = place('undisturbed.jsonl');
  expect(await command('train', ...settings, '--out', out)).toMatchObject({ code: 0, stderr: '' });
  undisturbed = runsIn(out);
});

function expectUndisturbed(name: string): void {
  expect(runsIn(record(name)).map(timeless)).toEqual(undisturbed.map(timeless));
}

describe('a run that is kept', () => {
  it('is recorded as any other', async () => {
    const done = await command('train', ...settings, '--checkpoints', place('whole'));
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expectUndisturbed('whole');
    // Nothing is left to do, and what came of it is said once more.
    expect(await command('train', '--resume', place('whole'))).toEqual(done);
  });

  it('goes on bit for bit after SIGKILL, as often as it comes, and says so', async () => {
    const { child, done } = start(['train', ...settings, '--checkpoints', place('killed')]);
    await vi.waitUntil(() => rowsIn('killed') > 5 || child.exitCode !== null, waiting);
    child.kill('SIGKILL');
    await done;
    const said: string[] = [];
    // Within the first lane, and within the second.
    for (const rows of [11, 25]) {
      const again = start(['train', '--resume', place('killed')]);
      await vi.waitUntil(() => rowsIn('killed') > rows || again.child.exitCode !== null, waiting);
      again.child.kill('SIGKILL');
      said.push((await again.done).stderr);
    }
    const last = await command('train', '--resume', place('killed'));
    said.push(last.stderr);
    expect(last.code).toBe(0);
    expect(said.join('')).not.toMatch(/differs|damaged|had been trained/);
    expect(said.join('')).toMatch(/came out once more as before, bit for bit/);
    expectUndisturbed('killed');
  });

  it('ends at SIGTERM with a checkpoint of that step, to go on from there', async () => {
    const { child, done } = start(['train', ...settings, '--checkpoints', place('told')]);
    await vi.waitUntil(() => rowsIn('told') > 8 || child.exitCode !== null, waiting);
    child.kill('SIGTERM');
    // As schedulers take it: start it again.
    expect(await done).toMatchObject({ code: 75, stderr: '' });
    const rows = rowsIn('told');
    expect(readdirSync(place('told')).some((name) => name === `checkpoint-1-${rows - 1}`)).toBe(true);
    // Nothing is trained once more.
    expect(await command('train', '--resume', place('told'))).toMatchObject({ code: 0, stderr: '' });
    expectUndisturbed('told');
  });

  it('says where what comes out is not what was there before', async () => {
    const { child, done } = start(['train', ...settings, '--checkpoints', place('forged')]);
    await vi.waitUntil(() => rowsIn('forged') > 5 || child.exitCode !== null, waiting);
    child.kill('SIGKILL');
    await done;
    const text = readFileSync(record('forged'), 'utf8');
    const at = text.lastIndexOf('"policy/entropy":') + '"policy/entropy":'.length;
    writeFileSync(record('forged'), `${text.slice(0, at)}7${text.slice(at)}`);
    const { code, stderr } = await command('train', '--resume', place('forged'));
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /had been trained before, and the run now differs from step \d+ on: policy\/entropy was 7/,
    );
    expectUndisturbed('forged');
  });
});

it('a folder is refused before a device is opened, in words', async () => {
  const none = { LAB_VK_ICD: place('no driver.json') };
  const refused = (...args: readonly string[]) => start(['train', ...args], undefined, none).done;
  writeFileSync(place('file'), '');
  for (const [args, words] of [
    [['--resume', place('nowhere')], 'keeps no runs'],
    [['--resume', place('whole'), '--steps', '20'], "--resume can't be given together with --steps"],
    [['--checkpoints', place('whole')], 'it holds runs already'],
    [['--checkpoints', place('file')], 'it is no folder'],
    [['--checkpoints', folder], 'it is not empty'],
    [
      ['--checkpoints', place('new'), '--out', place('x.jsonl')],
      "--checkpoints can't be given together with --out",
    ],
  ] as const) {
    const { code, stderr } = await refused(...args);
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  }
});
