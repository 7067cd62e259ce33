import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { waitMs } from '../patience.ts';
import { command, smallRunOf, start, type Finished } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-starting-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const place = (name: string): string => join(folder, name);

/** Sends SIGTERM as soon as a state is reached, before a device is open. */
async function ended(
  args: readonly string[],
  reached: (stdout: string) => boolean,
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const { child, done } = start(args, undefined, env);
  let stdout = '';
  child.stdout?.on('data', (text: string) => (stdout += text));
  await vi.waitUntil(() => reached(stdout) || child.exitCode !== null, { timeout: waitMs, interval: 2 });
  child.kill('SIGTERM');
  return done;
}

/** A command claims the place that it writes to before it opens a device. */
const claimed = (name: string) => () => existsSync(place(`.${name}.lock`));
const recordOf = (name: string): string => readFileSync(join(place(name), 'record.jsonl'), 'utf8');
const again = { code: 75, stderr: 'Ended before the first step: nothing is lost. ' };
const anew = { ...again, stderr: `${again.stderr}Nothing is kept yet: start it again.\n` };
const onward = (name: string) => ({
  ...again,
  stderr: `${again.stderr}Go on by --resume ${place(name)}.\n`,
});

const few = ['train', '--preset', 'srt', ...smallRunOf(3)];

it('SIGTERM while a kept run starts: exit 75, nothing is lost, and what it says then works', async () => {
  const train = [...few, '--checkpoints', place('fresh')];
  const { code, stderr } = await ended(train, claimed('fresh'));
  const begun = existsSync(place('fresh'));
  expect({ code, stderr }).toEqual(begun ? onward('fresh') : anew);
  expect(existsSync(join(place('fresh'), 'record.jsonl'))).toBe(false);
  expect(claimed('fresh')()).toBe(false);
  const next = begun ? ['train', '--resume', place('fresh')] : train;
  expect(await command(...next)).toMatchObject({ code: 0, stderr: '' });
});

it('SIGTERM while its command is still being read', async () => {
  const args = [...few, '--checkpoints', place('early')];
  // Says when the process begins to listen.
  const tell = `process.on('newListener', (name) => name === 'SIGTERM' && process.stdout.write('listens\\n'))`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tell)}` };
  const { code, stderr } = await ended(args, (stdout) => stdout.includes('listens'), env);
  expect({ code, stderr }).toEqual(anew);
  expect(existsSync(place('early'))).toBe(false);
});

it('SIGTERM while it goes on: exit 75, what was kept is as it was', async () => {
  const many = ['train', '--preset', 'srt', ...smallRunOf(100_000), '--checkpoints', place('kept')];
  const { child, done } = start(many);
  const rows = () =>
    existsSync(join(place('kept'), 'record.jsonl')) ? recordOf('kept').split('\n').length : 0;
  await vi.waitUntil(() => rows() > 3 || child.exitCode !== null, { timeout: waitMs, interval: 5 });
  child.kill('SIGTERM');
  expect((await done).code).toBe(75);
  const before = recordOf('kept');
  const resume = ['train', '--resume', place('kept')];
  const { code, stderr } = await ended(resume, claimed('kept'));
  expect({ code, stderr }).toEqual({
    ...again,
    stderr: `${again.stderr}Go on by --resume ${place('kept')}.\n`,
  });
  expect(recordOf('kept')).toBe(before);
  const last = start(resume);
  await vi.waitUntil(() => recordOf('kept').length > before.length || last.child.exitCode !== null, {
    timeout: waitMs,
    interval: 5,
  });
  last.child.kill('SIGTERM');
  expect(await last.done).toMatchObject({ code: 75, stderr: '' });
});

it('SIGTERM while a kept run of an adapter starts, and --resume then', async () => {
  const prompts = place('prompts.jsonl');
  writeFileSync(prompts, '{"prompt":"3142=","answer":"1234"}\n{"prompt":"8765=","answer":"5678"}\n');
  const args = [
    ...['lora', '--model', 'public/models/sort-64-early', '--prompts', prompts, '--answer', '#…'],
    ...['--steps', '1', '--prompts-per-step', '2', '--group-size', '4', '--rows', '8', '--rank', '2'],
    ...['--eval-samples', '1', '--eval-majority-prompts', '0', '--algorithm', 'srt'],
    ...['--save', place('adapter'), '--checkpoints', place('lora')],
  ];
  const { code, stderr } = await ended(args, () => existsSync(join(place('lora'), 'adapter.json')));
  expect({ code, stderr }).toEqual({
    ...again,
    stderr: `${again.stderr}Go on by --resume ${place('lora')}.\n`,
  });
  expect(await command('lora', '--resume', place('lora'))).toMatchObject({ code: 0, stderr: '' });
  expect(existsSync(join(place('adapter'), 'adapter_model.safetensors'))).toBe(true);
});
