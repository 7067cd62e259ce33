import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presetNames, presets } from '../../src/settings/presets.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { metricIds, metrics, type MetricId } from '../../src/spec/metrics.ts';
import type { RecordedRun } from '../../src/records/building.ts';
import { thisLab } from '../../src/records/thisLab.ts';
import { command, runsIn, smallRun, start, timeless, type Finished } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-cli-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const file = (name: string): string => join(folder, name);

// The guard's metric is there where it acted.
/** Visits are counted in completions of other trainers alone. */
const ofStep = metricIds.filter((id) => metrics[id].every === 'step' && !/^(guard|visit)\//.test(id));
const ofEvaluation = metricIds.filter((id) => metrics[id].every === 'eval');

/** What a lane does not measure, each with its reason. */
const unmeasured: Readonly<Record<string, readonly MetricId[]>> = {
  SRT: [
    // No anchor votes.
    'vote/anchor_changed_label',
    'filter/dropped_anchor',
    // No filter.
    'filter/threshold',
    'filter/iqr',
  ],
  'M-GRPO + IQR': [],
};
/** What compares right with wrong rollouts is there where a step has both. */
const ofBoth: readonly string[] = ['truth/advantage_gap', 'truth/youden_j'];
/** The last step samples nothing for a next one. */
const lastUnmeasured: readonly MetricId[] = ['perf/rollout_ms'];

/** The run of a lane. */
function runOf(runs: readonly RecordedRun[], lane: string): RecordedRun {
  const run = runs.find(({ name }) => name === lane);
  if (run === undefined) throw new Error(`no ${lane}`);
  return run;
}

/** With knobs that only one of the lanes has. */
const twoLanes = [...smallRun, '--monitor-rollouts', '16', '--iqr-factor', '1'];

describe('a preset trained twice', () => {
  let first: Finished;
  let runs: readonly RecordedRun[];

  beforeAll(async () => {
    first = await command('train', '--preset', 'entropy', ...twoLanes, '--out', file('first.jsonl'));
    runs = runsIn(file('first.jsonl'));
  });

  it('ends well, saying for people how each lane did', () => {
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^SRT, seed 7: base .* after 3 steps/),
      expect.stringMatching(/^M-GRPO \+ IQR, seed 7: base .* after 3 steps/),
    ]);
  });

  it('a header a lane says what ran: lab, adapter, kernels, settings', () => {
    const changes = {
      ...{
        steps: 3,
        promptsPerStep: 4,
        groupSize: 8,
        monitorRollouts: 16,
        iqrFactor: 1,
        seed: 7,
        warmupSteps: 0,
      },
      ...{ evalEvery: 2, evalPrompts: 2, evalMajorityPrompts: 1, evalMajoritySamples: 2 },
    };
    expect(runs.map(({ name, settings }) => ({ name, settings }))).toEqual(
      presets.entropy.lanes.map(({ name, settings }) => ({
        name,
        settings: validateSettings(changes, settings),
      })),
    );
    for (const { lab, adapter, plan, origin } of runs) {
      expect(lab).toEqual(thisLab);
      expect(adapter).toMatchObject({ software: expect.any(Boolean) as boolean });
      expect(plan).not.toBeNull();
      expect(origin).toBeNull();
    }
  });

  it.each(['SRT', 'M-GRPO + IQR'])(
    '%s: a record per step with every metric, evaluations where due',
    (lane) => {
      const { rows } = runOf(runs, lane);
      expect(rows.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
      rows.forEach((row, step) => {
        const missing = [...(unmeasured[lane] ?? []), ...(step === 3 ? lastUnmeasured : [])];
        const wanted = [
          ...(step === 0 ? (['step'] as const) : ofStep.filter((id) => !missing.includes(id))),
          ...(step === 1 ? [] : ofEvaluation),
        ];
        const others = (ids: readonly string[]) => ids.filter((id) => !ofBoth.includes(id)).sort();
        expect(others(Object.keys(row))).toEqual(others(wanted));
        for (const value of Object.values(row)) expect(value).toSatisfy(Number.isFinite);
      });
    },
  );

  it('shares lie between 0 and 1', () => {
    for (const record of runs.flatMap(({ rows }) => rows)) {
      for (const id of metricIds.filter((one) => metrics[one].unit === 'share' && 'range' in metrics[one])) {
        const value = record[id];
        if (value === undefined) continue;
        expect(value, id).toBeGreaterThanOrEqual(metrics[id].needsTruth && id.endsWith('gap') ? -1 : 0);
        expect(value, id).toBeLessThanOrEqual(1);
      }
    }
  });

  it('each lane ends with its summary', () => {
    for (const { rows, summary } of runs) {
      const sampled = rows.flatMap((row) => row['eval/sampled'] ?? []);
      expect(summary).toMatchObject({
        steps: 3,
        base: sampled[0],
        peak: Math.max(...sampled),
        final: sampled.at(-1),
        finalStep: 3,
        collapseStep: null,
      });
      expect(summary).not.toHaveProperty('stopped');
    }
  });

  it('gives the same numbers in another process, and --json prints only the summaries', async () => {
    const args = ['train', '--preset=entropy', ...twoLanes, '--json', '--out', file('second.jsonl')];
    const { code, stdout, stderr } = await command(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const again = runsIn(file('second.jsonl'));
    expect(again.map(timeless)).toEqual(runs.map(timeless));
    // JSON has no NaN, which is the retention where the peak is 0.
    const inJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(JSON.parse(stdout)).toEqual(
      inJson(again.map(({ name, summary }) => ({ lane: name, seed: 7, ...summary }))),
    );
  });

  it('N = 0 is SRT, bit for bit', async () => {
    // Both lanes are the same then, and trained once.
    const none = ['--algorithm', 'm-grpo', '--anchor-share', '0'];
    const args = ['--preset', 'entropy', ...smallRun, ...none, '--out', file('none.jsonl')];
    const { code } = await command('train', ...args);
    expect(code).toBe(0);
    // The shadow anchor has rollouts of its own to watch.
    const watched = ['anchor/entropy', 'vote/anchor_disagreement', 'vote/answer_overlap'];
    const trained = (name: string) =>
      runOf(runsIn(file(name)), 'SRT').rows.map((row) =>
        Object.entries(row).filter(([id]) => !id.startsWith('perf/') && !watched.includes(id)),
      );
    expect(trained('none.jsonl')).toHaveLength(4);
    expect(trained('none.jsonl')).toEqual(trained('first.jsonl'));
  });
});

describe('bad input: exit status 2, in words, nothing written', () => {
  it.concurrent.each<[string, string[], string[]]>([
    ['an unknown preset', ['--preset', 'duell'], ['"duell"', ...presetNames]],
    ['an unknown flag', ['--learning-rat', '1'], ['"--learning-rat"', '--learning-rate']],
    ['out of range', ['--learning-rate', '2'], ['--learning-rate', '2', '1e-7 to 0.1']],
    ['NaN', ['--temperature', 'NaN'], ['--temperature', 'NaN', '0.1 to 3']],
    ['no value', ['--seed'], ['--seed has no value', '0 to 4294967295']],
    ['rules between knobs', ['--anchor-share', '1'], ['--anchor-share', 'at least 2']],
    [
      'a flag without effect in any lane',
      ['--preset', 'srt', '--anchor-share', '0.25'],
      ['--anchor-share', 'no anchor'],
    ],
    [
      'a folder that is not there',
      ['--out', join(folder, 'none', 'a.jsonl')],
      ['none', 'folder that exists'],
    ],
  ])('%s', async (name, args, words) => {
    const out = file(`${name}.jsonl`);
    const where = args.includes('--out') ? [] : ['--out', out];
    const { code, stdout, stderr } = await command('train', ...where, ...args);
    for (const word of words) expect(stderr).toContain(word);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(out)).toBe(false);
  });

  it('a truncated model', async () => {
    // The repository as it is, but for its models.
    const copy = file('copy');
    mkdirSync(copy);
    for (const entry of readdirSync('.').filter((one) => one !== 'public' && one !== '.git')) {
      symlinkSync(join(process.cwd(), entry), join(copy, entry));
    }
    cpSync('public', join(copy, 'public'), { recursive: true });
    truncateSync(join(copy, 'public/models/sort-32/model.safetensors'), 50_000);
    const args = ['train', '--preset', 'entropy', ...smallRun, '--out', 'run.jsonl'];
    const { code, stdout, stderr } = await start(args, copy).done;
    expect(stderr).toMatch(/^model\.safetensors: .* but the file holds \d+\.$/m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(join(copy, 'run.jsonl'))).toBe(false);
  });
});

it('--help lists every flag', async () => {
  const { code, stdout } = await command('train', '--help');
  expect(code).toBe(0);
  for (const flag of [
    '--preset',
    '--lane',
    '--out',
    '--json',
    '--learning-rate',
    '--anchor-momentum',
    '--seed',
  ]) {
    expect(stdout).toContain(`${flag} `);
  }
});
