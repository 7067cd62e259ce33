import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presetNames, presets } from '../../src/settings/presets.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { metricIds, metrics, type MetricId } from '../../src/spec/metrics.ts';
import { command, recordsOf, smallRun, start, type Finished, type RunRecord } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-cli-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const file = (name: string): string => join(folder, name);

// The guard's metric is there where it acted.
const ofStep = metricIds.filter((id) => metrics[id].every === 'step' && !id.startsWith('guard/'));
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
/** The last step samples nothing for a next one. */
const lastUnmeasured: readonly MetricId[] = ['perf/rollout_ms'];

function stepsOf(records: readonly RunRecord[], lane: string): RunRecord[] {
  return records.filter((record) => record.type === 'step' && record['lane'] === lane);
}

/** A record without its times. */
function timeless(record: RunRecord): object {
  return Object.fromEntries(
    Object.entries(record).filter(([key]) => !key.startsWith('perf/') && key !== 'seconds'),
  );
}

/** With knobs that only one of the lanes has. */
const twoLanes = [...smallRun, '--monitor-rollouts', '16', '--iqr-factor', '1'];

describe('a preset trained twice', () => {
  let first: Finished;
  let records: RunRecord[];

  beforeAll(async () => {
    first = await command('train', '--preset', 'entropy', ...twoLanes, '--out', file('first.jsonl'));
    records = recordsOf(file('first.jsonl'));
  });

  it('ends well, saying for people how each lane did', () => {
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^SRT, seed 7: base .* after 3 steps/),
      expect.stringMatching(/^M-GRPO \+ IQR, seed 7: base .* after 3 steps/),
    ]);
  });

  it('the header says what ran: settings, adapter, versions', () => {
    const [header] = records;
    expect(header).toMatchObject({
      type: 'header',
      version: 1,
      lanes: presets.entropy.lanes.map(({ name, settings }) => ({
        name,
        settings: validateSettings(
          {
            steps: 3,
            promptsPerStep: 4,
            groupSize: 8,
            monitorRollouts: 16,
            iqrFactor: 1,
            seed: 7,
            warmupSteps: 0,
            evalEvery: 2,
            evalPrompts: 2,
            evalMajorityPrompts: 1,
            evalMajoritySamples: 2,
          },
          settings,
        ),
      })),
    });
    expect(Object.keys(header?.['adapter'] ?? {})).toEqual(
      expect.arrayContaining(['vendor', 'architecture', 'description', 'software', 'features']),
    );
    expect(Object.keys(header?.['versions'] ?? {})).toEqual(expect.arrayContaining(['lab', 'dawn', 'node']));
    expect(records.filter(({ type }) => type === 'header')).toHaveLength(1);
  });

  it.each(['SRT', 'M-GRPO + IQR'])(
    '%s: a record per step with every metric, evaluations where due',
    (lane) => {
      const steps = stepsOf(records, lane);
      expect(steps.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
      steps.forEach((record, step) => {
        const missing = [...(unmeasured[lane] ?? []), ...(step === 3 ? lastUnmeasured : [])];
        const wanted = [
          ...(step === 0 ? (['step'] as const) : ofStep.filter((id) => !missing.includes(id))),
          ...(step === 1 ? [] : ofEvaluation),
        ];
        const { type: _type, lane: _lane, ...measured } = record;
        expect(Object.keys(measured).sort()).toEqual([...wanted].sort());
        for (const value of Object.values(measured)) expect(value).toSatisfy(Number.isFinite);
      });
    },
  );

  it('shares lie between 0 and 1', () => {
    for (const record of records.filter(({ type }) => type === 'step')) {
      for (const id of metricIds.filter((one) => metrics[one].unit === 'share' && 'range' in metrics[one])) {
        const value = record[id];
        if (typeof value !== 'number') continue;
        expect(value, id).toBeGreaterThanOrEqual(metrics[id].needsTruth && id.endsWith('gap') ? -1 : 0);
        expect(value, id).toBeLessThanOrEqual(1);
      }
    }
  });

  it('each lane ends with its summary', () => {
    for (const lane of ['SRT', 'M-GRPO + IQR']) {
      const own = records.filter((record) => record['lane'] === lane);
      const sampled = stepsOf(records, lane).flatMap((record) =>
        typeof record['eval/sampled'] === 'number' ? [record['eval/sampled']] : [],
      );
      expect(own.at(-1)).toMatchObject({
        type: 'summary',
        seed: 7,
        steps: 3,
        base: sampled[0],
        peak: Math.max(...sampled),
        final: sampled.at(-1),
        collapseStep: null,
      });
      expect(own.at(-1)).toHaveProperty('peakStep');
      expect(own.at(-1)).toHaveProperty('retention');
    }
    expect(records.at(-1)?.type).toBe('summary');
  });

  it('gives the same numbers in another process, and --json prints only the summaries', async () => {
    const args = ['train', '--preset=entropy', ...twoLanes, '--json', '--out', file('second.jsonl')];
    const { code, stdout, stderr } = await command(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const again = recordsOf(file('second.jsonl'));
    expect(again.map(timeless)).toEqual(records.map(timeless));
    const printed = JSON.parse(stdout) as RunRecord[];
    expect(printed).toEqual(again.filter(({ type }) => type === 'summary'));
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
      stepsOf(recordsOf(file(name)), 'SRT').map((record) =>
        Object.entries(timeless(record)).filter(([id]) => !watched.includes(id)),
      );
    expect(trained('none.jsonl')).toHaveLength(4);
    expect(trained('none.jsonl')).toEqual(trained('first.jsonl'));
  });
});

it('Ctrl-C lets the step end and the file with a summary', async () => {
  const out = file('interrupted.jsonl');
  const endless = [
    '--steps',
    '100000',
    '--prompts-per-step',
    '2',
    '--group-size',
    '4',
    '--eval-majority-prompts',
    '0',
  ];
  const { child, done } = start([
    'train',
    '--preset',
    'entropy',
    ...endless,
    '--seed',
    '7',
    '--eval-prompts',
    '2',
    '--out',
    out,
  ]);
  const lines = () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').length : 0);
  while (lines() < 5 && child.exitCode === null) await sleep(50);
  child.kill('SIGINT');
  const { code, stdout } = await done;
  expect(code).toBe(130);
  expect(stdout).toMatch(/^SRT, seed 7: .* after \d+ steps/);
  const records = recordsOf(out);
  expect(records[0]?.type).toBe('header');
  const steps = stepsOf(records, 'SRT');
  expect(records.at(-1)).toMatchObject({ type: 'summary', lane: 'SRT', steps: steps.length - 1 });
  expect(steps.map(({ step }) => step)).toEqual(steps.map((_, step) => step));
  // The second lane is not begun.
  expect(records).toHaveLength(steps.length + 2);
});

describe('bad input: exit status 2, in words, nothing written', () => {
  it.concurrent.each<[string, string[], string[]]>([
    ['an unknown preset', ['--preset', 'duell'], ['"duell"', ...presetNames]],
    ['an unknown flag', ['--learning-rat', '1'], ['"--learning-rat"', '--learning-rate']],
    ['out of range', ['--learning-rate', '2'], ['`learningRate`', '2', '1e-7 to 0.1']],
    ['NaN', ['--temperature', 'NaN'], ['`temperature`', 'NaN', '0.1 to 3']],
    ['no value', ['--seed'], ['--seed has no value', '0 to 4294967295']],
    ['rules between knobs', ['--anchor-share', '1'], ['anchorShare', 'at least 2']],
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
    const { code, stdout, stderr } = await command('train', '--out', out, ...args);
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
