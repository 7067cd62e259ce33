import { mean } from '../lib/stats.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';

/** What a label-free observer can say about a run after a step. */
export interface Assessment {
  /** 0: nothing to be seen; above `watchScore` amber, above `warningScore` red. */
  readonly score: number;
  readonly state: 'healthy' | 'watch' | 'warning';
  /** One sentence, true of the figures in it: what alarms, or what can be said of a run without an alarm. */
  readonly reason: string;
  /** The metric that the sentence is about; null while there is nothing to judge by. */
  readonly signal: MetricId | null;
}

/** Scores above which a run is watched, and above which it should be stopped. */
export const watchScore = 1 / 3;
export const warningScore = 2 / 3;

/** `vote/answer_overlap` below which a lane is amber, and red; also drawn in the vote chart. */
export const overlapZones = { amber: 0.85, red: 0.75 } as const;

/** One label-free sign of a collapse. Amber is a score of `watchScore`, red of `warningScore`, linear between and beyond. */
export interface Signal {
  readonly metric: MetricId;
  /** Where given, both must speak: the smaller of the two is compared. */
  readonly and?: MetricId;
  /** Steps averaged; 1 where the metric is an average already. */
  readonly steps: number;
  /** What is compared with the levels: the value, its rise over the run's own first steps, or its ratio to them. */
  readonly compared: 'value' | 'rise' | 'ratio';
  readonly amber: number;
  /** Below `amber` where a fall is bad, above where a rise is. */
  readonly red: number;
  /** Whether it counts beside the answer overlap. If not, it stands in where there is no overlap, up to amber. */
  readonly alone: boolean;
  /** What an alarm says, without a full stop: true of every value that scores above `watchScore`. */
  readonly alarm: Sentence;
  /** What a run is told that has no alarm: true of every value, and claims no direction. */
  readonly calm: Sentence;
}

/** Of the recent mean, the mean at the run's own start, and the recent mean of `and`. */
type Sentence = (value: number, start: number, also: number) => string;

/** Whole percent; never −0. */
export const percent = (share: number): string => `${String(Math.round(100 * share) + 0)} %`;

/** Two digits at least, so that figures which differ enough for an alarm differ in print. */
function figure(value: number, decimals: number): string {
  const tooSmall = value !== 0 && Math.abs(value) < 10 ** (1 - decimals);
  return tooSmall ? value.toPrecision(2) : value.toFixed(decimals);
}

/** Every rule of the early warning, the strongest first. Falling entropy is none: it falls in healthy runs too. */
export const signals: readonly Signal[] = [
  {
    metric: 'vote/answer_overlap',
    steps: 1,
    compared: 'value',
    ...overlapZones,
    alone: true,
    alarm: (value) =>
      `Policy and anchor give the same answer to a prompt ${percent(value)} as often as they agree with themselves`,
    calm: (value) =>
      `Policy and anchor give the same answer to a prompt ${percent(value)} as often as they agree with themselves`,
  },
  {
    metric: 'vote/top_label_share',
    steps: 10,
    compared: 'rise',
    amber: 0.3,
    red: 0.5,
    alone: true,
    alarm: (value, start) =>
      `One answer is given to ${percent(value)} of the prompts, ${percent(start)} at the start`,
    calm: (value, start) =>
      `The most common answer is given to ${percent(value)} of the prompts, ${percent(start)} at the start`,
  },
  {
    metric: 'vote/no_answer',
    steps: 10,
    compared: 'rise',
    amber: 0.2,
    red: 0.4,
    alone: true,
    alarm: (value, start) =>
      `${percent(value)} of the completions have no answer, ${percent(start)} at the start`,
    calm: (value, start) =>
      `${percent(1 - value)} of the completions have an answer, ${percent(1 - start)} at the start`,
  },
  {
    metric: 'completion/truncated',
    steps: 10,
    compared: 'rise',
    amber: 0.2,
    red: 0.4,
    alone: true,
    alarm: (value, start) =>
      `${percent(value)} of the completions run into the limit, ${percent(start)} at the start`,
    calm: (value, start) =>
      `${percent(1 - value)} of the completions end before the limit, ${percent(1 - start)} at the start`,
  },
  {
    metric: 'completion/length',
    steps: 10,
    compared: 'ratio',
    amber: 0.7,
    red: 0.5,
    alone: true,
    alarm: (value, start) =>
      `Completions have shrunk to ${figure(value, 1)} tokens, from ${figure(start, 1)} at the start`,
    calm: (value, start) => `Completions have ${figure(value, 1)} tokens, ${figure(start, 1)} at the start`,
  },
  {
    metric: 'policy/entropy',
    steps: 10,
    compared: 'ratio',
    amber: 1.5,
    red: 2,
    alone: true,
    alarm: (value, start) =>
      `Entropy has risen to ${figure(value, 2)} nats, from ${figure(start, 2)} at the start: the policy begins to babble`,
    calm: (value, start) => `Entropy is ${figure(value, 2)} nats, ${figure(start, 2)} at the start`,
  },
  {
    metric: 'reward/zero_std_groups',
    and: 'vote/unanimous',
    steps: 10,
    compared: 'value',
    amber: 0.9,
    red: 1,
    alone: false,
    alarm: (value, _, also) =>
      `${percent(value)} of the prompts give no gradient, and ${percent(also)} are unanimous`,
    calm: (value, _, also) =>
      `${percent(1 - value)} of the prompts give a gradient, and ${percent(also)} are unanimous`,
  },
  {
    metric: 'policy/kl_ref',
    steps: 10,
    compared: 'value',
    amber: 0.2,
    red: 0.3,
    alone: false,
    alarm: (value) => `The policy is ${figure(value, 2)} nats per token away from the base`,
    calm: (value) => `The policy is ${figure(value, 2)} nats per token away from the base`,
  },
];

/**
 * Steps that a window holds, and steps that a run's own start is made of. No signal speaks before it has been measured
 * that often: in the first steps policy and anchor are still the same, and what differs is the luck of few samples.
 */
const windowSteps = 10;

/** What is remembered of a metric: its last rows (null where it was missing) and its first values. */
interface Track {
  readonly recent: readonly (number | null)[];
  readonly first: readonly number[];
}

/** Plain data, bounded; part of a checkpoint. */
export type EarlyWarningState = Readonly<Partial<Record<MetricId, Track>>>;

const watched: readonly MetricId[] = [
  ...new Set(signals.flatMap(({ metric, and }) => (and === undefined ? [metric] : [metric, and]))),
];
const unseen: Track = { recent: [], first: [] };
/** The highest score of a signal that can't raise a warning: in the middle of amber. */
const supportingScore = (watchScore + warningScore) / 2;
/** Half of the way to amber: from here on a signal is what there is to say of a run without an alarm. */
const leaningScore = watchScore / 2;
const nothing: Assessment = {
  score: 0,
  state: 'healthy',
  reason: `Nothing to judge by yet: a signal speaks once it has been measured ${String(windowSteps)} times.`,
  signal: null,
};

/** Judges a run row by row, from signals that need no solutions. What is missing in the rows is not judged. */
export class EarlyWarning {
  #tracks: EarlyWarningState;

  constructor(state: EarlyWarningState = {}) {
    this.#tracks = state;
  }

  get state(): EarlyWarningState {
    return this.#tracks;
  }

  /** Adds a step's row. A row that measures none of the signals (an evaluation) leaves everything as it was. */
  add(row: Partial<MetricRow>): Assessment {
    const measured = (id: MetricId): number | null => {
      const value = row[id];
      return value !== undefined && Number.isFinite(value) ? value : null;
    };
    if (watched.some((id) => measured(id) !== null)) {
      this.#tracks = Object.fromEntries(
        watched.map((id) => [id, extended(this.#tracks[id] ?? unseen, measured(id))]),
      );
    }
    const assessment = assess(this.#tracks);
    if (measured('guard/rolled_back_to') !== null) this.forget();
    return assessment;
  }

  /** Empties the windows, not the start: after going back, the steps before say nothing about those to come. */
  forget(): void {
    this.#tracks = Object.fromEntries(
      Object.entries(this.#tracks).map(([id, { first }]) => [id, { recent: [], first }]),
    );
  }
}

function extended({ recent, first }: Track, value: number | null): Track {
  return {
    recent: [...recent, value].slice(-windowSteps),
    first: value === null || first.length === windowSteps ? first : [...first, value],
  };
}

function assess(tracks: EarlyWarningState): Assessment {
  const judged = signals.flatMap((signal) => judge(signal, tracks));
  const overlapMeasured = judged.some(({ signal }) => signal.metric === 'vote/answer_overlap');
  const counted = judged
    .filter(({ signal }) => signal.alone || !overlapMeasured)
    .map((each) => (each.signal.alone ? each : { ...each, score: Math.min(each.score, supportingScore) }));
  const [first] = counted;
  if (first === undefined) return nothing;
  const worst = counted.reduce((a, b) => (b.score > a.score ? b : a), first);
  const { score } = worst;
  const state = score > warningScore ? 'warning' : score > watchScore ? 'watch' : 'healthy';
  // Without an alarm the strongest signal speaks, unless another is on its way to amber.
  const { signal, value, start, also } = score > leaningScore ? worst : first;
  const sentence = state === 'healthy' ? signal.calm : signal.alarm;
  return { score, state, reason: `${sentence(value, start, also)}.`, signal: signal.metric };
}

interface Judgement {
  readonly signal: Signal;
  readonly score: number;
  readonly value: number;
  readonly start: number;
  readonly also: number;
}

/** One signal's score, or nothing where it can't be had (yet). */
function judge(signal: Signal, tracks: EarlyWarningState): Judgement[] {
  const [value, also] = [signal.metric, signal.and ?? signal.metric].map((id) =>
    recentMean(tracks[id] ?? unseen, signal.steps),
  ) as [number, number];
  const least = Math.min(value, also);
  const { first } = tracks[signal.metric] ?? unseen;
  const start = mean(first);
  // A ratio to nothing, or below it, says nothing: neither lengths nor entropies are negative.
  const ratio = start > 0 && least >= 0 ? least / start : NaN;
  const compared = signal.compared === 'value' ? least : signal.compared === 'rise' ? least - start : ratio;
  if (first.length < windowSteps || !Number.isFinite(compared)) return [];
  const score =
    watchScore + ((compared - signal.amber) / (signal.red - signal.amber)) * (warningScore - watchScore);
  return [{ signal, score: Math.min(1, Math.max(0, score)), value, start, also }];
}

/** Mean of what the last rows measured; NaN where none did. */
function recentMean({ recent }: Track, steps: number): number {
  return mean(recent.slice(-steps).filter((value) => value !== null));
}
