import { describe, expect, it } from 'vitest';
import { fixedPlan } from '../../src/engine/plan.ts';
import type { RecordedRun } from '../../src/records/building.ts';
import { compare, type Replayed } from '../../src/records/compare.ts';
import type { LiveChange, RunSummary } from '../../src/records/run.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';

const summary: RunSummary = {
  ...{ steps: 2, base: 0, peak: 0, peakStep: 0, final: 0, finalStep: 2, retention: NaN },
  ...{ collapseStep: null, seconds: 7, interventions: 1 },
};
const guard: LiveChange = { step: 2, by: 'guard', changes: { learningRate: 1e-4 } };
const rows: readonly Partial<MetricRow>[] = [
  { step: 0, 'eval/sampled': 0 },
  { step: 1, 'reward/mean': 0.5, 'perf/step_ms': 12 },
  { step: 2, 'reward/mean': 0.25, 'perf/step_ms': 13 },
];
const recorded: RecordedRun = {
  ...{ name: 'SRT', settings: defaultSettings, origin: null, adapter: null, plan: fixedPlan, version: 2 },
  ...{
    lab: { version: '0', commit: null },
    known: new Set(['step', 'reward/mean', 'eval/sampled', 'perf/step_ms']),
  },
  ...{ rows, changes: [guard], summary },
};
const replayed: Replayed = { rows, changes: [guard], summary: { ...summary, seconds: 9 } };
const withRow = (at: number, row: Partial<MetricRow>): Replayed => ({
  ...replayed,
  rows: rows.with(at, row),
});

describe('a record and what came out again', () => {
  it('are equal but for times and what its writer did not know', () => {
    const again = withRow(1, { step: 1, 'reward/mean': 0.5, 'perf/step_ms': 99, 'reward/std': 1 });
    expect(compare(recorded, again)).toEqual({ difference: null, missing: [] });
  });

  it.each<[string, RecordedRun, Replayed, string]>([
    [
      'a number',
      recorded,
      withRow(1, { step: 1, 'reward/mean': 0.5000000000000001 }),
      'differs from step 1 on: reward/mean was 0.5, is 0.5000000000000001',
    ],
    [
      'a sign of zero',
      recorded,
      withRow(0, { step: 0, 'eval/sampled': -0 }),
      'differs from step 0 on: eval/sampled was 0, is -0',
    ],
    [
      'a number that is gone',
      recorded,
      withRow(1, { step: 1 }),
      'differs from step 1 on: reward/mean was 0.5, is not there',
    ],
    [
      'a row that the record lacks',
      { ...recorded, rows: rows.toSpliced(1, 1) },
      replayed,
      'differs from step 1 on: the record lacks this step',
    ],
    [
      'a row that there is not',
      recorded,
      { ...replayed, rows: rows.slice(0, 2), changes: [] },
      'differs from step 2 on: there is no such step',
    ],
    [
      'a change that the record lacks',
      { ...recorded, changes: [] },
      replayed,
      'differs from step 2 on: the change was none, is {"learningRate":0.0001} after step 2 by guard',
    ],
    [
      'a change of another step',
      { ...recorded, changes: [{ ...guard, step: 1 }] },
      replayed,
      'differs from step 1 on: the change was {"learningRate":0.0001} after step 1 by guard, is {"learningRate":0.0001} after step 2 by guard',
    ],
    [
      'a change by somebody else',
      { ...recorded, changes: [{ ...guard, by: 'reader' }] },
      replayed,
      'differs from step 2 on: the change was {"learningRate":0.0001} after step 2 by reader, is {"learningRate":0.0001} after step 2 by guard',
    ],
    [
      'a figure of the summary',
      recorded,
      { ...replayed, summary: { ...summary, finalStep: 1 } },
      'differs in its summary: finalStep was 2, is 1',
    ],
    [
      'an end that was none',
      { ...recorded, summary: { ...summary, stopped: 'Told to.' } },
      replayed,
      'differs in its summary: stopped was "Told to.", is not there',
    ],
    [
      'the earlier of two',
      { ...recorded, changes: [{ ...guard, step: 1 }] },
      withRow(2, { step: 2, 'reward/mean': 1 }),
      'differs from step 1 on: the change was {"learningRate":0.0001} after step 1 by guard, is {"learningRate":0.0001} after step 2 by guard',
    ],
  ])('differ in %s', (_, before, again, words) => {
    expect(compare(before, again).difference).toBe(words);
  });

  it('the order of a change’s knobs is no difference', () => {
    const one = { ...guard, changes: { learningRate: 1, steps: 2 } };
    const two = { ...guard, changes: { steps: 2, learningRate: 1 } };
    expect(compare({ ...recorded, changes: [one] }, { ...replayed, changes: [two] }).difference).toBeNull();
  });

  it('a record without summary may end before the change after its last row, which is said', () => {
    const cut = { ...recorded, changes: [], summary: null };
    expect(compare(cut, replayed)).toEqual({
      difference: null,
      missing: ['it ends before the change after its last step', 'it holds no summary'],
    });
    const earlier = { ...replayed, changes: [{ ...guard, step: 1 }] };
    expect(compare(cut, earlier).difference).toMatch(/^differs from step 1 on: the change was none/);
  });

  it('before version 2 no zero had a sign', () => {
    const old: RecordedRun = { ...recorded, version: 1 };
    expect(compare(old, withRow(0, { step: 0, 'eval/sampled': -0 })).difference).toBeNull();
  });
});
