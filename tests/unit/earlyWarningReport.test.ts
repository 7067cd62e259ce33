import { describe, expect, it } from 'vitest';
import { allRuns } from '../../src/cli/warningReport.ts';
import {
  level,
  sets,
  states,
  verdictOf,
  type WarningRun,
  type WarningRuns,
} from '../../src/diagnostics/warningRuns.ts';

const runs = allRuns();

describe('recorded runs', () => {
  it('have seeds of their own: those that levels were chosen on judge nothing, and none was looked at before', () => {
    for (const { set, runs: recorded } of runs) {
      for (const { seed } of recorded) {
        expect(sets[set]).toContain(seed);
        expect(seed).toBeGreaterThanOrEqual(100);
      }
    }
    expect(sets.judge.filter((seed) => (sets.calibrate as readonly number[]).includes(seed))).toEqual([]);
    expect(new Set(runs.map(({ set, task }) => `${set} ${task}`)).size).toBe(4);
  });

  it('have a value or a gap for every step of every column', () => {
    for (const { signals, runs: recorded } of runs) {
      for (const { values, curve } of recorded) {
        expect(values).toHaveLength(signals.length);
        expect(new Set(values.map((column) => column.length))).toEqual(new Set([curve.at(-1)?.[0]]));
      }
    }
  });
});

/** A run of 60 steps whose overlap falls to 0.7 at a step. */
function run(lane: string, curve: readonly number[], falls: number): WarningRun {
  return {
    lane,
    seed: 200,
    curve: curve.map((sampled, i) => [10 * i, sampled]),
    values: [Array.from({ length: 60 }, (_, i) => (i + 1 >= falls ? 700 : 950))],
  };
}

const source = (...of: readonly WarningRun[]): WarningRuns => ({
  command: '',
  adapter: '',
  versions: {},
  set: 'judge',
  task: 'sort',
  signals: ['vote/answer_overlap'],
  lanes: [],
  runs: of,
});
const collapse = [400, 800, 800, 700, 500, 100, 0];
const hold = [400, 800, 800, 800, 800, 800, 800];
const dip = [400, 800, 800, 800, 700, 800, 800];

describe('verdict', () => {
  it('counts announcements, leads and what was left by hand', () => {
    // Collapses at 40: alarms at 25 and 40 are in time, one at 41 is not.
    const verdict = verdictOf(
      states.red,
      [25, 40, 41].map((at) => source(run('SRT', collapse, at))),
    );
    expect(verdict).toMatchObject({ collapsed: 3, announced: 2, missed: ['SRT'], held: 0, atEnd: 3 });
    expect(verdict.lead).toEqual([3.75, 7.5, 11.25]);
    // 800 ÷ 800 at step 25, 500 ÷ 800 at step 40.
    expect(verdict.left).toBeCloseTo((1 + 0.625) / 2, 12);
  });

  it('an alarm in a run that held is false; a dip counts if it comes after it', () => {
    const all = [run('a', hold, 20), run('b', dip, 20), run('c', dip, 55), run('d', hold, 99)];
    expect(verdictOf(states.red, [source(...all)])).toMatchObject({
      collapsed: 0,
      held: 4,
      falseAlarms: 3,
      inDips: 1,
    });
  });

  it('no rule speaks before step 10, and levels are strict', () => {
    const early = source(run('SRT', collapse, 1));
    for (const rule of [states.red, level('vote/answer_overlap', '<', 0.75, 1)]) {
      expect(verdictOf(rule, [early]).lead[1]).toBe(30);
    }
    expect(verdictOf(level('vote/answer_overlap', '<', 0.7, 1), [early]).announced).toBe(0);
  });

  it('counts a run that was never evaluated for nothing', () => {
    const verdict = verdictOf(states.red, [source({ ...run('SRT', [], 20), curve: [] })]);
    expect(verdict).toMatchObject({ collapsed: 0, held: 0 });
  });

  it('judges accuracies, not thousandths: a tenth below a peak of .3 is no collapse', () => {
    expect(verdictOf(states.red, [source(run('a', [300, 210, 210, 210, 210], 99))]).held).toBe(1);
    expect(verdictOf(states.red, [source(run('a', [300, 190, 190, 190, 190], 99))]).collapsed).toBe(1);
  });

  it('takes the peak until the collapse, whatever follows; silent at the end if it speaks no more', () => {
    const recovers = run('SRT', [400, 800, 500, 100, 100, 1000, 1000], 15);
    const silent = (recovers.values[0] ?? []).map((value, i) => (i >= 50 ? 950 : value));
    // Alarm at 15, after the evaluation of 800 at 10; collapse at 20.
    expect(verdictOf(states.red, [source({ ...recovers, values: [silent] })])).toMatchObject({
      announced: 1,
      lead: [5, 5, 5],
      left: 1,
      atEnd: 0,
    });
    expect(verdictOf(states.red, [source(recovers)]).atEnd).toBe(1);
  });

  it('a gap in a column is no value', () => {
    const gaps = run('a', hold, 99);
    const values = (gaps.values[0] ?? []).map((value, i) => (i % 2 === 0 ? value : null));
    expect(verdictOf(states.amber, [source({ ...gaps, values: [values] })]).falseAlarms).toBe(0);
  });

  it('a dip counts from the alarm on, below nine tenths', () => {
    const dips = (curve: readonly number[], falls: number): number =>
      verdictOf(states.red, [source(run('a', curve, falls))]).inDips;
    expect([39, 40, 41].map((at) => dips(dip, at))).toEqual([1, 1, 0]);
    expect(dips([1000, 1000, 1000, 899, 1000], 20)).toBe(1);
    expect(dips([1000, 1000, 1000, 900, 1000], 20)).toBe(0);
  });
});
