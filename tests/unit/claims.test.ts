import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readExperiment, readResults } from '../../src/cli/experimentFiles.ts';
import {
  claimExperiments,
  claims,
  judgeClaims,
  laneRuns,
  meanInterval,
  type ClaimTask,
} from '../../src/experiments/claims.ts';
import { setupsOf } from '../../src/experiments/declaration.ts';
import { choices, regretOf } from '../../src/experiments/keptCheckpoint.ts';
import type { Measured } from '../../src/experiments/measured.ts';
import { mean } from '../../src/lib/stats.ts';

const measured = (task: ClaimTask): Measured => {
  const experiment = readExperiment(claimExperiments[task]);
  return { experiment, runs: readResults(experiment) };
};
const committed = { sort: measured('sort'), add: measured('add') };

/** The committed runs of a task, with other ends. @param ends by lane; null: as they are */
function ending(
  task: ClaimTask,
  ends: (lane: string) => { final: number; collapseStep: number | null } | null,
) {
  const { experiment, runs } = committed[task];
  return {
    experiment,
    runs: runs.map((run) => {
      const end = ends(run.name);
      return end === null || run.summary === null ? run : { ...run, summary: { ...run.summary, ...end } };
    }),
  };
}

describe('the paper’s claims', () => {
  it.each(Object.keys(claimExperiments) as ClaimTask[])('all runs on %s are there, and whole', (task) => {
    const { experiment, runs } = committed[task];
    expect(runs).toHaveLength(setupsOf(experiment).length);
    expect(runs.map(({ summary }) => summary?.steps)).toEqual(runs.map(() => 3000));
    expect(new Set(runs.map(({ lab }) => lab.commit)).size).toBe(1);
  });

  it('are shown with lanes that the experiments have, four at most', () => {
    for (const { lanes } of claims) {
      expect(lanes.length).toBeLessThanOrEqual(4);
      for (const lane of lanes) {
        for (const { experiment } of Object.values(committed)) {
          expect(experiment.lanes.map(({ name }) => name)).toContain(lane);
        }
      }
    }
  });

  it('that SRT collapses holds on both tasks, and falls with a single run that does not', () => {
    const verdict = (sort: Measured, add: Measured) =>
      judgeClaims((task) => ({ sort, add })[task]).find(({ id }) => id === 'collapse');
    expect(verdict(committed.sort, committed.add)?.verdict).toBe('holds');
    const held = (task: ClaimTask) => {
      const { experiment, runs } = committed[task];
      const at = runs.findIndex(({ name }) => name === 'SRT');
      const run = runs[at];
      if (run === undefined || run.summary === null) throw new Error('no run of SRT');
      return { experiment, runs: runs.with(at, { ...run, summary: { ...run.summary, collapseStep: null } }) };
    };
    const partly = verdict(held('sort'), committed.add);
    expect(partly?.verdict).toBe('holds partly');
    expect(partly?.findings[0]?.says).toContain('SRT has collapsed on 4 of 5 seeds');
    expect(verdict(held('sort'), held('add'))?.verdict).toBe('does not hold');
  });

  it('that a filter helps holds where every seed gains, and the sentence gives the gain', () => {
    const better = ending('sort', (lane) =>
      lane === 'M-GRPO + IQR'
        ? { final: 0.9, collapseStep: null }
        : lane === 'M-GRPO'
          ? { final: 0.7, collapseStep: null }
          : null,
    );
    const filter = judgeClaims((task) => (task === 'sort' ? better : committed.add)).find(
      ({ id }) => id === 'filter',
    );
    expect(filter?.findings.map(({ holds }) => holds)).toEqual([true, false]);
    expect(filter?.findings[0]?.says).toContain('ends +0.20 (95 % of bootstrapped means: +0.20 to +0.20)');
  });

  it('that the overlap tells which checkpoint to keep falls where it speaks too early, or not at all', () => {
    const verdict = (overlap: (step: number, was: number) => number) =>
      judgeClaims((task) => ({
        ...committed[task],
        runs: committed[task].runs.map((run) => ({
          ...run,
          rows: run.rows.map((row) => {
            const was = row['vote/answer_overlap'];
            return was === undefined ? row : { ...row, 'vote/answer_overlap': overlap(row.step ?? 0, was) };
          }),
        })),
      })).find(({ id }) => id === 'kept');
    expect(verdict((_, was) => was)?.verdict).toBe('holds');
    expect(verdict(() => 0.9)?.verdict).toBe('does not hold');
    expect(verdict(() => 0.8)?.verdict).toBe('does not hold');
  });

  it('says what is missing', () => {
    const { experiment, runs } = committed.sort;
    expect(() => laneRuns({ experiment, runs: runs.slice(1) }, runs[0]?.name ?? '')).toThrow(/no run of/);
    expect(() => laneRuns(committed.sort, 'no such lane')).toThrow(/no run of no such lane/);
  });

  it('as docs/findings.md tells them in words', () => {
    const text = readFileSync('docs/findings.md', 'utf8');
    const { sort, add } = committed;
    expect(text).toContain(
      `same ${sort.runs.length + add.runs.length} runs: ${sort.experiment.lanes.length} lanes, five seeds`,
    );
  });
});

describe('a checkpoint that is kept without labels', () => {
  const rows = [
    { step: 0, 'eval/sampled': 0.4 },
    { step: 25, 'vote/answer_overlap': 0.1 },
    { step: 50, 'eval/sampled': 0.8, 'vote/answer_overlap': 0.86, 'reward/mean': 0.7 },
    { step: 100, 'eval/sampled': 0.9, 'vote/answer_overlap': 0.84, 'reward/mean': 0.9 },
    { step: 150, 'eval/sampled': 0.1, 'vote/answer_overlap': 1, 'reward/mean': 0.9 },
  ];

  it('loses to the best: at the end, at the highest reward, and before the overlap is amber', () => {
    const regrets = [choices.last, choices.reward, choices.overlap].map((choice) =>
      regretOf({ rows }, choice),
    );
    [0.8, 0, 0.1].forEach((regret, at) => expect(regrets[at]).toBeCloseTo(regret, 12));
  });

  it('is the base where nothing speaks for another, and the last where nothing alarms', () => {
    const bare = rows.map(({ step, 'eval/sampled': sampled }) => ({
      step,
      ...(sampled === undefined ? {} : { 'eval/sampled': sampled }),
    }));
    const regrets = [choices.reward, choices.overlap].map((choice) => regretOf({ rows: bare }, choice));
    [0.5, 0.8].forEach((regret, at) => expect(regrets[at]).toBeCloseTo(regret, 12));
    const amber = rows.map((row) => ({ ...row, 'vote/answer_overlap': 0.5 }));
    expect(regretOf({ rows: amber }, choices.overlap)).toBeCloseTo(0.5, 12);
  });
});

describe('the interval of a mean', () => {
  it('lies within the values and around their mean, and is the same each time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }),
        (values) => {
          const [low, high] = meanInterval(values);
          expect(meanInterval(values)).toEqual([low, high]);
          expect(low).toBeGreaterThanOrEqual(Math.min(...values) - 1e-12);
          expect(high).toBeLessThanOrEqual(Math.max(...values) + 1e-12);
          expect(low).toBeLessThanOrEqual(mean(values) + 1e-12);
          expect(high).toBeGreaterThanOrEqual(mean(values) - 1e-12);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is the exact one within a hundredth: five values, all 3,125 samples counted', () => {
    const values = [0.1, 0.4, 0.2, 0.9, 0.3];
    const means: number[] = [];
    for (let code = 0; code < 5 ** 5; code++) {
      const drawn = values.map((_, at) => values[Math.floor(code / 5 ** at) % 5] ?? NaN);
      means.push(mean(drawn));
    }
    means.sort((a, b) => a - b);
    const [low, high] = meanInterval(values);
    expect(Math.abs(low - (means[Math.round(0.025 * 3124)] ?? NaN))).toBeLessThan(0.01);
    expect(Math.abs(high - (means[Math.round(0.975 * 3124)] ?? NaN))).toBeLessThan(0.01);
  });
});
