import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  filesOfRun,
  openAdapterRun,
  reopenAdapterRun,
  writeAdapters,
  type AdapterRun,
} from '../../src/cli/adapterRun.ts';
import exported from '../../src/cli/export.ts';
import { KeptTraining } from '../../src/cli/keptTraining.ts';
import { firstCheckpoint, type Checkpoint } from '../../src/trainer/checkpoint.ts';
import { validateSettings } from '../../src/settings/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-adapter-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const place = (name: string): string => join(folder, name);

const settings = validateSettings({ algorithm: 'm-grpo', steps: 4 });
let run: AdapterRun;
let files: ReturnType<typeof filesOfRun>;
/** Factors that are told apart, of a step. */
const checkpointAt = (step: number, anchored = true): Checkpoint => {
  const weights = run.factors.map((value, at) => value + step + (at % 7));
  const first = firstCheckpoint({ weights });
  return {
    ...first,
    ...{ step, anchored, state: { ...first.state, anchor: weights.map((value) => value / 2) } },
  };
};
const lane = () => ({ name: run.name, settings, plan: null });

beforeAll(async () => {
  cpSync('public/models/sort-64-early', place('base'), { recursive: true });
  writeFileSync(place('prompts.jsonl'), '{"prompt":"21=","answer":"12"}\n{"prompt":"43=","answer":"34"}\n');
  const given = { model: place('base'), prompts: place('prompts.jsonl'), save: place('saved'), rank: '2' };
  run = await openAdapterRun(new Map(Object.entries({ ...given, targets: 'q_proj,v_proj' })), settings);
  files = filesOfRun(run);
  const kept = await KeptTraining.begin(place('kept'), [lane()], files);
  await kept.keep(1, checkpointAt(1), false);
  await kept.keep(1, checkpointAt(3), false);
  writeAdapters(run, checkpointAt(3), true);
});

const flags = (from: string, out: string, ...others: readonly string[]): string[] => [
  ...['--from', place(from), '--format', 'adapter', '--out', place(out), ...others],
];

describe('the adapter of a kept run', () => {
  it.each([
    ['policy', 'saved'],
    ['anchor', 'saved/anchor'],
  ])('%s of its newest checkpoint, in the files that npm run lora writes', async (which, as) => {
    // What it was trained on is no part of it.
    rmSync(place('prompts.jsonl'), { force: true });
    await exported(flags('kept', which, '--which', which));
    expect(readdirSync(place(which))).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    for (const name of readdirSync(place(which)))
      expect(readFileSync(join(place(which), name))).toEqual(readFileSync(join(place(as), name)));
  });

  it('is gone on with where the file of its prompts is gone', async () => {
    rmSync(place('prompts.jsonl'), { force: true });
    const again = await reopenAdapterRun(place('kept'), '--resume', settings);
    expect(again.lora).toEqual(run.lora);
    expect(again.task.listed?.training).toEqual(run.task.listed?.training);
  });

  it('is not written over what is there', async () => {
    mkdirSync(place('there'));
    await expect(exported(flags('kept', 'there'))).rejects.toThrow('it is there already');
  });

  it('is no model by itself: who asks for one is told the way', async () => {
    await expect(
      exported(['--from', place('kept'), '--format', 'hf', '--out', place('x')]),
    ).rejects.toMatchObject({
      code: 'bad-setting',
      message: expect.stringContaining('trains an adapter') as string,
      remedy: expect.stringContaining('--format adapter') as string,
    });
  });

  it('is there wherever the folder keeps runs, however early the command was ended', async () => {
    // Something stands where the file must lie that says so.
    mkdirSync(place('begun/lanes.json/x'), { recursive: true });
    await expect(KeptTraining.begin(place('begun'), [lane()], files)).rejects.toThrow();
    expect(readdirSync(place('begun'))).toContain('adapter.json');
  });

  it('has no anchor where none is kept, and no checkpoint before the first', async () => {
    const kept = await KeptTraining.begin(place('bare'), [lane()], files);
    await expect(exported(flags('bare', 'x'))).rejects.toThrow('has no checkpoint of lane 1 yet');
    await kept.keep(1, checkpointAt(1, false), false);
    await expect(exported(flags('bare', 'x', '--which', 'anchor'))).rejects.toMatchObject({
      code: 'bad-setting',
      message: expect.stringContaining('keeps none') as string,
    });
  });

  it('needs the base that it was trained on', async () => {
    cpSync('public/models/sort-32', place('base'), { recursive: true });
    await expect(exported(flags('kept', 'x'))).rejects.toThrow('began with another --model');
    rmSync(place('base'), { recursive: true });
    await expect(exported(flags('kept', 'x'))).rejects.toThrow('is no folder');
  });
});

describe('what is no run of an adapter', () => {
  it.each([
    ['nothing', 'nowhere', 'it keeps no run of npm run lora'],
    ['an adapter itself', 'saved', 'it is an adapter already'],
  ])('%s is refused', async (_, from, said) => {
    await expect(exported(flags(from, 'x'))).rejects.toMatchObject({
      code: 'bad-setting',
      message: expect.stringContaining(said) as string,
    });
  });

  it('a run of npm run train is refused', async () => {
    await KeptTraining.begin(place('trained'), [lane()]);
    await expect(exported(flags('trained', 'x'))).rejects.toMatchObject({
      code: 'bad-setting',
      message: expect.stringContaining('its runs train no adapter') as string,
    });
  });
});
