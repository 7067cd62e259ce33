import type { MetricId } from '../spec/metrics.ts';
import { type Course, leastRows, type Stretch } from './course.ts';
import { scoreOf, type Signal, type Told } from './signal.ts';
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
export const mustBeFinite = Object.keys(finiteNames) as (keyof typeof finiteNames)[];

/** What a rule makes of a run. */
export interface Reading {
  readonly signal: Signal;
  /** Tells the rules apart. */
  readonly key: string;
  readonly score: number;
  /** Whether it is red where a second sign speaks. */
  readonly redBeside: boolean;
  readonly told: Told;
  readonly metrics: readonly MetricId[];
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

/** A rule's reading of a run so far; null where it has nothing to go by. */
export function readSignal(signal: Signal, run: Courses): Reading | null {
  const figures = figuresOf(signal, run);
  if (figures === null || Number.isNaN(figures.compared)) return null;
  const { compared, metrics: rests = [signal.metric], ...told } = figures;
  const low = signal.least !== undefined && !(Math.abs(figures.value) >= signal.least);
  return {
    signal,
    key: `${signal.metric} ${signal.compared} ${signal.amber}`,
    score: low ? 0 : scoreOf(compared, signal),
    redBeside: !low && signal.beside !== undefined && compared > signal.beside,
    told: { also: NaN, since: NaN, names: '', ...told },
    metrics: rests,
  };
}

interface Figures extends Partial<Told> {
  readonly value: number;
  readonly start: number;
  readonly compared: number;
  readonly metrics?: readonly MetricId[];
}

function figuresOf({ compared, steps }: Signal, { course, courses, dead }: Courses): Figures | null {
  if (compared === 'not finite') return notFinite(courses);
  if (compared === 'dead rows') {
    const { rows, since } = dead.stretch;
    const share = dead.by === 'reward/zero_std_groups' ? (courses.get(dead.by)?.recent(steps) ?? 1) : 1;
    return { value: share, start: NaN, since, compared: rows, metrics: [dead.by] };
  }
  if (course === undefined) return null;
  if (compared === 'floor rows') {
    const { rows, since } = course.atFloor;
    // A reward above 0 that never differs may be the highest there is: it teaches nothing, but may be all right.
    const most = course.least === course.greatest && course.least > 0 ? mostOfConstant : Infinity;
    return { value: course.least, start: course.greatest, since, compared: Math.min(most, rows) };
  }
  const [value, start] = [course.recent(steps), course.start(steps)];
  if (compared === 'value') return course.count < steps ? null : { value, start, compared: value };
  if (compared === 'typical') {
    const typical = course.typicalNow(steps);
    return course.count < steps ? null : { value: typical, start, compared: typical };
  }
  if (course.count < leastRows) return null;
  switch (compared) {
    case 'rise':
      return { value, start, compared: value - start };
    case 'ratio':
      // A ratio to nothing, or below it, says nothing: neither lengths nor entropies are negative.
      return { value, start, compared: start > 0 && value >= 0 ? value / start : NaN };
    case 'grown': {
      const [now, then] = [course.typicalNow(steps), course.typicalStart(firstRows)];
      const from = Math.max(Math.abs(then), leastStart);
      return { value: now, start: then, compared: Math.log10(Math.abs(now) / from) };
    }
    case 'fallen': {
      const [now, then] = [course.typicalNow(steps), course.typicalStart(steps)];
      return { value: now, start: then, compared: then > 0 && now >= 0 ? Math.log10(then / now) : NaN };
    }
    case 'lost':
      return lost(course, steps);
    case 'flat':
      return { value, start, compared: course.rose === false ? 1 : NaN };
    default:
      compared satisfies never;
      return null;
  }
}

function notFinite(courses: ReadonlyMap<MetricId, Course>): Figures | null {
  const kl = courses.get('policy/kl_ref');
  const stands = kl !== undefined && kl.count >= leastRows && kl.least === 0 && kl.greatest === 0;
  const found = mustBeFinite.flatMap((id) => {
    const course = courses.get(id);
    if (course === undefined || course.notFinite.rows === 0) return [];
    // Some trainers log a norm that never is a number, and learn. A loss that never is one has destroyed the run, and
    // so has a norm where the policy stands still.
    if (course.count === 0 && id !== 'optim/loss' && !stands) return [];
    return [{ id, ...course.notFinite }];
  });
  if (found.length === 0) return null;
  return {
    value: NaN,
    start: NaN,
    since: Math.min(...found.map(({ since }) => since)),
    compared: found.reduce((sum, { rows }) => sum + rows, 0),
    metrics: found.map(({ id }) => id),
    names: found.map(({ id }) => finiteNames[id]).join(', '),
  };
}

/** Standard errors that a fall of the mean over ten rows must measure: the best of many windows is lucky. */
export const surely = 5;

/** The share of what the reward had gained over its start that is lost; of all that it ever was, where it gained nothing. */
function lost(course: Course, steps: number): Figures | null {
  if (course.count < 2 * steps) return null;
  const [value, start, best, error] = [
    course.recent(steps),
    course.start(steps),
    course.best.mean,
    course.errorOf(steps),
  ];
  const base = best - start > surely * error ? start : course.least;
  const fall = best - value;
  return { value, start: best, compared: fall > surely * error && best > base ? fall / (best - base) : 0 };
}
