import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedPlan } from '../../src/engine/plan.ts';
import { LabError } from '../../src/lib/labError.ts';
import { readRecord } from '../../src/records/read.ts';
import type { LiveChange, RunRecord } from '../../src/records/run.ts';
import { changeLine, headerLine, recordLines, stepLine, summaryLine } from '../../src/records/write.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import { metricIds, type MetricId, type MetricRow } from '../../src/spec/metrics.ts';
import { changedLanes } from './settingValues.ts';

const summary = {
  steps: 3,
  base: 0.4,
  peak: 0.5,
  peakStep: 2,
  final: 0.5,
  finalStep: 2,
  retention: 1,
  collapseStep: null,
  seconds: 1.5,
};
const run: RunRecord = {
  name: 'SRT',
  lab: { version: '0.1.0', commit: 'abc+' },
  adapter: { vendor: 'a', architecture: 'b', description: 'c', software: true, features: ['f16'] },
  plan: fixedPlan,
  settings: defaultSettings,
  origin: { name: 'older', step: 2 },
  changes: [
    { step: 0, by: 'reader', changes: { temperature: 1 } },
    { step: 2, by: 'guard', changes: { learningRate: 1e-4 } },
    { step: 2, by: 'checkpoint', changes: { groupSize: 8 } },
    { step: 3, by: 'reader', changes: { steps: 700 } },
  ],
  rows: [
    { step: 0, 'eval/sampled': 0.4 },
    { step: 1, 'reward/mean': -0, 'optim/loss': 5e-324 },
    { step: 2, 'reward/mean': 0.1 + 0.2, 'eval/sampled': 0.5, 'optim/loss': -1.7976931348623157e308 },
    { step: 3, 'reward/mean': 1 / 3 },
  ],
  summary,
};

/** What is read of a text, without what its writer knew. */
function runsOf(text: string): RunRecord[] {
  return readRecord(text).runs.map(({ known: _, version: _v, ...rest }) => rest);
}

function refusal(text: string): string {
  try {
    readRecord(text);
  } catch (error) {
    if (error instanceof LabError) return error.message;
    throw error;
  }
  throw new Error('was read');
}

describe('what is written is read', () => {
  it('a run, every number as the same bits', () => {
    expect(runsOf(recordLines(1, run))).toEqual([run]);
    expect(Object.is(runsOf(recordLines(1, run))[0]?.rows[1]?.['reward/mean'], -0)).toBe(true);
    expect(readRecord(recordLines(1, run)).truncated).toBeNull();
  });

  it('whatever finite numbers, names and settings there are', () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    const metric = fc.constantFrom(...metricIds.filter((id) => id !== 'step'));
    const row = fc.dictionary(metric, value, { maxKeys: 6, noNullPrototype: true });
    const names = fc.string({ unit: 'binary', maxLength: 50 });
    fc.assert(
      fc.property(changedLanes, fc.array(row, { maxLength: 5 }), names, (lanes, measured, name) => {
        const records = lanes.map(({ settings }): RunRecord => ({
          ...{ ...run, name, settings, changes: [], summary: null },
          rows: measured.map((metrics, step) => ({ step, ...metrics })),
        }));
        const text = records.map((record, id) => recordLines(id, record)).join('');
        expect(runsOf(text)).toEqual(records);
      }),
      { numRuns: 50 },
    );
  });

  it('lines of several runs may alternate; names may repeat', () => {
    const twin = { ...run, changes: [], summary: null, rows: [{ step: 0, 'reward/mean': 7 }] };
    const text = [
      headerLine(1, { ...run, name: '1' }),
      headerLine(2, { ...twin, name: '1' }),
      stepLine(1, { step: 0 }),
      stepLine(2, { step: 0, 'reward/mean': 7 }),
      changeLine(1, { step: 0, by: 'reader', changes: { temperature: 1 } }),
      stepLine(1, { step: 1 }),
      summaryLine(1, summary),
    ].join('');
    const [one, two] = runsOf(text);
    expect(one).toMatchObject({
      name: '1',
      rows: [{ step: 0 }, { step: 1 }],
      changes: [{ step: 0 }],
      summary,
    });
    expect(two).toEqual({ ...twin, name: '1' });
  });

  it('what was not measured, or is not finite, is left out of rows; in a summary it is not a number', () => {
    const rows: Partial<MetricRow>[] = [{ step: 0, 'reward/mean': NaN, 'reward/std': Infinity }];
    const none = { ...summary, base: NaN, peak: NaN, final: NaN, retention: NaN };
    const [read] = runsOf(recordLines(0, { ...run, rows, changes: [], summary: none }));
    expect(read?.rows).toEqual([{ step: 0 }]);
    expect(read?.summary).toEqual(none);
  });

  it('a byte order mark, Windows’ line ends and empty lines change nothing', () => {
    const text = recordLines(1, run);
    expect(runsOf(`\uFEFF${text.replaceAll('\n', '\r\n\n')}`)).toEqual([run]);
  });
});

describe('a record that is cut', () => {
  const text = recordLines(1, run);

  it('is read up to its last whole line, wherever it is cut, and says so', () => {
    const first = text.indexOf('\n');
    for (let end = first; end < text.length; end++) {
      const { runs, truncated } = readRecord(text.slice(0, end));
      const whole = text.slice(0, end + 1).split('\n').length - 1;
      const atEnd = text[end] === '\n' || text[end - 1] === '\n';
      expect(truncated, String(end)).toBe(
        atEnd ? null : `Line ${whole + 1} is cut off: what is read ends before it.`,
      );
      const lines = (runs[0]?.rows.length ?? 0) + (runs[0]?.changes.length ?? 0);
      expect(lines + 1 + Number(runs[0]?.summary !== null)).toBe(whole);
    }
  });

  it('within its header holds no run', () => {
    expect(refusal(text.slice(0, 100))).toBe('The record holds no run: its first line is cut off.');
  });
});

describe('refused, naming the line', () => {
  const lines = recordLines(1, run).trim().split('\n');
  const with_ = (index: number, line: string): string => lines.toSpliced(index, 0, line).join('\n');
  const step = (fields: string): string => with_(3, `{"type":"step","run":1,${fields}}`);
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

  it.each<[string, string, string]>([
    ['nothing', '', 'The record holds no run.'],
    ['no JSON', with_(2, '{"type":'), 'Line 3 of the record is no JSON.'],
    ['an array', with_(2, '[]'), 'Line 3 of the record is no object.'],
    ['a later version', '{"type":"header","version":3,"run":1}', 'version 3; this lab reads up to 2'],
    ['a version in words', '{"type":"header","version":"2","run":1}', 'version "2"; this lab reads up to 2'],
    [
      'a header twice',
      [...lines, ...lines].join('\n'),
      `Line ${lines.length + 1} of the record is a second header of run 1.`,
    ],
    [
      'a run without a header',
      with_(0, '{"type":"step","run":7,"step":0}'),
      'Line 1 of the record is of run 7, which no header',
    ],
    ['another kind of line', with_(2, '{"type":"note","run":1}'), 'Line 3 of the record is of type "note"'],
    [
      'a run that is no number',
      lines.join('\n').replaceAll('"run":1', '"run":"__proto__"'),
      'Line 1 of the record has a bad "run"',
    ],
    [
      'a row below the summary',
      [...lines, '{"type":"step","run":1,"step":4}'].join('\n'),
      'below its summary',
    ],
    ['a step twice', step('"step":0'), 'Line 4 of the record is of step 0, after a row of step 0'],
    ['a step of 1e15', step('"step":1e15'), 'Line 4 of the record has step 1000000000000000'],
    ['half a step', step('"step":0.5'), 'has step 0.5'],
    ['no step', step('"reward/mean":1'), 'has step undefined'],
    ['a metric nobody knows', step('"step":1,"reward/best":1'), '"reward/best", which is no metric'],
    ['a metric of the prototype', step('"step":1,"toString":1'), '"toString", which is no metric'],
    ['text for a metric', step('"step":1,"reward/mean":"high"'), '"high" as "reward/mean"'],
    ['a metric that is not finite', step('"step":1,"reward/mean":1e999'), 'a metric is a finite number'],
    ['__proto__', step('"step":1,"__proto__":{"a":1}'), 'Line 4 of the record has a key "__proto__"'],
    [
      '__proto__ in a change',
      with_(2, '{"type":"change","run":1,"step":0,"by":"reader","changes":{"__proto__":{"steps":9}}}'),
      'Line 3 of the record has a key "__proto__"',
    ],
    ['a change of nobody', with_(2, '{"type":"change","run":1,"step":0,"by":"me","changes":{}}'), 'bad "by"'],
    [
      'a change of what is not live',
      with_(2, '{"type":"change","run":1,"step":0,"by":"reader","changes":{"groupSize":8}}'),
      "Line 3 of the record: `groupSize` can't be changed",
    ],
    [
      'a change at step 1e15',
      with_(2, '{"type":"change","run":1,"step":1e15,"by":"reader","changes":{}}'),
      'Line 3 of the record has a bad "step"',
    ],
    [
      'a change above the row of its step',
      with_(2, '{"type":"change","run":1,"step":3,"by":"reader","changes":{}}'),
      'Line 3 of the record is a change after step 3, above the row',
    ],
    [
      'a change that moved up',
      with_(6, '{"type":"change","run":1,"step":0,"by":"reader","changes":{}}'),
      'comes below one',
    ],
    [
      'a key too many',
      lines.join('\n').replace('"name"', '"nome":1,"name"'),
      'Line 1 of the record has a bad "nome"',
    ],
    ['a setting nobody knows', lines.join('\n').replace('"seed"', '"sead"'), '"sead"'],
    [
      'nested deep',
      with_(2, `{"type":"header","version":2,"run":2,"plan":${deep}}`),
      'nested deeper than 6 levels',
    ],
    [
      'a setting of a megabyte',
      lines.join('\n').replace('"seed"', `"${'s'.repeat(1e6)}"`),
      'Line 1 of the record has a bad',
    ],
  ])('%s', (_, text, words) => {
    const sentence = refusal(text);
    expect(sentence).toContain(words);
    expect(sentence.length).toBeLessThan(400);
  });

  it('in time linear in the text', () => {
    const timed = (rows: number): number => {
      const long = {
        ...run,
        changes: [],
        summary: null,
        rows: Array.from({ length: rows }, (_, i) => ({ step: i })),
      };
      const text = recordLines(1, long);
      // Of this process: what others do on its cores is none of its time.
      const began = process.cpuUsage().user;
      readRecord(text);
      return (process.cpuUsage().user - began) / 1000;
    };
    timed(10_000);
    expect(timed(50_000)).toBeLessThan(40 * (timed(5_000) + 5));
  });
});

describe('records of before version 2', () => {
  const old = (name: string): string => readFileSync(`tests/fixtures/records/${name}`, 'utf8');

  it('written headless: two lanes of one header', () => {
    const { runs, truncated } = readRecord(old('headless-1.jsonl'));
    expect(truncated).toBeNull();
    expect(runs.map(({ name }) => name)).toEqual(['SRT', 'M-GRPO + IQR']);
    for (const { rows, settings, plan, adapter, lab, summary: end } of runs) {
      expect(rows.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(settings).toMatchObject({ steps: 6, seed: 1 });
      expect(plan?.rollout).toBe('lanes');
      expect(adapter?.software).toBe(true);
      expect(lab).toEqual({ version: '0.1.0', commit: null });
      expect(end).toMatchObject({ steps: 6, finalStep: 6, final: rows[6]?.['eval/sampled'] });
      expect(end).not.toHaveProperty('stopped');
    }
  });

  it('exported from the page: live changes, a fork, the guard', () => {
    const { runs, truncated } = readRecord(old('page-1.jsonl'));
    expect(truncated).toBeNull();
    expect(runs.map(({ name }) => name)).toEqual(['SRT', 'M-GRPO + IQR', 'SRT 2']);
    const by = (changes: readonly LiveChange[]) => new Set(changes.map((change) => change.by));
    expect(by(runs[0]?.changes ?? [])).toEqual(new Set(['reader', 'guard']));
    expect(runs[2]?.origin?.name).toBe('SRT');
    for (const { summary: end } of runs) expect(end).toBeNull();
  });

  it('whose lanes have one name are refused, not merged', () => {
    const [header = '', ...rest] = old('headless-1.jsonl').split('\n');
    expect(refusal([header.replace('M-GRPO + IQR', 'SRT'), ...rest].join('\n'))).toBe(
      'Line 1 of the record names lane "SRT" a second time.',
    );
    expect(refusal(`${old('headless-1.jsonl')}${old('headless-1.jsonl')}`)).toContain('a second time');
  });

  it('that were interrupted say so now', () => {
    const text = old('headless-1.jsonl')
      .split('\n')
      .filter((line) => !/"step":[4-6],/.test(line))
      .join('\n');
    const [srt] = runsOf(text.replace(/"steps":6,"base"/g, '"steps":3,"base"'));
    expect(srt?.summary).toMatchObject({
      steps: 3,
      finalStep: 3,
      stopped: 'Interrupted before its last step.',
    });
  });

  it('know the metrics of their time', () => {
    const [srt] = readRecord(old('headless-1.jsonl')).runs;
    const ids: readonly MetricId[] = ['filter/iqr', 'guard/rolled_back_to', 'eval/anchor_greedy'];
    for (const id of ids) expect(srt?.known.has(id)).toBe(true);
  });
});
