import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { benchmarkPage, filled, judgedBenchmark } from '../../src/cli/docs.ts';
import { judgedSets, reportOf, warningReportPath } from '../../src/cli/warningReport.ts';
import { level, states, verdictOf, type JudgedRun } from '../../src/experiments/alarms.ts';
import { setupsOf } from '../../src/experiments/declaration.ts';

const sets = judgedSets();

describe('recorded runs', () => {
  it('have seeds of their own: those that levels were chosen on judge nothing, and none was looked at before', () => {
    expect(sets.map(({ set, experiment }) => `${set} ${experiment.name}`)).toEqual([
      'calibrate warning-sort',
      'calibrate warning-add',
      'judge warning-sort',
      'judge warning-add',
    ]);
    for (const { experiment, set, runs } of sets) {
      const wanted = setupsOf(experiment).filter(({ settings }) =>
        experiment.split[set]?.includes(settings.seed),
      );
      expect(runs.map(({ name, settings }) => ({ name, settings }))).toEqual(
        wanted.map(({ name, settings }) => ({ name, settings })),
      );
      for (const { settings } of runs) expect(settings.seed).toBeGreaterThanOrEqual(100);
    }
  });

  it('have a row of every step, an evaluation of every ten, and the overlap where it can be', () => {
    for (const { runs } of sets) {
      for (const { rows, settings } of runs) {
        expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: settings.steps + 1 }, (_, i) => i));
        expect(rows.filter((row) => row['eval/sampled'] !== undefined)).toHaveLength(settings.steps / 10 + 1);
        expect(rows.filter((row) => row['policy/entropy'] !== undefined)).toHaveLength(settings.steps);
      }
    }
  });
});

it('docs/early-warning.md and docs/benchmark.md are what the recorded runs say: `npm run docs` writes them', () => {
  const { report: tables, amber } = judgedBenchmark();
  expect(filled(benchmarkPage, { judged: tables })).toBe(readFileSync(benchmarkPage, 'utf8'));
  const report = reportOf(sets, amber);
  expect(readFileSync(warningReportPath, 'utf8')).toBe(report);
  for (const text of [tables, report]) expect(text).not.toMatch(/NaN|undefined/);
  // Twenty rules over a hundred runs: seconds, but on a busy machine many.
}, 240_000);

/** A run of 60 steps whose overlap falls to 0.7 at a step, its evaluations ten steps apart. */
function run(name: string, curve: readonly number[], falls: number): JudgedRun {
  return {
    name,
    rows: Array.from({ length: 61 }, (_, step) => ({
      step,
      ...(step === 0 ? {} : { 'vote/answer_overlap': step >= falls ? 0.7 : 0.95 }),
      ...(step % 10 === 0 ? { 'eval/sampled': (curve[step / 10] ?? NaN) / 1000 } : {}),
    })),
  };
}

const collapse = [400, 800, 800, 700, 500, 100, 0];
const hold = [400, 800, 800, 800, 800, 800, 800];
const dip = [400, 800, 800, 800, 700, 800, 800];

describe('verdict', () => {
  it('counts announcements, leads and what was left by hand', () => {
    // Collapses at 40: alarms at 25 and 40 are in time, one at 41 is not.
    const verdict = verdictOf(
      states.red,
      [25, 40, 41].map((at) => run('SRT', collapse, at)),
    );
    expect(verdict).toMatchObject({ collapsed: 3, announced: 2, missed: ['SRT'], held: 0, atEnd: 3 });
    expect(verdict.lead).toEqual([3.75, 7.5, 11.25]);
    // 800 ÷ 800 at step 25, 500 ÷ 800 at step 40.
    expect(verdict.left).toBeCloseTo((1 + 0.625) / 2, 12);
  });

  it('an alarm in a run that held is false; a dip counts if it comes after it', () => {
    const all = [run('a', hold, 20), run('b', dip, 20), run('c', dip, 55), run('d', hold, 99)];
    expect(verdictOf(states.red, all)).toMatchObject({
      collapsed: 0,
      held: 4,
      falseAlarms: 3,
      inDips: 1,
    });
  });

  it('no rule speaks before step 10, and levels are strict', () => {
    const early = run('SRT', collapse, 1);
    for (const rule of [states.red, level('vote/answer_overlap', '<', 0.75, 1)]) {
      expect(verdictOf(rule, [early]).lead[1]).toBe(30);
    }
    expect(verdictOf(level('vote/answer_overlap', '<', 0.7, 1), [early]).announced).toBe(0);
  });
});
