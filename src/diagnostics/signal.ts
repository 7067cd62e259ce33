import { withMinus } from '../lib/minus.ts';
import type { MetricId } from '../spec/metrics.ts';

/** Scores above which a run is watched, and above which it should be stopped. */
export const watchScore = 1 / 3;
export const warningScore = 2 / 3;
/** The highest score of a sign that can't raise a warning: in the middle of amber. */
export const supportingScore = (watchScore + warningScore) / 2;

/** Most sentences of a verdict's reason: what it rests on is told of these, and of no others. */
export const mostSentences = 4;

/** The score of a compared figure: `watchScore` at amber, `warningScore` at red, linear between and beyond, in [0, 1]. */
export function scoreOf(compared: number, { amber, red }: Pick<Signal, 'amber' | 'red'>): number {
  const score = watchScore + ((compared - amber) / (red - amber)) * (warningScore - watchScore);
  return Math.min(1, Math.max(0, score));
}

/** `vote/answer_overlap` below which a lane is amber, and red; also drawn in the vote chart. */
export const overlapZones = { amber: 0.85, red: 0.75 } as const;

/** What a sign looks like, whatever it is read from: what helps against it is told by this name. */
export type SignName =
  | 'not finite'
  | 'no gradient'
  | 'floor'
  | 'reward fell'
  | 'overlap'
  | 'one answer'
  | 'no answer'
  | 'limit'
  | 'endless'
  | 'short'
  | 'sharpened'
  | 'babble'
  | 'far'
  | 'steep'
  | 'rate'
  | 'flat'
  | 'truth';

/**
 * What is compared with the levels. Of the lab's windows: the value, its rise over the run's own first steps, its ratio
 * to them. Of any run besides: the median, which a spike doesn't move, orders of magnitude that it lies above or below its start (`grown`, `fallen`), rows in
 * a row that are at the reward's lowest or give no gradient, columns that are not finite, the share of what the reward had
 * gained that is lost, and 1 where it has gained nothing.
 */
export type Compared =
  | 'value'
  | 'typical'
  | 'rise'
  | 'ratio'
  | 'grown'
  | 'fallen'
  | 'floor rows'
  | 'dead rows'
  | 'not finite'
  | 'lost'
  | 'flat';

/** What makes a level mean less. `accuracy held`: a true accuracy is in the log, and is as good as it ever was. */
export type Circumstance = 'reward rose' | 'reward unknown' | 'truncation fell' | 'accuracy held';

/** One label-free sign of a collapse. Amber is a score of `watchScore`, red of `warningScore`, linear between and beyond. */
export interface Signal {
  readonly name: SignName;
  readonly metric: MetricId;
  /** Where given, both must speak: the smaller of the two is compared. */
  readonly and?: MetricId;
  /** Whose runs the levels hold for: this lab's, on which they were chosen, those of any trainer, or both. */
  readonly holds: 'lab' | 'any' | 'both';
  /** Steps averaged; 1 where the metric is an average already. Runs of other trainers: rows, fewer in a short log. */
  readonly steps: number;
  readonly compared: Compared;
  readonly amber: number;
  /** Below `amber` where a fall is bad, above where a rise is. */
  readonly red: number;
  /**
   * Whether it counts by itself. In the lab, if not, it stands in where there is no overlap, up to amber; in other runs
   * it is amber at most unless a second sign speaks.
   */
  readonly alone: boolean;
  /** Of what doesn't count by itself, in other runs: the level from which it is red beside a second sign. */
  readonly beside?: number;
  /** A second sign only: says nothing by itself, not even amber. */
  readonly second?: true;
  /** The value below which it says nothing, however far that is from the start. */
  readonly least?: number;
  /** What the circumstances of a run leave of it: amber at most, or nothing. */
  readonly tempered?: Readonly<Partial<Record<Circumstance, 'amber' | 'nothing'>>>;
  /** What an alarm says, without a full stop: true of every value that scores above `watchScore`. */
  readonly alarm: Sentence;
  /** What has to be said besides where it is amber: what the log can't tell. */
  readonly doubt?: Readonly<Partial<Record<Circumstance, string>>>;
  /** What a run of the lab is told that has no alarm: true of every value, and claims no direction. */
  readonly calm?: Sentence;
}

/** What a sentence tells. */
export interface Told {
  /** The recent mean. */
  readonly value: number;
  /** The mean at the run's own start. */
  readonly start: number;
  /** The recent mean of `and`. */
  readonly also: number;
  /** Since when it is so. */
  readonly since: number;
  /** Of the columns that are not finite; of the norm, where it alone says that there is no gradient. */
  readonly names: string;
}

export type Sentence = (told: Told) => string;

/** Whole percent; never −0. */
export const percent = (share: number): string => `${String(Math.round(100 * share))} %`;

/** A figure of any size as people read it: 0.35, −17.3, 1,234, 1.6e13. */
export function readable(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || (magnitude !== 0 && magnitude < 1e-3))
    return withMinus(value.toExponential(1).replace('e+', 'e'));
  if (magnitude >= 1000) return withMinus(Math.round(value).toLocaleString('en-US'));
  if (magnitude >= 10) return withMinus(value.toFixed(1));
  return withMinus(magnitude !== 0 && magnitude < 0.1 ? value.toPrecision(2) : value.toFixed(2));
}
