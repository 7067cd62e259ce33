import type { MetricId } from '../spec/metrics.ts';
import { collapsesOf, type Evaluation } from './collapse.ts';
import { overlapZones, percent } from './signal.ts';

/** What a run measured, a row per step in ascending order; NaN where a step measured nothing. */
export interface ToldRun {
  readonly name: string;
  readonly column: (id: MetricId) => ArrayLike<number>;
  /** What was told of its first rows: of a run that grows, only what came since is looked at. */
  readonly story?: StepStory;
}

/** Something that happened to one run, or between two. */
export interface Turn {
  readonly kind: TurnKind;
  /** Where it happened. */
  readonly step: number;
  /** The step since which it is certain. */
  readonly known: number;
  /** Indices of the runs it is about; of two the better one first. */
  readonly runs: readonly number[];
  /** True of the rows at `step`, or of the ten steps up to it where it says so. */
  readonly sentence: string;
  /** What it was seen in: one that needs truth is none for who has no labels. */
  readonly metric: MetricId;
}

export type TurnKind =
  | 'parted'
  | 'met'
  | 'deceived'
  | 'wrong'
  | 'one-answer'
  | 'spent'
  | 'guard'
  | 'learned'
  | 'collapsed'
  | 'back'
  | 'apart';

type OwnTurn = Omit<Turn, 'runs'>;

/** Steps that a mean is taken over, and that policy and anchor must answer alike before they have met again. */
export const toldSteps = 10;
/** Levels at which something is told; shares, and differences of shares. */
export const told = {
  /** Reward beyond what is right, mean of ten steps. */
  deceived: 0.3,
  /** Of a vote on one answer at least, and of the labels right at most. */
  agreed: 0.6,
  right: 0.3,
  /** Rise of the most common label's share over the run's first ten steps. */
  oneAnswer: 0.3,
  /** Prompts without a gradient. */
  spent: 0.9,
  /** Held-out accuracy above the first evaluation's. */
  learned: 0.15,
  /** Held-out accuracies of two runs, twice in a row. */
  apart: 0.25,
} as const;
const evaluationsApart = 2;

/**
 * The turns of some runs, in the order in which they became certain. What is told of the first rows stays as it is,
 * whatever rows follow.
 */
export function turnsOf(runs: readonly ToldRun[]): readonly Turn[] {
  const own = runs.flatMap((run, index) =>
    [...(run.story ?? new StepStory()).upTo(run), ...evaluationTurns(run)].map((turn) => ({
      ...turn,
      runs: [index],
    })),
  );
  return [...own, ...partings(runs)].sort((a, b) => a.known - b.known || a.step - b.step);
}

/** Ten rows of a run, and how they compare with its first ten. */
interface Look {
  readonly name: string;
  /** Mean of a metric over the ten rows; NaN unless each of them measured it. */
  readonly recent: (id: MetricId) => number;
  readonly first: (id: MetricId) => number;
  /** Each of the ten within [0, 1]. */
  readonly isShare: (id: MetricId) => boolean;
}

/** What is told once, and again after the guard went back. */
interface Rule {
  readonly kind: TurnKind;
  readonly metric: MetricId;
  /** The sentence, or null while there is nothing to tell. */
  readonly tell: (look: Look) => string | null;
}

const rules: readonly Rule[] = [
  {
    kind: 'deceived',
    metric: 'truth/reward_gap',
    tell: ({ name, recent, isShare }) => {
      const [reward, right] = [recent('reward/mean'), recent('truth/accuracy')];
      if (!(reward - right >= told.deceived) || !isShare('reward/mean')) return null;
      return `${name} deceives itself: over ten steps it pays itself ${percent(reward)} and is right in ${percent(right)}.`;
    },
  },
  {
    kind: 'wrong',
    metric: 'truth/label_accuracy',
    tell: ({ name, recent }) => {
      const [agreed, right] = [recent('vote/agreement'), recent('truth/label_accuracy')];
      if (!(agreed >= told.agreed && right <= told.right)) return null;
      return `${name} now agrees with itself on wrong answers: over ten steps ${percent(agreed)} of a vote is one answer, and ${percent(right)} of the labels are right.`;
    },
  },
  {
    kind: 'one-answer',
    metric: 'vote/top_label_share',
    tell: ({ name, recent, first }) => {
      const [now, start] = [recent('vote/top_label_share'), first('vote/top_label_share')];
      if (!(now - start >= told.oneAnswer)) return null;
      return `${name} gives one answer to ${percent(now)} of the prompts over ten steps, ${percent(start)} at the start.`;
    },
  },
  {
    kind: 'spent',
    metric: 'reward/zero_std_groups',
    tell: ({ name, recent }) => {
      const dead = recent('reward/zero_std_groups');
      if (!(dead >= told.spent)) return null;
      return `${name} has little left to learn from: over ten steps ${percent(dead)} of its prompts give no gradient.`;
    },
  },
];

/** Turns seen step by step: told as far as a run has come, and gone on with where it has grown. */
export class StepStory {
  readonly #turns: OwnTurn[] = [];
  /** The first row that was not told of yet. */
  #row = 0;
  #waiting = rules;
  /** Rows before it say nothing of those behind it: the first row is an evaluation, and the guard goes back. */
  #begin = 0;
  #measured = 0;
  #alike = 0;
  #parted = false;

  /** @param run the one that it was asked of before, with more rows behind the same ones */
  upTo({ name, column: columnOf }: ToldRun): readonly OwnTurn[] {
    const columns = new Map<MetricId, ArrayLike<number>>();
    const column = (id: MetricId): ArrayLike<number> => {
      const known = columns.get(id) ?? columnOf(id);
      columns.set(id, known);
      return known;
    };
    const steps = column('step');
    if (steps.length === 0) return this.#turns;
    const overlap = column('vote/answer_overlap');
    const back = column('guard/rolled_back_to');
    const start = firstTrained(steps);
    for (this.#row = Math.max(this.#row, start); this.#row < steps.length; this.#row++) {
      const row = this.#row;
      const step = steps[row] ?? NaN;
      const at = { step, known: step };
      this.#overlap(at, name, overlap[row] ?? NaN);
      const from = row - toldSteps + 1;
      if (from >= Math.max(this.#begin, start)) {
        const look = lookAt(name, column, from, start);
        for (const { kind, metric, tell } of this.#waiting) {
          const sentence = tell(look);
          if (sentence === null) continue;
          this.#turns.push({ ...at, kind, sentence, metric });
          this.#waiting = this.#waiting.filter((rule) => rule.kind !== kind);
        }
      }
      const to = back[row] ?? NaN;
      if (Number.isNaN(to)) continue;
      const sentence = `The guard takes ${name} back to step ${String(to)}.`;
      this.#turns.push({ ...at, kind: 'guard', sentence, metric: 'guard/rolled_back_to' });
      this.#waiting = rules;
      this.#parted = false;
      this.#begin = row + 1;
    }
    return this.#turns;
  }

  #overlap(at: Pick<OwnTurn, 'step' | 'known'>, name: string, rho: number): void {
    const metric = 'vote/answer_overlap';
    if (!Number.isNaN(rho)) this.#measured++;
    this.#alike = rho >= overlapZones.amber ? this.#alike + 1 : 0;
    if (!this.#parted && this.#measured >= toldSteps && rho < overlapZones.amber) {
      this.#parted = true;
      const sentence = `${name}’s policy and anchor part: they answer alike ${percent(rho)} as often as each does with itself.`;
      this.#turns.push({ ...at, kind: 'parted', sentence, metric });
    } else if (this.#parted && this.#alike >= toldSteps) {
      this.#parted = false;
      const sentence = `${name}’s policy and anchor answer alike again, for ten steps now.`;
      this.#turns.push({ ...at, kind: 'met', sentence, metric });
    }
  }
}

/** Of a long run there are tens of thousands: none of them allocates lists. */
function lookAt(
  name: string,
  column: (id: MetricId) => ArrayLike<number>,
  from: number,
  start: number,
): Look {
  return {
    name,
    recent: (id) => meanOfTen(column(id), from),
    first: (id) => meanOfTen(column(id), start),
    isShare: (id) => {
      const values = column(id);
      for (let row = from; row < from + toldSteps; row++) {
        const value = values[row] ?? NaN;
        if (!(value >= 0 && value <= 1)) return false;
      }
      return true;
    },
  };
}

function meanOfTen(values: ArrayLike<number>, from: number): number {
  let sum = 0;
  for (let row = from; row < from + toldSteps; row++) sum += values[row] ?? NaN;
  return sum / toldSteps;
}

/** The first row behind the evaluation before the first step. */
export function firstTrained(steps: ArrayLike<number>): number {
  return (steps[0] ?? NaN) > 0 ? 0 : 1;
}

/** The evaluations of a run, in order. */
export function evaluationsOf({ column }: Pick<ToldRun, 'column'>): readonly Evaluation[] {
  const [steps, accuracy] = [column('step'), column('eval/sampled')];
  const evaluations: Evaluation[] = [];
  for (let row = 0; row < accuracy.length; row++) {
    const sampled = accuracy[row] ?? NaN;
    if (!Number.isNaN(sampled)) evaluations.push({ step: steps[row] ?? NaN, sampled });
  }
  return evaluations;
}

/** Turns seen in the held-out accuracy: learned, collapsed, come back. */
export function evaluationTurns(run: ToldRun): OwnTurn[] {
  const { name } = run;
  const evaluations = evaluationsOf(run);
  const [base] = evaluations;
  if (base === undefined) return [];
  const metric = 'eval/sampled';
  const turns: OwnTurn[] = [];
  const learned = evaluations.find(({ sampled }) => sampled >= base.sampled + told.learned);
  if (learned !== undefined) {
    const sentence = `${name} has learned: ${percent(learned.sampled)} right on held-out prompts, ${percent(base.sampled)} at the start.`;
    turns.push({ kind: 'learned', step: learned.step, known: learned.step, sentence, metric });
  }
  for (const [index, { step, known, best, back }] of collapsesOf(evaluations).entries()) {
    const fallen = evaluations.find((each) => each.step === step)?.sampled ?? NaN;
    const sentence = `${name} collapses${index > 0 ? ' again' : ''}: ${percent(fallen)} right on held-out prompts, ${percent(known.sampled)} by step ${String(known.step)}, after ${percent(best.sampled)} at step ${String(best.step)}.`;
    turns.push({ kind: 'collapsed', step, known: known.step, sentence, metric });
    if (back === null) continue;
    const returned = `${name} is back: ${percent(back.first.sampled)} right on held-out prompts.`;
    turns.push({ kind: 'back', step: back.first.step, known: back.known, sentence: returned, metric });
  }
  return turns;
}

/** Where two runs part for good measure: the first time for each pair. */
function partings(runs: readonly ToldRun[]): Turn[] {
  const told = runs.map((run) => new Map(evaluationsOf(run).map(({ step, sampled }) => [step, sampled])));
  const turns: Turn[] = [];
  for (let one = 0; one < runs.length; one++) {
    for (let other = one + 1; other < runs.length; other++) {
      const turn = partingOf(runs, told, one, other);
      if (turn !== null) turns.push(turn);
    }
  }
  return turns;
}

function partingOf(
  runs: readonly ToldRun[],
  accuracies: readonly ReadonlyMap<number, number>[],
  one: number,
  other: number,
): Turn | null {
  const [ofOne, ofOther] = [accuracies[one], accuracies[other]];
  if (ofOne === undefined || ofOther === undefined) return null;
  let [since, count, sign] = [0, 0, 0];
  for (const [step, accuracy] of ofOne) {
    const lead = accuracy - (ofOther.get(step) ?? NaN);
    if (!(Math.abs(lead) >= told.apart)) count = 0;
    else if (count > 0 && Math.sign(lead) === sign) count++;
    else [since, count, sign] = [step, 1, Math.sign(lead)];
    if (count < evaluationsApart) continue;
    const [better, worse] = sign > 0 ? [one, other] : [other, one];
    const at = (run: number): string => percent(accuracies[run]?.get(since) ?? NaN);
    return {
      kind: 'apart',
      step: since,
      known: step,
      runs: [better, worse],
      sentence: `${runs[better]?.name ?? ''} and ${runs[worse]?.name ?? ''} part: ${at(better)} against ${at(worse)} right on held-out prompts.`,
      metric: 'eval/sampled',
    };
  }
  return null;
}
