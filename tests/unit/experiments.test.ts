import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  experimentNames,
  readExperiment,
  readResult,
  readResults,
  resultPath,
  resultsFolder,
  writeResult,
} from '../../src/cli/experimentFiles.ts';
import { parseExperiment, setupsOf, slug, type Keep } from '../../src/experiments/declaration.ts';
import { parseReduced, reduced, writeReduced, type ReducedRun } from '../../src/experiments/reduced.ts';
import { otherwise } from '../../src/experiments/resume.ts';
import { LabError } from '../../src/lib/labError.ts';
import type { RunRecord } from '../../src/records/run.ts';
import { presets } from '../../src/settings/presets.ts';
import { defaultSettings, validateSettings } from '../../src/settings/settings.ts';
import { metrics } from '../../src/spec/metrics.ts';

/** What a call throws. */
function thrown(act: () => unknown): LabError {
  try {
    act();
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
  throw new Error('It did not throw.');
}

describe.each(experimentNames())('experiments/%s.json', (name) => {
  const experiment = readExperiment(name);

  it('is declared, and every file of its results is a run of it under the settings it declares', () => {
    expect(experiment.name).toBe(name);
    const setups = setupsOf(experiment);
    expect(setups.map(({ index }) => index)).toEqual(setups.map((_, i) => i));
    const files = new Set(setups.map((setup) => resultPath(setup)));
    expect(files.size).toBe(setups.length);
    const there = readdirSync(resultsFolder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.startsWith(`${name}/`))
      .map((file) => join(resultsFolder, file));
    expect(there.filter((file) => !files.has(file))).toEqual([]);
    expect(readResults(experiment)).toHaveLength(there.length);
    for (const setup of setups) {
      const found = readResult(setup);
      if (found === null) continue;
      expect(otherwise(found, setup)).toBeNull();
      expect(found).toMatchObject({ experiment: name, name: setup.name });
      expect(parseReduced('', JSON.parse(writeReduced(found)))).toEqual(found);
    }
  });
});

it('each folder of results is of an experiment', () => {
  const folders = readdirSync(resultsFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.length).toBeGreaterThan(0);
  for (const { name } of folders) expect(experimentNames()).toContain(name);
});

describe('a declaration', () => {
  const parse = (declared: unknown) => parseExperiment('experiments/mine.json', declared);

  it('takes lanes from presets, the experiment’s settings upon them, and a lane’s own upon those', () => {
    const { lanes, seeds, split, name } = parse({
      title: 'Mine',
      lanes: [
        { preset: 'duel' },
        { preset: 'cure', lane: 'SRT + guard', name: 'Guard', settings: { steps: 7 } },
      ],
      settings: { steps: 5, evalEvery: 3 },
      seeds: [4, 2],
    });
    expect({ name, seeds, split }).toEqual({ name: 'mine', seeds: [4, 2], split: {} });
    const [srt, iqr] = presets.duel.lanes;
    expect(lanes).toEqual([
      { name: 'SRT', settings: { ...srt?.settings, steps: 5, evalEvery: 3 } },
      { name: 'M-GRPO + IQR', settings: { ...iqr?.settings, steps: 5, evalEvery: 3 } },
      { name: 'Guard', settings: { ...presets.cure.lanes[1]?.settings, steps: 7, evalEvery: 3 } },
    ]);
  });

  it('counts its runs seed by seed', () => {
    const experiment = parse({
      title: 'Mine',
      lanes: [{ preset: 'duel' }],
      split: { calibrate: [7], judge: [9] },
    });
    expect(experiment.split).toEqual({ calibrate: [7], judge: [9] });
    expect(setupsOf(experiment).map((run) => [run.index, run.name, run.settings.seed])).toEqual([
      [0, 'SRT', 7],
      [1, 'M-GRPO + IQR', 7],
      [2, 'SRT', 9],
      [3, 'M-GRPO + IQR', 9],
    ]);
  });

  const good = { title: 'Mine', lanes: [{ preset: 'srt' }], seeds: [0] };
  it.each<[string, object, string]>([
    ['no title', { title: undefined }, 'experiments/mine.json, `title` is missing: it must be a text.'],
    ['no lane', { lanes: [] }, '`lanes` is 0: it must be a list of lanes, as [{ "preset": "duel" }].'],
    [
      'no preset',
      { lanes: [{ preset: 'dual' }] },
      '`lanes.0.preset` is "dual": it must be one of entropy, duel,',
    ],
    ['an unknown entry', { lane: 'SRT' }, 'experiments/mine.json, `lane` is no entry of an experiment.'],
    ['an unknown lane', { lanes: [{ preset: 'duel', lane: 'X' }] }, 'preset duel has no lane "X".'],
    [
      'one name for two',
      { lanes: [{ preset: 'duel', name: 'X' }] },
      'the name "X" is for one lane, but preset duel has 2.',
    ],
    [
      'twins',
      { lanes: [{ preset: 'srt' }, { preset: 'm-grpo', name: 'srt!' }] },
      'two lanes whose runs would be one file, srt.',
    ],
    ['a name of signs', { lanes: [{ preset: 'srt', name: '★' }] }, 'a name with a letter or a digit'],
    ['a bad setting', { settings: { steps: 0.5 } }, 'lane "SRT": `steps` can\'t be 0.5'],
    ['a seed as a setting', { settings: { seed: 3 } }, 'sets the seed of "SRT"'],
    [
      'a broken seed',
      { seeds: [0, 1.5] },
      '`seeds.1` is 1.5: it must be a whole number from 0 to 4294967295.',
    ],
    ['a word for yes', { untilCollapse: 'yes' }, '`untilCollapse` is "yes": it must be true or false.'],
    ['a seed twice', { seeds: [1, 1] }, 'a list in which no seed is twice'],
    ['no seeds', { seeds: undefined }, 'it must be an object with either seeds or a split of them.'],
    ['both', { split: { judge: [1] } }, 'it must be an object with either seeds or a split of them.'],
    [
      'a seed on both sides',
      { seeds: undefined, split: { calibrate: [1, 2], judge: [2] } },
      'sets that have no seed in common',
    ],
    [
      'an unknown metric',
      { keep: { rows: ['eval/x'], digits: 3 } },
      '`keep.rows.0` is "eval/x": it must be a metric',
    ],
    [
      'many digits',
      { keep: { rows: [], digits: 17 } },
      '`keep.digits` is 17: it must be a whole number from 0 to 6.',
    ],
  ])('is refused with %s: value, rule, remedy', (_, changes, sentence) => {
    const error = thrown(() => parse({ ...good, ...changes }));
    expect(error.code).toBe('bad-setting');
    expect(error.message).toContain(sentence);
    expect(error.remedy).not.toBe('');
  });

  it.each([null, [], 'text', 3])('is refused where the file holds %j', (declared) => {
    expect(thrown(() => parse(declared)).message).toContain(
      'it must be an object with title, lanes and seeds',
    );
  });

  it('names files by letters and digits', () => {
    expect(slug('M-GRPO + IQR, N = G/4')).toBe('m-grpo-iqr-n-g-4');
    expect(slug('Learning rate 0.00021')).toBe('learning-rate-0.00021');
  });
});

const keep: Keep = {
  rows: ['eval/sampled', 'vote/agreement'],
  evaluations: ['policy/kl_ref'],
  end: { steps: 2, means: ['policy/entropy', 'reward/mean'] },
  digits: 2,
};
const summary = {
  steps: 3,
  ...{ base: 0.123, peak: 0.987, peakStep: 2, final: 0.987, finalStep: 2, retention: 1, collapseStep: null },
  seconds: 1.5,
};
const record: RunRecord = {
  name: 'SRT',
  lab: { version: '0.1.0', commit: 'abc+' },
  adapter: { vendor: 'a', architecture: 'b', description: 'c', software: false, features: ['f16'] },
  plan: null,
  settings: validateSettings({ seed: 3, steps: 3 }),
  origin: null,
  changes: [{ step: 2, changes: { learningRate: 0.001 }, by: 'guard' }],
  rows: [
    { step: 0, 'eval/sampled': 0.123, 'eval/greedy': 0.5 },
    { step: 1, 'vote/agreement': 0.555, 'policy/entropy': 9 },
    { step: 2, 'vote/agreement': NaN, 'policy/entropy': 1, 'eval/sampled': 0.987, 'policy/kl_ref': 0.1 },
    { step: 3, 'vote/agreement': 0.25, 'policy/kl_ref': 0.2, 'policy/entropy': 2.011, 'reward/mean': NaN },
  ],
  summary,
};
const of = { experiment: 'mine', command: 'npm run experiment -- mine' };

describe('a reduced run', () => {
  const run = reduced(record, keep, of);

  it('keeps the rows and means that the experiment names, rounded; what was not measured stays so', () => {
    expect(run.rows).toEqual([
      { step: 0, 'eval/sampled': 0.12 },
      { step: 1, 'vote/agreement': 0.56 },
      { step: 2, 'eval/sampled': 0.99, 'policy/kl_ref': 0.1 },
      { step: 3, 'vote/agreement': 0.25 },
    ]);
    expect(run.end).toEqual({ steps: 2, means: { 'policy/entropy': 1.51 } });
    expect(run.summary).toEqual({ ...summary, base: 0.12, peak: 0.99, final: 0.99 });
    expect(run).toMatchObject({ ...of, settings: record.settings, changes: record.changes, digits: 2 });
  });

  it('is written a column a line, in whole units of the last digit, and read back', () => {
    const text = writeReduced(run);
    expect(text).toMatch(/"evaluations": {\n {2}"step": \[0,2\],(\n {2}"\S+": \[.*\],?){2}\n }/);
    expect(text).toContain('  "eval/sampled": [12,99]');
    expect(text).toContain('  "policy/kl_ref": [null,10]');
    expect(text).toContain('  "vote/agreement": [56,null,25]\n');
    expect(parseReduced('x.json', JSON.parse(text))).toEqual(run);
  });

  it('any rows at all come back as they were', () => {
    const ids = ['eval/sampled', 'eval/greedy', 'vote/agreement', 'policy/kl_ref'] as const;
    const value = fc.option(fc.double({ min: -5, max: 50, noNaN: true }), { nil: undefined });
    const row = fc.record(Object.fromEntries(ids.map((id) => [id, value])));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (values) => {
        const rows = values.map((each, step) => ({
          step,
          // As the trainer has it: step 0 is an evaluation.
          ...Object.fromEntries(
            Object.entries(each).filter(([id]) => step > 0 || metrics[id as 'step'].every === 'eval'),
          ),
        }));
        const whole = reduced({ ...record, rows }, { ...keep, rows: ids, digits: 3 }, of);
        const back = parseReduced('x.json', JSON.parse(writeReduced(whole)));
        expect(back).toEqual(whole);
        for (const { step, ...kept } of back.rows) {
          for (const [id, number] of Object.entries(kept)) {
            expect(Math.abs(number - (values[step ?? -1]?.[id] ?? NaN))).toBeLessThan(0.00051);
          }
        }
      }),
    );
  });

  it.each<[string, object]>([
    ['a format before it', { version: 1 }],
    ['a metric that there is not', { steps: { 'vote/x': [1] } }],
    ['a column shorter than its steps', { evaluations: { step: [0, 2], 'eval/sampled': [1] } }],
    ['half a number', { steps: { 'vote/agreement': [0.5] } }],
  ])('is refused with %s', (_, changes) => {
    const text = { ...(JSON.parse(writeReduced(run)) as object), ...changes };
    const error = thrown(() => parseReduced('x.json', text));
    expect(error.code).toBe('bad-file');
    expect(error.message).toContain('"x.json" is no run of an experiment');
  });
});

describe('what is there already', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-results-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const found: ReducedRun = reduced(record, keep, of);
  const setup = { experiment: 'mine', index: 0, name: 'SRT', settings: record.settings };

  it('is found again, whole, and nothing else lies beside it', () => {
    expect(readResult(setup, folder)).toBeNull();
    writeResult(setup, found, folder);
    expect(readResult(setup, folder)).toEqual(found);
    expect(readdirSync(join(folder, 'mine'))).toEqual(['srt.3.json']);
  });

  it('counts where the settings are those wanted, whatever made it: it says so itself', () => {
    expect(otherwise(found, setup)).toBeNull();
    const settings = validateSettings({ iqrFactor: 1, steps: 4 }, defaultSettings);
    expect(otherwise(found, { ...setup, settings })).toBe('with another `steps`, `seed`, `iqrFactor`');
  });
});
