import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { command } from './commandLine.ts';

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
  expect(third).toMatchObject({ code: 2, stdout: '' });
  expect(third.stderr).toContain('srt.7.json was made with another `steps`, and 1 more');
  expect(third.stderr).toContain('--force');
  expect(files.map(textOf).map(lasting)).toEqual(made.map(lasting));
});
