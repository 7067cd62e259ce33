import { groupsOf } from '../lib/groups.ts';
import { keyOf, philox4x32 } from '../lib/philox.ts';
import { finite, quantile } from '../lib/stats.ts';
import { windowSteps, type Answer } from './alarms.ts';
import type { Benchmark, Observed, Outcome } from './benchmark.ts';
import type { Detector } from './detectors.ts';

/** What a detector said of a run, gathered answer by answer. */
export class Course {
  #alarm: number | null = null;
  readonly #steps: number[] = [];
  /** Steps at which the highest score so far was raised, and to what. */
  readonly #raised: { readonly step: number; readonly score: number }[] = [];

  add(step: number, { alarm, score }: Answer): void {
    this.#steps.push(step);
    if (alarm) this.#alarm ??= step;
    if (score > (this.#raised.at(-1)?.score ?? -Infinity)) this.#raised.push({ step, score });
  }

  /** The step of the first alarm; null for none. */
  get alarm(): number | null {
    return this.#alarm;
  }

  /**
   * The highest score until a step, that step included, −∞ where there was none; null where fewer rows had been shown by
   * then than the lab's own rules need.
   */
  best(until: number): number | null {
    if ((this.#steps[windowSteps - 1] ?? Infinity) > until) return null;
    return this.#raised.findLast(({ step }) => step <= until)?.score ?? -Infinity;
  }
}

/** A run with what a detector said of it. */
export interface Judged {
  readonly outcome: Outcome;
  readonly course: Course;
}

/** What a detector of this process says of a run, row by row. */
export function heard({ judge }: Detector, { rows }: Observed): Course {
  const course = new Course();
  const answer = judge();
  for (const { step, values } of rows) course.add(step, answer({ step, ...values }));
  return course;
}

/** Runs that differ in nothing but their seed. */
export interface Cell {
  readonly experiment: string;
  readonly task: string;
  readonly lane: string;
  readonly outcomes: readonly Outcome[];
  /** `open`: both outcomes. `acted on`: the alarm that is judged changed the runs. The others are void. */
  readonly kind: 'open' | 'all collapsed' | 'all held' | 'acted on';
}

/** The cells of those runs that count. */
export function cellsOf({ outcomes }: Pick<Benchmark, 'outcomes'>): readonly Cell[] {
  return groupsOf(
    outcomes.filter(({ use }) => use === 'judge'),
    cellOf,
  )
    .map((runs): Cell => {
      const [{ experiment, task, lane, guarded }] = runs as readonly [Outcome];
      const collapsed = runs.filter(({ collapse }) => collapse !== null).length;
      const outcome = collapsed === 0 ? 'all held' : collapsed === runs.length ? 'all collapsed' : 'open';
      return { experiment, task, lane, outcomes: runs, kind: guarded ? 'acted on' : outcome };
    })
    .sort((a, b) => (keyed(a) < keyed(b) ? -1 : 1));
}

function keyed({ experiment, lane }: Cell): string {
  return `${experiment} ${lane}`;
}

function cellOf({ experiment, lane }: Outcome): string {
  return JSON.stringify([experiment, lane]);
}

/** Steps before a collapse by which it has to be announced to count as early. */
export const ahead = 20;

/** Steps before a collapse at which scores are compared. */
export const leads = [0, ahead] as const;

/** Steps that a run must hold longer than another to be told from it: as long as the evaluations that make a collapse. */
export const apart = 30;

/** Counts of alarms over runs. */
export interface Figures {
  readonly collapsed: number;
  /** Collapses with an alarm at or before their step, and those with one `ahead` steps before. */
  readonly announced: number;
  readonly early: number;
  /** Of those announced, steps between alarm and collapse: quartiles. */
  readonly lead: readonly [number, number, number];
  readonly held: number;
  readonly falseAlarms: number;
}

/** What alarms did on runs. */
export function figuresOf(runs: readonly Judged[]): Figures {
  const leads: number[] = [];
  let [collapsed, held, falseAlarms] = [0, 0, 0];
  for (const {
    outcome: { collapse },
    course: { alarm },
  } of runs) {
    if (collapse === null) {
      held++;
      if (alarm !== null) falseAlarms++;
      continue;
    }
    collapsed++;
    if (alarm !== null && alarm <= collapse) leads.push(collapse - alarm);
  }
  const [low = NaN, median = NaN, high = NaN] = [0.25, 0.5, 0.75].map((q) => quantile(leads, q));
  const early = leads.filter((lead) => lead >= ahead).length;
  return { collapsed, announced: leads.length, early, lead: [low, median, high], held, falseAlarms };
}

/** Two runs of which the first collapsed, and the other is known not to have, `apart` steps later. */
interface Pair {
  /** Indices of runs. */
  readonly collapsed: number;
  readonly other: number;
  /** 1 where the first scored higher before its collapse, ½ for a tie. */
  readonly won: number;
}

/** What is ranked. */
interface Ranked {
  readonly runs: readonly Judged[];
  /** Indices of the runs that are compared with each other. */
  readonly groups: readonly (readonly number[])[];
  /** Steps before the collapse at which they are. */
  readonly lead: number;
}

/**
 * Pairs of runs of the same group, compared at the same step, before the first of them collapses: in a cell, whatever
 * looks at the step alone or at the settings alone wins half of them.
 * @param collapses by run, null for one that held
 */
function pairsOf({ runs, groups, lead }: Ranked, collapses: readonly (number | null)[]): readonly Pair[] {
  return groups.flatMap((group) =>
    group.flatMap((collapsed): Pair[] => {
      const at = collapses[collapsed] ?? null;
      if (at === null) return [];
      const mine = runs[collapsed]?.course.best(at - lead) ?? null;
      return group.flatMap((other) => {
        const { steps = 0, evalEvery = 0 } = runs[other]?.outcome ?? {};
        const lasted = collapses[other] ?? steps;
        // Two collapses are as far apart as they seem, give or take an evaluation each.
        const least = Math.max(apart, 2 * evalEvery);
        // Of one that held it is known until its last step alone.
        if (lasted < at + least) return [];
        const theirs = runs[other]?.course.best(at - lead) ?? null;
        if (mine === null || theirs === null) return [];
        return [{ collapsed, other, won: mine > theirs ? 1 : mine === theirs ? 0.5 : 0 }];
      });
    }),
  );
}

/** Share of pairs that are won; NaN of none. @param weights how often each run counts */
function shareWon(pairs: readonly Pair[], weights?: readonly number[]): number {
  let [won, all] = [0, 0];
  for (const pair of pairs) {
    const weight = weights === undefined ? 1 : (weights[pair.collapsed] ?? 0) * (weights[pair.other] ?? 0);
    won += weight * pair.won;
    all += weight;
  }
  return won / all;
}

/** How scores rank runs. */
export interface Ranking {
  readonly pairs: number;
  /** Share of pairs in which the run that collapsed scored higher; NaN of no pair. */
  readonly auc: number;
  /** 95 % of the same, over runs drawn with replacement within their group. */
  readonly interval: readonly [number, number];
}

/** What chance makes of a ranking: the same scores, with the outcomes of each cell shuffled among its runs. */
export interface Shuffled {
  /** 95 % of the shares that are won. */
  readonly interval: readonly [number, number];
  /** How often such a share is as high as the one that was found. */
  readonly chance: number;
}

const draws = 1000;

/** Draws of a purpose: always the same ones, whatever else is drawn. */
function drawn(purpose: 'resampled' | 'shuffled', draw: number, at: number, below: number): number {
  const [word] = philox4x32([at, draw, 0, purpose === 'resampled' ? 1 : 2], keyOf(0));
  return Math.floor((word / 2 ** 32) * below);
}

const outcomesOf = (runs: readonly Judged[]): readonly (number | null)[] =>
  runs.map(({ outcome }) => outcome.collapse);

function rankingOf(ranked: Ranked): Ranking {
  const { runs, groups } = ranked;
  const pairs = pairsOf(ranked, outcomesOf(runs));
  const shares = Array.from({ length: pairs.length === 0 ? 0 : draws }, (_, draw) => {
    const weights = runs.map(() => 0);
    for (const group of groups) {
      for (const index of group) {
        const chosen = group[drawn('resampled', draw, index, group.length)] ?? index;
        weights[chosen] = (weights[chosen] ?? 0) + 1;
      }
    }
    return shareWon(pairs, weights);
  });
  // Of a few runs a draw may hold no pair.
  return { pairs: pairs.length, auc: shareWon(pairs), interval: middle(finite(shares)) };
}

/** @param ranked in cells */
function shuffledRanking(ranked: Ranked): Shuffled {
  const { runs, groups: cells } = ranked;
  const found = shareWon(pairsOf(ranked, outcomesOf(runs)));
  const shares = Array.from({ length: Number.isNaN(found) ? 0 : draws }, (_, draw) => {
    const moved = [...outcomesOf(runs)];
    for (const cell of cells) {
      for (let left = cell.length - 1; left > 0; left--) {
        const [a = 0, b = 0] = [cell[left], cell[drawn('shuffled', draw, cell[left] ?? 0, left + 1)]];
        [moved[a], moved[b]] = [moved[b] ?? null, moved[a] ?? null];
      }
    }
    return shareWon(pairsOf(ranked, moved));
  });
  // One more than was drawn: what was found is one of the orders that chance has.
  const chance = (1 + shares.filter((share) => share >= found).length) / (1 + shares.length);
  return { interval: middle(finite(shares)), chance };
}

/** 95 % of values. */
function middle(values: readonly number[]): readonly [number, number] {
  return [quantile(values, 0.025), quantile(values, 0.975)];
}

function grouped(
  runs: readonly Judged[],
  groupOf: (outcome: Outcome) => string,
): readonly (readonly number[])[] {
  return groupsOf([...runs.keys()], (index) => {
    const run = runs[index];
    return run === undefined ? '' : groupOf(run.outcome);
  });
}

/** What is said of a detector. */
export interface Verdict {
  /** In open cells alone. */
  readonly open: Figures;
  /** Of pairs within cells, at each of `leads`. */
  readonly within: readonly (Ranking & { readonly shuffled: Shuffled })[];
  /** Over all runs that count: settings can be recognised here. */
  readonly all: Figures;
  readonly anywhere: readonly Ranking[];
}

/** Judges what a detector said. @param courses in the order of the runs; those of runs to choose levels on don't count */
export function verdictOn({ outcomes }: Pick<Benchmark, 'outcomes'>, courses: readonly Course[]): Verdict {
  const kinds = new Map(
    cellsOf({ outcomes }).flatMap(({ outcomes: runs, kind }) =>
      runs.map((each) => [each.run, kind] as const),
    ),
  );
  const counted = outcomes.flatMap((outcome, at): Judged[] => {
    const course = courses[at];
    const kind = kinds.get(outcome.run);
    return course === undefined || kind === undefined || kind === 'acted on' ? [] : [{ outcome, course }];
  });
  return {
    open: figuresOf(counted.filter(({ outcome }) => kinds.get(outcome.run) === 'open')),
    within: leads.map((lead) => {
      const ranked = { runs: counted, groups: grouped(counted, cellOf), lead };
      return { ...rankingOf(ranked), shuffled: shuffledRanking(ranked) };
    }),
    all: figuresOf(counted),
    anywhere: leads.map((lead) => rankingOf({ runs: counted, groups: grouped(counted, () => ''), lead })),
  };
}
