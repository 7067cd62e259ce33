import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { evaluationsOf, parseReduced } from '../../src/experiments/reduced.ts';
import { waitMs } from '../patience.ts';
import { command, start } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-experiment-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const declaration = join(folder, 'tiny.json');

/** Two lanes of a second or two. */
function declare(steps: number): void {
  const settings = {
    ...{ steps, promptsPerStep: 4, groupSize: 8, warmupSteps: 0 },
    ...{ evalEvery: 2, evalPrompts: 2, evalMajorityPrompts: 1, evalMajoritySamples: 2 },
  };
  const lanes = [{ preset: 'entropy' }];
  writeFileSync(declaration, JSON.stringify({ title: 'Tiny', lanes, settings, seeds: [7] }));
}

const run = (...flags: readonly string[]) => command('experiment', declaration, '--out', folder, ...flags);
const files = ['m-grpo-iqr.7.json', 'srt.7.json'];
const textOf = (file: string) => readFileSync(join(folder, 'tiny', file), 'utf8');
/** All but how long it took. */
const lasting = (text: string) => text.replace(/"seconds":[\d.]+/, '');

it('an experiment makes what is missing, the same bits again, and replaces nothing made otherwise', async () => {
  declare(3);
  const first = await run();
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^tiny, 1 of 2: SRT, seed 7: base /),
    expect.stringMatching(/^tiny, 2 of 2: M-GRPO \+ IQR, seed 7: base /),
  ]);
  expect(readdirSync(join(folder, 'tiny')).sort()).toEqual(files);
  const made = files.map(textOf);

  // As after an interruption in the second run.
  rmSync(join(folder, 'tiny', 'm-grpo-iqr.7.json'));
  const kept = statSync(join(folder, 'tiny', 'srt.7.json')).mtimeMs;
  const second = await run();
  expect(second.stdout.trim().split('\n')).toEqual([
    'tiny: 1 of 2 runs are there.',
    expect.stringMatching(/^tiny, 2 of 2: M-GRPO \+ IQR, seed 7: base /),
  ]);
  expect(statSync(join(folder, 'tiny', 'srt.7.json')).mtimeMs).toBe(kept);
  expect(files.map(textOf).map(lasting)).toEqual(made.map(lasting));

  declare(4);
  const third = await run();
  expect(third).toMatchObject({ code: 64, stdout: '' });
  expect(third.stderr).toContain('srt.7.json was made with another `steps`, and 1 more');
  expect(third.stderr).toContain('--force');
  expect(files.map(textOf).map(lasting)).toEqual(made.map(lasting));
});

it('a run that was asked for its collapse alone ends where that is certain', async () => {
  const asked = join(folder, 'collapse.json');
  const lanes = [{ preset: 'entropy', lane: 'SRT', settings: { learningRate: 0.05, steps: 60 } }];
  const settings = {
    promptsPerStep: 4,
    groupSize: 8,
    warmupSteps: 0,
    evalEvery: 1,
    evalPrompts: 8,
    evalMajorityPrompts: 0,
  };
  writeFileSync(
    asked,
    JSON.stringify({ title: 'Collapse', lanes, settings, seeds: [7], untilCollapse: true }),
  );
  expect(await command('experiment', asked, '--out', folder, '--software')).toMatchObject({ code: 0 });
  const made = parseReduced('srt', JSON.parse(readFileSync(join(folder, 'collapse', 'srt.7.json'), 'utf8')));
  const collapse = made.summary?.collapseStep ?? expect.fail('it did not collapse');
  expect(made.summary?.steps).toBe(collapse + 2);
  expect(made.summary?.stopped).toMatch(/^It has collapsed/);
  expect(evaluationsOf(made).at(-1)?.step).toBe(collapse + 2);
  // It is there: nothing goes on with it.
  const again = await command('experiment', asked, '--out', folder, '--software');
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('1 of 1 runs are there');
});

describe('tasks of an array', () => {
  type Place = 'whole' | 'killed' | 'told' | 'two' | 'pool';
  const place = (name: Place): string => join(folder, name);
  const flags = (name: Place) => ['experiment', declaration, '--out', place(name), '--software'];
  const task = (name: Place, index: number, env: Readonly<Record<string, string>> = {}) =>
    start([...flags(name), '--index', String(index)], undefined, env);
  const resultIn = (name: Place, file: string): string =>
    lasting(readFileSync(join(place(name), 'tiny', file), 'utf8'));
  /** What is beside the results: runs under way and locks. */
  const leftIn = (name: Place): readonly string[] =>
    readdirSync(join(place(name), 'tiny')).filter((file) => file.startsWith('.'));
  const rowsOf = (name: Place, index: number): number => {
    const record = join(place(name), 'tiny', `.run-${index}`, 'record.jsonl');
    return existsSync(record) ? readFileSync(record, 'utf8').split('"type":"step"').length - 1 : 0;
  };
  const until = (holds: () => boolean): Promise<unknown> =>
    vi.waitUntil(holds, { timeout: waitMs, interval: 5 });
  const order = ['srt.7.json', 'm-grpo-iqr.7.json'] as const;

  it('make the same bits as all in one, and a second start writes nothing and opens no device', async () => {
    declare(12);
    expect(await command(...flags('whole'))).toMatchObject({ code: 0 });
    const env = { LAB_VK_ICD: join(folder, 'no driver.json') };
    const before = order.map((file) => statSync(join(place('whole'), 'tiny', file)).mtimeMs);
    expect(await task('whole', 1, env).done).toMatchObject({ code: 0, stderr: '' });
    const json = start([...flags('whole'), '--json'], undefined, { ...env, SLURM_ARRAY_TASK_ID: '0' });
    expect(JSON.parse((await json.done).stdout)).toEqual({ type: 'there', index: 0, lane: 'SRT', seed: 7 });
    expect(order.map((file) => statSync(join(place('whole'), 'tiny', file)).mtimeMs)).toEqual(before);
    expect(leftIn('whole')).toEqual([]);
  });

  it('say by their status whether to start them again: never, elsewhere, again', async () => {
    const none = { LAB_VK_ICD: join(folder, 'no driver.json') };
    for (const [given, status, words] of [
      [['--index', '2'], 64, 'Count tasks from 0 to 1.'],
      [['--index', '-1'], 64, 'a task is a whole number'],
      [['--index', '0', '--jobs', '2'], 64, 'can’t both be given'],
      [['--index', '0', '--only', 'nobody'], 64, 'has no such lane'],
    ] as const) {
      const { code, stderr, stdout } = await start([...flags('killed'), ...given], undefined, none).done;
      expect({ code, stdout }, stderr).toEqual({ code: status, stdout: '' });
      expect(stderr).toContain(words);
    }
    expect(await task('killed', 0, none).done).toMatchObject({ code: 69 });
    const [, ...without] = flags('killed').toReversed();
    const onProcessor = await start([...without.toReversed(), '--index', '0']).done;
    // Where there is a GPU, the run is made.
    expect([0, 69]).toContain(onProcessor.code);
    if (onProcessor.code === 69) expect(onProcessor.stderr).toContain('--software');
    rmSync(place('killed'), { recursive: true, force: true });
  });

  it('killed at any moment they go on, and the result has the bits of an undisturbed one', async () => {
    for (const rows of [1, 4, 9]) {
      const { child, done } = task('killed', 0);
      await until(() => rowsOf('killed', 0) > rows || child.exitCode !== null);
      child.kill('SIGKILL');
      await done;
    }
    expect(await task('killed', 0).done).toMatchObject({ code: 0 });
    expect(resultIn('killed', order[0])).toBe(resultIn('whole', order[0]));
    expect(leftIn('killed')).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGUSR1'] as const)('%s keeps a checkpoint and exits 75', async (signal) => {
    const { child, done } = task('told', 1);
    const rows = rowsOf('told', 1);
    await until(() => rowsOf('told', 1) > rows + 1 || child.exitCode !== null);
    child.kill(signal);
    expect(await done).toMatchObject({ code: 75 });
    expect(existsSync(join(place('told'), 'tiny', order[1]))).toBe(false);
  });

  it('went on from there', async () => {
    expect(await task('told', 1).done).toMatchObject({ code: 0 });
    expect(resultIn('told', order[1])).toBe(resultIn('whole', order[1]));
    // Of the two runs one is there: gathered, and the other named.
    const gathered = join(folder, 'gathered');
    const collected = await command('collect', declaration, '--from', place('told'), '--out', gathered);
    expect(collected).toMatchObject({ code: 0, stderr: '' });
    expect(collected.stdout).toMatch(
      /tiny: 1 of 2 runs are in .+\nMissing, as an array job takes them: 0\n$/,
    );
    expect(lasting(readFileSync(join(gathered, 'tiny', order[1]), 'utf8'))).toBe(resultIn('whole', order[1]));
  });

  it('two on one index: one has it, the other is told to come again', async () => {
    const first = task('two', 0);
    await until(() => rowsOf('two', 0) > 0 || first.child.exitCode !== null);
    // It stands still meanwhile, and is no less alive.
    first.child.kill('SIGSTOP');
    const second = await task('two', 0).done;
    first.child.kill('SIGCONT');
    expect(second).toMatchObject({ code: 75, stdout: '' });
    expect(second.stderr).toMatch(/process \d+ of .+ writes it/);
    expect(await first.done).toMatchObject({ code: 0 });
    expect(resultIn('two', order[0])).toBe(resultIn('whole', order[0]));
  });

  it('a pool makes them all, tasks killed in it too', async () => {
    const { child, done } = start([...flags('pool'), '--jobs', '2']);
    await until(() => rowsOf('pool', 0) > 2 || child.exitCode !== null);
    const lock = readFileSync(join(place('pool'), 'tiny', '..run-0.lock'), 'utf8');
    process.kill(Number(lock.split(' ')[0]), 'SIGKILL');
    expect(await done).toMatchObject({ code: 0 });
    for (const file of order) expect(resultIn('pool', file)).toBe(resultIn('whole', file));
    expect(leftIn('pool')).toEqual([]);
  });
});
