import type { MetricId } from '../spec/metrics.ts';
import { type Course, leastRows, type Stretch } from './course.ts';
import { scoreOf, type Signal, type Told, watchScore } from './signal.ts';
import { signals } from './signals.ts';

/** Rules whose levels hold for the runs of any trainer. */
export const anySignals = signals.filter(({ holds }) => holds !== 'lab');

/** Metrics that have to be finite, as a sentence calls them: those of the update, the reward and the policy. */
const finiteNames = {
  'optim/grad_norm': 'gradient norm',
  'optim/loss': 'loss',
  'policy/kl_ref': 'KL',
  'policy/entropy': 'entropy',
  'reward/mean': 'reward',
} as const satisfies Partial<Record<MetricId, string>>;
type FiniteId = keyof typeof finiteNames;
export const mustBeFinite = Object.keys(finiteNames) as readonly FiniteId[];

/** What a rule makes of a run. */
export interface Reading {
  readonly signal: Signal;
  readonly score: number;
  /** Whether it is red where a second sign speaks. */
  readonly redBeside: boolean;
}

/** What a rule reads. */
export interface Courses {
  /** Of the rule's own metric; absent where it was never measured, or is no more. */
  readonly course: Course | undefined;
  readonly courses: ReadonlyMap<MetricId, Course>;
  /** Rows in a row in which nearly no group had a gradient, and what says so. */
  readonly dead: { readonly stretch: Stretch; readonly by: MetricId };
}

/** Below this a start counts as nothing: orders of magnitude are not counted from there. */
const leastStart = 1e-3;

/** Rows of a reward that never differs that count: amber, and never red. */
const mostOfConstant = 12;

/** Rows that growth starts from: what explodes has often done so within ten. */
const firstRows = 3;

/** A rule's reading of a run so far; null where it has nothing to go by, or nothing to say whatever else does. */
export function readSignal(signal: Signal, run: Courses): Reading | null {
  const way = ways[signal.compared];
  const compared = way.compare(signal, run);
  // Of nothing to go by both are false.
  const score = scoreOf(compared, signal);
  const redBeside = signal.beside !== undefined && compared > signal.beside;
  if (!(score > watchScore) && !redBeside) return null;
  const { least } = signal;
  if (least !== undefined && !(Math.abs(way.figures(signal, run)?.value ?? NaN) >= least)) return null;
  return { signal, score, redBeside };
}

/** What the sentence of a rule tells, and what it rests on. @param run as it was read */
export function toldBy(signal: Signal, run: Courses): Told & { readonly metrics: readonly MetricId[] } {
  const figures = ways[signal.compared].figures(signal, run);
  const unknown = { value: NaN, start: NaN, also: NaN, since: NaN, names: '' };
  return { ...unknown, metrics: [signal.metric], ...figures };
}

type Figures = Partial<Pick<Told, 'since' | 'names'>> &
  Pick<Told, 'value' | 'start'> & { readonly metrics?: readonly MetricId[] };

/** How a rule reads a run. */
interface Way {
  /** What is compared with the levels, of every row; NaN where there is nothing to go by. */
  readonly compare: (signal: Signal, run: Courses) => number;
  /** The figures of the sentence; null as above. */
  readonly figures: (signal: Signal, run: Courses) => Figures | null;
}

/** A way that reads the course of the rule's own metric, once it has so many values. */
function ofCourse(
  least: (signal: Signal) => number,
  compare: (course: Course, signal: Signal) => number,
  figures: (course: Course, signal: Signal) => Figures,
): Way {
  return {
    compare: (signal, { course }) =>
      course === undefined || course.count < least(signal) ? NaN : compare(course, signal),
    figures: (signal, { course }) => (course === undefined ? null : figures(course, signal)),
  };
}

const means = (course: Course, { steps }: Signal): Figures => ({
  value: course.recent(steps),
  start: course.start(steps),
});

const ways: Readonly<Record<Signal['compared'], Way>> = {
  'not finite': {
    compare: (_, { courses }) => notFinite(courses).reduce((sum, { rows }) => sum + rows, 0),
    figures: (_, { courses }) => {
      const found = notFinite(courses);
      return {
        value: NaN,
        start: NaN,
        since: Math.min(...found.map(({ since }) => since)),
        metrics: found.map(({ id }) => id),
        names: found.map(({ id }) => finiteNames[id]).join(', '),
      };
    },
  },
  'dead rows': {
    compare: (_, { dead }) => dead.stretch.rows,
    figures: ({ steps }, { courses, dead }) => ({
      value: dead.by === 'reward/zero_std_groups' ? (courses.get(dead.by)?.recent(steps) ?? 1) : 1,
      start: NaN,
      since: dead.stretch.since,
      metrics: [dead.by],
      names: dead.by === 'optim/grad_norm' ? finiteNames[dead.by] : '',
    }),
  },
  'floor rows': ofCourse(
    () => 0,
    (course) => {
      // A reward above 0 that never differs may be the highest there is: it teaches nothing, but may be all right.
      const most = course.least === course.greatest && course.least > 0 ? mostOfConstant : Infinity;
      return Math.min(most, course.atFloor.rows);
    },
    (course) => ({ value: course.least, start: course.greatest, since: course.atFloor.since }),
  ),
  value: ofCourse(
    ({ steps }) => steps,
    (course, { steps }) => course.recent(steps),
    means,
  ),
  typical: ofCourse(
    ({ steps }) => steps,
    (course, { steps }) => course.typicalNow(steps),
    (course, { steps }) => ({ value: course.typicalNow(steps), start: course.start(steps) }),
  ),
  rise: ofCourse(
    () => leastRows,
    (course, { steps }) => course.recent(steps) - course.start(steps),
    means,
  ),
  ratio: ofCourse(
    () => leastRows,
    (course, { steps }) => {
      const [value, start] = [course.recent(steps), course.start(steps)];
      // A ratio to nothing, or below it, says nothing: neither lengths nor entropies are negative.
      return start > 0 && value >= 0 ? value / start : NaN;
    },
    means,
  ),
  grown: ofCourse(
    () => leastRows,
    (course, { steps }) => {
      const from = Math.max(Math.abs(course.typicalStart(firstRows)), leastStart);
      return Math.log10(Math.abs(course.typicalNow(steps)) / from);
    },
    (course, { steps }) => ({ value: course.typicalNow(steps), start: course.typicalStart(firstRows) }),
  ),
  fallen: ofCourse(
    () => leastRows,
    (course, { steps }) => {
      const [now, then] = [course.typicalNow(steps), course.typicalStart(steps)];
      return then > 0 ? Math.log10(then / now) : NaN;
    },
    (course, { steps }) => ({ value: course.typicalNow(steps), start: course.typicalStart(steps) }),
  ),
  lost: ofCourse(
    ({ steps }) => Math.max(leastRows, 2 * steps),
    (course, { steps }) => lost(course, steps),
    (course, { steps }) => ({ value: course.recent(steps), start: course.best }),
  ),
  flat: ofCourse(
    () => leastRows,
    (course) => (course.rose === false ? 1 : NaN),
    means,
  ),
};

/** Which of the metrics that have to be finite are not, since when and for how many rows. */
function notFinite(courses: ReadonlyMap<MetricId, Course>): readonly (Stretch & { readonly id: FiniteId })[] {
  const found = mustBeFinite.filter((id) => (courses.get(id)?.notFinite.rows ?? 0) > 0);
  const kl = courses.get('policy/kl_ref');
  const stands = kl !== undefined && kl.count >= leastRows && kl.least === 0 && kl.greatest === 0;
  return found.flatMap((id) => {
    const course = courses.get(id);
    // Some trainers log a norm that never is a number, and learn. A loss that never is one has destroyed the run, and
    // so has a norm where the policy stands still.
    if (course === undefined || (course.count === 0 && id !== 'optim/loss' && !stands)) return [];
    return [{ id, ...course.notFinite }];
  });
}

/** Standard errors that a fall of the mean over ten rows must measure: the best of many windows is lucky. */
export const surely = 5;

/**
 * The share of what the reward had gained over its start that is lost. Where it gained nothing: of what it has fallen by
 * at most, or of half its size, lest a hair’s breadth of a smooth curve count as all there is.
 */
function lost(course: Course, steps: number): number {
  const [value, start, best, error] = [
    course.recent(steps),
    course.start(steps),
    course.best,
    course.errorOf(steps),
  ];
  const { least } = course;
  const size = Math.max(best - least, Math.abs(best) / 2, Math.abs(least) / 2);
  const base = best - start > surely * error ? start : best - size;
  const fall = best - value;
  return fall > surely * error ? fall / (best - base) : 0;
}
