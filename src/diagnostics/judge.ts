import { mean } from '../lib/stats.ts';
import { type MetricId, type MetricRow, metrics } from '../spec/metrics.ts';
import { Accuracy } from './accuracy.ts';
import { collapseInWords, lastingCollapse } from './collapse.ts';
import { Course, leastRows, Streak } from './course.ts';
import {
  anySignals,
  type Courses,
  mustBeFinite,
  type Reading,
  readSignal,
  surely,
  toldBy,
} from './readings.ts';
import {
  type Circumstance,
  mostSentences,
  readable,
  type Signal,
  type SignName,
  supportingScore,
  warningScore,
  watchScore,
} from './signal.ts';

/** A sign that speaks, and what it rests on. */
export interface Finding {
  readonly name: SignName;
  readonly metrics: readonly MetricId[];
  /** The steps that show it: since when it is so, to the newest. */
  readonly from: number;
  readonly to: number;
  /** Without a full stop. */
  readonly sentence: string;
}

/** What can be said of a run of any trainer after a row. */
export interface Verdict {
  readonly state: 'unjudged' | 'healthy' | 'watch' | 'warning' | 'collapsed';
  /** 0: nothing to be seen; above `watchScore` amber, above `warningScore` red. What labels alone can tell is not in it. */
  readonly score: number;
  readonly reason: string;
  /** What an alarm rests on, the strongest first; empty where nothing alarms. */
  readonly findings: readonly Finding[];
}

/** Of rows that hold nothing to judge by. */
export const unjudged: Verdict = {
  state: 'unjudged',
  score: 0,
  reason:
    'None of the mapped columns is one that a run is judged by: reward, entropy, KL, completions or votes.',
  findings: [],
};
const tooShort: Verdict = {
  ...unjudged,
  reason: `Too short to be judged: most signs speak once they have been measured ${leastRows} times.`,
};

/** Which of them a run is in. */
type Circumstances = Readonly<Record<Circumstance, boolean>>;

/** What a course is kept of. */
const kept: readonly MetricId[] = [
  ...new Set([
    ...mustBeFinite,
    'reward/std' as const,
    'truth/accuracy' as const,
    ...anySignals.map(({ metric }) => metric),
  ]),
];

/** What tells of a run of reinforcement learning; loss, gradient and rate alone are those of any training. */
const telling = kept.filter((id) => !/^(optim|truth)\//.test(id));

/** Share of groups without gradient from which a row counts as dead. */
const nearlyAll = 0.95;
/** Of these, whatever rules speak, one sentence says it. */
const toldOnce: ReadonlySet<MetricId> = new Set(['reward/mean', 'completion/truncated']);
/** The score of two signs together that make red: in the middle of it. */
const surelyRed = (warningScore + 1) / 2;

/**
 * Judges a run of any trainer row by row: relative to the run's own start, or beyond what any healthy run does. A row
 * costs some microseconds: sentences are made of the rows that somebody asks for.
 */
export class RunJudge {
  readonly #kept: readonly MetricId[];
  readonly #blind: boolean;
  readonly #courses = new Map<MetricId, Course>();
  readonly #dead = new Streak();
  #deadBy: MetricId = 'reward/zero_std_groups';
  readonly #evaluations = new Accuracy();
  readonly #truths: number[] = [];
  /** Whether what is right was what is paid, in every row: then it says nothing that the reward doesn't. */
  #isPaid = true;
  /** Over ten rows each: batches are small. */
  readonly #means = new Accuracy();
  /** What speaks in the newest row. */
  #spoken: readonly Reading[] = [];
  #score = 0;
  /** Since when each sign speaks without a break. */
  #speaking: ReadonlyMap<Signal, number> = new Map();
  #row = -1;
  #step = 0;

  /** @param blind whether it sees only what can be said without labels */
  constructor(blind = false) {
    this.#blind = blind;
    this.#kept = blind ? kept.filter((id) => !metrics[id].needsTruth) : kept;
  }

  /** @param row steps ascending. NaN or absent: not measured; infinite: measured, and not finite */
  add(row: Partial<MetricRow>): void {
    this.#step = row.step ?? this.#step;
    let first = true;
    for (const id of this.#kept) {
      const value = row[id];
      if (value === undefined || Number.isNaN(value)) continue;
      if (first) this.#row++;
      first = false;
      this.#courseOf(id).add(value, this.#step, this.#row);
    }
    this.#addDead(row);
    if (!this.#blind) this.#addTruth(row);
    this.#read();
  }

  /** As in `Verdict`; null while there is nothing to judge by. */
  get score(): number | null {
    return this.alarm === null && this.#toldByAll() !== null ? null : this.#score;
  }

  /** What the newest row raises, whatever became of what is right. */
  get alarm(): 'watch' | 'warning' | null {
    return this.#score > warningScore ? 'warning' : this.#score > watchScore ? 'watch' : null;
  }

  #courseOf(id: MetricId): Course {
    const known = this.#courses.get(id) ?? new Course();
    this.#courses.set(id, known);
    return known;
  }

  /**
   * Where the share of groups is not logged, a spread of exactly 0 says the same. So does a gradient of exactly 0,
   * whatever the rewards: but some trainers log a norm that is 0 throughout, and learn.
   */
  #addDead(row: Partial<MetricRow>): void {
    const { 'reward/zero_std_groups': share, 'reward/std': spread, 'optim/grad_norm': norm } = row;
    const groups = (['reward/zero_std_groups', 'reward/std'] as const).find((id) => isNumber(row[id]));
    if (groups === undefined && !isNumber(norm)) return;
    const none = isNumber(share) ? share >= nearlyAll : spread === 0;
    const still = norm === 0 && (groups === undefined || this.#courses.get('reward/mean')?.rose !== true);
    const by = none ? groups : still ? 'optim/grad_norm' : undefined;
    if (by !== undefined) this.#deadBy = by;
    this.#dead.add(by !== undefined, this.#step);
  }

  /** A collapse is read from the mean over ten rows of what is right in them. */
  #addTruth(row: Partial<MetricRow>): void {
    const [sampled = NaN, truth = NaN] = [row['eval/sampled'], row['truth/accuracy']];
    if (Number.isFinite(sampled)) this.#evaluations.add({ step: this.#step, sampled });
    if (!Number.isFinite(truth)) return;
    this.#isPaid &&= truth === row['reward/mean'];
    this.#truths.push(truth);
    if (this.#truths.length > leastRows) this.#truths.shift();
    if (this.#truths.length === leastRows) this.#means.add({ step: this.#step, sampled: mean(this.#truths) });
  }

  /** Which signs speak in the newest row. */
  #read(): void {
    const readings: Reading[] = [];
    let circumstances: Circumstances | null = null;
    const dead = { stretch: this.#dead.stretch, by: this.#deadBy };
    for (const signal of anySignals) {
      const reading = readSignal(signal, this.#seenBy(signal, dead));
      if (reading === null) continue;
      if (signal.tempered === undefined) readings.push(reading);
      else readings.push(tempered(reading, (circumstances ??= this.#circumstances())));
    }
    this.#spoken = weighed(readings);
    this.#score = 0;
    for (const { signal, score } of this.#spoken)
      if (signal.second !== true) this.#score = Math.max(this.#score, score);
    const before = this.#speaking;
    if (before.size > 0 || this.#spoken.length > 0)
      this.#speaking = new Map(
        this.#spoken.map(({ signal }) => [signal, before.get(signal) ?? this.#beginOf(signal)]),
      );
  }

  /** Where a sign that speaks from now on begins: a level that a run has had in as many rows as it takes, with them. */
  #beginOf({ compared, metric, steps }: Signal): number {
    const course = compared === 'value' ? this.#courses.get(metric) : undefined;
    return course?.count === steps ? course.firstStep : this.#step;
  }

  #seenBy({ metric }: Signal, dead: Courses['dead']): Courses {
    const course = this.#courses.get(metric);
    return { course: course?.isStale(this.#row) === true ? undefined : course, courses: this.#courses, dead };
  }

  /** What can be said after the newest row. */
  get verdict(): Verdict {
    const score = this.#score;
    const findings = this.#findings();
    const collapsed = this.#collapse();
    if (collapsed !== null) {
      const reason = [
        collapsed.reason,
        ...findings.slice(0, mostSentences - 1).map(({ sentence }) => `${sentence}.`),
      ];
      return {
        ...collapsed,
        score,
        reason: reason.join(' '),
        findings: [...collapsed.findings, ...findings],
      };
    }
    const state = this.alarm;
    if (state !== null) return { state, score, reason: this.#alarm(findings), findings };
    return this.#toldByAll() ?? { state: 'healthy', score, reason: this.#calm(), findings };
  }

  /** Why there is nothing to judge by; null where there is something. */
  #toldByAll(): Verdict | null {
    const counts = telling.map((id) => this.#courses.get(id)?.count ?? 0);
    if (counts.every((count) => count === 0)) return unjudged;
    return counts.every((count) => count < leastRows) ? tooShort : null;
  }

  #circumstances(): Circumstances {
    const rose = this.#courses.get('reward/mean')?.rose ?? null;
    const truncated = this.#courses.get('completion/truncated');
    const fell = (truncated?.start(leastRows) ?? 0) - (truncated?.recent(leastRows) ?? 0);
    return {
      'reward rose': rose === true,
      'reward unknown': rose === null,
      'truncation fell': fell > Math.max(0.05, 2 * (truncated?.errorOf(leastRows) ?? 0)),
      'accuracy held': this.#evaluations.held || this.#means.held,
    };
  }

  /** What alarms: what is red, then what goes with it. */
  #findings(): readonly Finding[] {
    if (this.alarm === null) return [];
    const worst = this.#spoken.filter(({ signal, score }) => signal.second !== true && score > warningScore);
    const circumstances = this.#circumstances();
    const dead = { stretch: this.#dead.stretch, by: this.#deadBy };
    const said = new Set<string>();
    // What was measured last before a metric was lost says nothing of now.
    const none = this.#spoken.find(({ signal }) => signal.name === 'not finite')?.signal;
    const lost = none === undefined ? [] : toldBy(none, this.#seenBy(none, dead)).metrics;
    // A sign that no solved task has takes the doubt away, and so does what is right where the log has it.
    const isDoubtful =
      this.alarm === 'watch' ||
      (this.#spoken.every(({ signal }) => signal.doubt !== undefined) &&
        this.#evaluations.curve.length + this.#means.curve.length === 0);
    return [...worst, ...this.#spoken].flatMap(({ signal }) => {
      const { metrics: rests, ...told } = toldBy(signal, this.#seenBy(signal, dead));
      // Two rules of one name say the same, as do two of the reward, and two of the limit.
      const about = toldOnce.has(signal.metric) ? signal.metric : signal.name;
      if (said.has(about) || (signal !== none && lost.includes(signal.metric))) return [];
      said.add(about);
      const from = Number.isNaN(told.since) ? (this.#speaking.get(signal) ?? this.#step) : told.since;
      const doubt = Object.entries(signal.doubt ?? {}).flatMap(([circumstance, words]) => {
        const holds = isDoubtful && circumstances[circumstance as Circumstance] && !said.has(words);
        if (holds) said.add(words);
        return holds ? [words] : [];
      });
      const sentence = [signal.alarm(told), ...doubt].join('. ');
      return [{ name: signal.name, metrics: rests, from, to: this.#step, sentence }];
    });
  }

  /** A collapse of what is right: of held-out prompts, else of those trained on. */
  #collapse(): Omit<Verdict, 'score'> | null {
    for (const [metric, curve] of [
      ['eval/sampled', this.#evaluations.curve],
      ['truth/accuracy', this.#means.curve],
    ] as const) {
      const collapse = lastingCollapse(curve);
      if (collapse === null) continue;
      if (metric === 'truth/accuracy' && (this.#isPaid || !this.#fellSurely())) continue;
      // Over as many rows as what it is compared with.
      const rewards = this.#courses.get('reward/mean');
      const reward = (metric === 'eval/sampled' ? rewards?.newest : rewards?.recent(leastRows)) ?? NaN;
      const reason = collapseInWords(collapse, curve.at(-1)?.sampled ?? NaN, reward);
      const finding = {
        metrics: [metric],
        from: collapse.step,
        to: this.#step,
        sentence: reason.slice(0, -1),
      };
      return { state: 'collapsed', reason, findings: [{ name: 'truth', ...finding }] };
    }
    return null;
  }

  /** Whether what is right in the batches has fallen by more than the luck of small ones. */
  #fellSurely(): boolean {
    const course = this.#courses.get('truth/accuracy');
    return (
      course !== undefined && course.best - course.recent(leastRows) > surely * course.errorOf(leastRows)
    );
  }

  /** What alarms, and what the reward says to it. */
  #alarm(findings: readonly Finding[]): string {
    const sentences = findings.slice(0, mostSentences).map(({ sentence }) => `${sentence}.`);
    const ofReward = findings.some(({ metrics }) => metrics.includes('reward/mean'));
    const [reward] = ofReward ? [] : this.#wordsOf(['reward/mean']);
    if (reward !== undefined) sentences.push(`${reward.charAt(0).toUpperCase()}${reward.slice(1)}.`);
    return sentences.join(' ');
  }

  /** What there is to say of a run without an alarm. */
  #calm(): string {
    const parts = this.#wordsOf(['reward/mean', 'policy/entropy', 'policy/kl_ref', 'completion/length']);
    const calm = 'No sign of a collapse';
    return parts.length === 0 ? `${calm}.` : `${calm}: ${parts.slice(0, 3).join('; ')}.`;
  }

  #wordsOf(ids: readonly (keyof typeof inWords)[]): string[] {
    return ids.flatMap((id) => {
      const course = this.#courses.get(id);
      if (course === undefined || course.count < leastRows || course.isStale(this.#row)) return [];
      return [inWords[id](course, readable(course.recent(leastRows)), readable(course.start(leastRows)))];
    });
  }
}

/** How a metric went, from its start to now. */
const inWords = {
  'reward/mean': (course: Course, now: string, start: string) =>
    course.rose === true
      ? `the reward has risen from ${start} to ${now}`
      : `the reward is ${now}, ${start} at the start`,
  'policy/entropy': (_: Course, now: string, start: string) =>
    `entropy is ${now} nats, ${start} at the start`,
  'policy/kl_ref': (_: Course, now: string) => `KL is ${now} nats`,
  'completion/length': (_: Course, now: string, start: string) =>
    `completions have ${now} tokens, ${start} at the start`,
} as const;

function isNumber(value: number | undefined): value is number {
  return value !== undefined && !Number.isNaN(value);
}

/** What the circumstances leave of a sign. */
function tempered(reading: Reading, circumstances: Circumstances): Reading {
  let { score } = reading;
  for (const [circumstance, left] of Object.entries(reading.signal.tempered ?? {})) {
    if (!circumstances[circumstance as Circumstance]) continue;
    score = Math.min(score, left === 'amber' ? supportingScore : 0);
  }
  return { ...reading, score, redBeside: reading.redBeside && score > 0 };
}

/** The signs that speak: those that don't count by themselves are amber at most, and red beside a second one. */
function weighed(readings: readonly Reading[]): readonly Reading[] {
  const speaks = ({ score }: Reading): boolean => score > watchScore;
  return readings
    .map((each) => {
      if (each.signal.alone) return each;
      const beside = readings.some((other) => other.signal.name !== each.signal.name && speaks(other));
      if (beside && each.redBeside) return { ...each, score: Math.max(each.score, surelyRed) };
      return { ...each, score: Math.min(each.score, supportingScore) };
    })
    .filter(speaks);
}
