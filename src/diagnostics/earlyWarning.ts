import { mean } from '../lib/stats.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';
import { scoreOf, type Signal, supportingScore, warningScore, watchScore } from './signal.ts';
import { signals } from './signals.ts';

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

/** The rules whose levels were chosen on the lab's own runs. */
export const labSignals = signals.filter(({ holds }) => holds !== 'any');
const watched: readonly MetricId[] = [
  ...new Set(labSignals.flatMap(({ metric, and }) => (and === undefined ? [metric] : [metric, and]))),
];
const unseen: Track = { recent: [], first: [] };
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
  const judged = labSignals.flatMap((signal) => judge(signal, tracks));
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
  const sentence = state === 'healthy' ? (signal.calm ?? signal.alarm) : signal.alarm;
  const told = { value, start, also, since: NaN, names: '' };
  return { score, state, reason: `${sentence(told)}.`, signal: signal.metric };
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
  return [{ signal, score: scoreOf(compared, signal), value, start, also }];
}

/** Mean of what the last rows measured; NaN where none did. */
function recentMean({ recent }: Track, steps: number): number {
  return mean(recent.slice(-steps).filter((value) => value !== null));
}
