import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/experiments/benchmark.ts';
import { cellsOf, Course, figuresOf, verdictOn } from '../../src/experiments/judgement.ts';

const outcome = (lane: string, collapse: number | null, also: Partial<Outcome> = {}): Outcome => ({
  run: `${also.experiment ?? 'e'} ${lane} ${also.seed ?? 0}`,
  experiment: 'e',
  task: 'sort',
  lane,
  seed: 0,
  use: 'judge',
  guarded: false,
  collapse,
  steps: 400,
  evalEvery: 10,
  ...also,
});

/** What a detector says of a run whose score is a function of the step. */
function saying(score: (step: number) => number, alarmAt: number | null = null, every = 1): Course {
  const course = new Course();
  for (let step = every; step <= 400; step += every) {
    course.add(step, { alarm: alarmAt !== null && step >= alarmAt, score: score(step) });
  }
  return course;
}

describe('a course', () => {
  it('keeps the first alarm and the highest score so far, once ten rows were shown', () => {
    const course = saying((step) => (step === 30 ? 5 : step / 100), 50);
    expect(course.alarm).toBe(50);
    expect([9, 10, 29, 30, 400].map((step) => course.best(step))).toEqual([null, 0.1, 0.29, 5, 5]);
    expect(saying(() => 1, null, 50).best(499)).toBeNull();
    expect(saying(() => NaN).best(400)).toBe(-Infinity);
  });
});

describe('figures', () => {
  it('count announcements, those that are early, leads and false alarms', () => {
    const figures = figuresOf(
      (
        [
          [100, 100],
          [100, 101],
          [100, 80],
          [100, 81],
          [100, null],
          [null, 5],
          [null, null],
        ] as const
      ).map(([collapse, alarm]) => ({ outcome: outcome('a', collapse), course: saying(() => 0, alarm) })),
    );
    expect(figures).toEqual({
      ...{ collapsed: 5, announced: 3, early: 1, lead: [9.5, 19, 19.5] },
      ...{ held: 2, falseAlarms: 1 },
    });
  });
});

const seeds = (lane: string, collapses: readonly (number | null)[], also: Partial<Outcome> = {}) =>
  collapses.map((collapse, seed) => outcome(lane, collapse, { seed, ...also }));

describe('cells', () => {
  it('are open, void, or aside; runs to choose levels on are in none', () => {
    const outcomes = [
      ...seeds('open', [100, null]),
      ...seeds('falls', [100, 200]),
      ...seeds('holds', [null, null]),
      ...seeds('guarded', [100, null], { guarded: true }),
      ...seeds('open', [50, null, null], { experiment: 'f', use: 'fit' }),
      ...seeds('open', [50], { experiment: 'g' }),
    ];
    expect(
      cellsOf({ outcomes }).map(({ experiment, lane, kind, outcomes: runs }) => [
        `${experiment} ${lane}`,
        kind,
        runs.length,
      ]),
    ).toEqual([
      ['e falls', 'all collapsed', 2],
      ['e guarded', 'acted on', 2],
      ['e holds', 'all held', 2],
      ['e open', 'open', 2],
      ['g open', 'all collapsed', 1],
    ]);
  });
});

describe('the verdict', () => {
  const outcomes = [
    ...seeds('open', [100, 150, 200, null, null, null]),
    ...seeds('falls', [60, 110, 160, 220]),
    ...seeds('holds', [null, null, null, null]),
    ...seeds('guarded', [100, null], { guarded: true }),
    ...seeds('falls', [60, null], { experiment: 'f', use: 'fit' }),
  ];
  const verdict = (course: (outcome: Outcome) => Course) => verdictOn({ outcomes }, outcomes.map(course));

  it('counts in open cells, beside them over all runs that count', () => {
    const { open, all } = verdict(() => saying(() => 0, 10));
    expect(open).toMatchObject({ collapsed: 3, announced: 3, held: 3, falseAlarms: 3 });
    expect(all).toMatchObject({ collapsed: 7, announced: 7, held: 7, falseAlarms: 7 });
  });

  it('is a half for what looks at nothing but the clock', () => {
    const { within, anywhere } = verdict(() => saying((step) => step, 10));
    // Of the open cell's six runs 5 + 4 + 3, of the four that fall 3 + 2 + 1.
    expect(within.map(({ pairs, auc }) => [pairs, auc])).toEqual([
      [18, 0.5],
      [18, 0.5],
    ]);
    expect(within.every(({ shuffled }) => shuffled.chance === 1)).toBe(true);
    expect(anywhere.map(({ auc }) => auc)).toEqual([0.5, 0.5]);
  });

  it('is a half within cells for what knows the settings, and far more over all runs', () => {
    const { within, anywhere } = verdict(({ lane }) =>
      saying(() => ({ falls: 2, open: 1, holds: 0 })[lane] ?? 0),
    );
    expect(within.map(({ auc }) => auc)).toEqual([0.5, 0.5]);
    expect(Math.min(...anywhere.map(({ auc }) => auc))).toBeGreaterThan(0.75);
  });

  it('is 1 for what sees the collapse 30 steps ahead; 10 ahead is seen at the collapse alone', () => {
    const seeing = (early: number) => (one: Outcome) =>
      saying((step) => Number(step >= (one.collapse ?? Infinity) - early));
    const [far, near] = [verdict(seeing(30)), verdict(seeing(10))];
    expect(far.within.map(({ auc }) => auc)).toEqual([1, 1]);
    expect(near.within.map(({ auc }) => auc)).toEqual([1, 0.5]);
    for (const { interval, shuffled } of far.within) {
      expect(interval).toEqual([1, 1]);
      expect(shuffled.chance).toBeLessThan(0.01);
      const [low, high] = shuffled.interval;
      expect(low).toBeLessThan(0.5);
      expect(high).toBeLessThan(1);
    }
  });

  it('is the same each time', () => {
    const noisy = ({ seed, lane }: Outcome) => saying((step) => (step * (seed + 2) * lane.length) % 17);
    expect(verdict(noisy)).toEqual(verdict(noisy));
  });
});

it('a run that ended too early, or collapsed within thirty steps, is compared with none', () => {
  const pairs = (outcomes: readonly Outcome[]): number | undefined =>
    verdictOn(
      { outcomes },
      outcomes.map(() => saying(() => 0)),
    ).within[0]?.pairs;
  expect(pairs(seeds('a', [100, 129]))).toBe(0);
  expect(pairs(seeds('a', [100, 130]))).toBe(1);
  expect(pairs(seeds('a', [100, null], { steps: 129 }))).toBe(0);
  expect(pairs(seeds('a', [100, null], { steps: 130 }))).toBe(1);
  // Evaluations 50 steps apart tell collapses apart that are two of them apart.
  expect(pairs(seeds('a', [100, 150], { evalEvery: 50 }))).toBe(0);
  expect(pairs(seeds('a', [100, 200], { evalEvery: 50 }))).toBe(1);
});

it('without a pair nothing is ranked', () => {
  const outcomes = seeds('a', [null, null]);
  const { within } = verdictOn(
    { outcomes },
    outcomes.map(() => saying(() => 0)),
  );
  expect(within[0]).toMatchObject({ pairs: 0, auc: NaN });
});
