import type { Rollout } from '../../src/spec/group.ts';
import { at, type Numbers } from './indexing.ts';

/** The knobs of steps 3 to 6 of docs/algorithm.md. */
export interface RuleSettings {
  /** k */
  readonly iqrFactor: number;
  readonly filterScope: 'pool' | 'policy';
  readonly filterBeforeVote: boolean;
  readonly minVoteShare: number;
  readonly scaleRewards: 'group' | 'batch' | 'none';
  /** Knobs of single algorithms, by `<id>.<key>`. */
  readonly [own: `${string}.${string}`]: string | number | boolean;
}

/** An algorithm in the words of docs/algorithm.md. */
export interface Recipe {
  /** Who is asked for the label. */
  readonly label: 'majority' | 'anchor majority' | 'solution' | 'nobody';
  readonly reward: 'match' | 'match others' | 'certainty' | 'low entropy' | 'share' | 'coin' | 'noisy match';
  /** Relative to the prompt's rewards, or to those of the whole step. */
  readonly advantage?: 'of the step';
  readonly filter: 'none' | 'iqr';
  readonly anchor: boolean;
  /** Whether the policy samples further rollouts, which only vote. */
  readonly extraVotes?: boolean;
  /** Knobs of its own in its trajectory. */
  readonly own?: Readonly<Record<`${string}.${string}`, string | number | boolean>>;
}

/** Every algorithm, by id. */
export const recipes: Readonly<Record<string, Recipe>> = {
  srt: { label: 'majority', reward: 'match', filter: 'none', anchor: false },
  'srt-iqr': { label: 'majority', reward: 'match', filter: 'iqr', anchor: false },
  'm-grpo': { label: 'majority', reward: 'match', filter: 'none', anchor: true },
  'm-grpo-iqr': { label: 'majority', reward: 'match', filter: 'iqr', anchor: true },
  intuitor: { label: 'nobody', reward: 'certainty', filter: 'none', anchor: false },
  ttrl: {
    ...{ label: 'majority', reward: 'match others', filter: 'none', anchor: false, extraVotes: true },
    own: { 'ttrl.leaveOneOut': false },
  },
  'anchor-vote': { label: 'anchor majority', reward: 'match', filter: 'none', anchor: true },
  'grpo-oracle': { label: 'solution', reward: 'match', filter: 'none', anchor: false },
  rent: { label: 'nobody', reward: 'low entropy', filter: 'none', anchor: false },
  'soft-vote': { label: 'nobody', reward: 'share', filter: 'none', anchor: false },
  'random-reward': {
    ...{ label: 'nobody', reward: 'coin', filter: 'none', anchor: false },
    own: { 'random-reward.chance': 0.4 },
  },
  'noisy-oracle': {
    ...{ label: 'solution', reward: 'noisy match', filter: 'none', anchor: false },
    own: { 'noisy-oracle.tpr': 0.7, 'noisy-oracle.fpr': 0.4, 'noisy-oracle.trigger': 'last' },
  },
  'reinforce-plus-plus': {
    ...{ label: 'majority', reward: 'match', filter: 'none', anchor: false },
    advantage: 'of the step',
  },
};

/** One prompt and what was sampled for it: the policy's M rollouts, its V that only vote, then the anchor's N. */
export interface Sampled {
  /** Token ids. */
  readonly prompt: readonly number[];
  readonly solution: string | null;
  readonly rollouts: readonly Rollout[];
  /** Of the anchor, only watched. */
  readonly shadow: readonly Rollout[];
}

/** What is decided about one prompt. */
export interface Decision {
  /** [G] */
  readonly kept: readonly boolean[];
  /** nats; NaN where there was no filter. */
  readonly threshold: number;
  readonly iqr: number;
  readonly label: string | null;
  readonly tied: boolean;
  /** [M]; NaN throughout without the label that the reward asks for. */
  readonly rewards: readonly number[];
  /** [M], 0 for those not kept; null: the group is skipped. */
  readonly advantages: readonly number[] | null;
}

/** NumPy's default: linear between the two order statistics next to (n − 1)·q. */
export function quantile(values: Numbers, q: number): number {
  const sorted = Array.from(values).toSorted((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const place = (sorted.length - 1) * q;
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  // Between equal neighbours exactly theirs: equal entropies drop nothing.
  return at(sorted, low) + (place - low) * (at(sorted, high) - at(sorted, low));
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** ÷ (n − 1); NaN of fewer than two. */
export function deviation(values: readonly number[]): number {
  const centre = average(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return values.length < 2 ? NaN : Math.sqrt(squares / (values.length - 1));
}

/** H_i: the mean over a completion's tokens of the entropy, nats. */
export function meanEntropy({ entropies }: Rollout): number {
  return average([...entropies]);
}

/** Votes of each answer, in the order in which they were first given; null is no answer. */
export function tally(answers: readonly (string | null)[]): [answer: string, votes: number][] {
  const given = answers.filter((answer) => answer !== null);
  return [...new Set(given)].map((answer) => [answer, given.filter((other) => other === answer).length]);
}

/** The most frequent answer, of equals the one met first, with its votes; null and 0 where nobody answered. */
export function elect(answers: readonly (string | null)[]): {
  answer: string | null;
  votes: number;
  tied: boolean;
} {
  const counted = tally(answers);
  const votes = Math.max(0, ...counted.map(([, count]) => count));
  const winners = counted.filter(([, count]) => count === votes).map(([answer]) => answer);
  return { answer: winners[0] ?? null, votes, tied: winners.length > 1 };
}

/** Step 3: H_i < Q1 − k·(Q3 − Q1) is dropped; groups of fewer than 4 are not filtered. */
function filter(rollouts: readonly Rollout[], recipe: Recipe, settings: RuleSettings) {
  const scope = rollouts.filter(({ source }) => source === 'policy' || settings.filterScope === 'pool');
  if (recipe.filter === 'none' || scope.length < 4) {
    return { kept: rollouts.map(() => true), threshold: NaN, iqr: NaN };
  }
  const entropies = scope.map(meanEntropy);
  const iqr = quantile(entropies, 0.75) - quantile(entropies, 0.25);
  const threshold = quantile(entropies, 0.25) - settings.iqrFactor * iqr;
  const kept = rollouts.map((rollout) => !scope.includes(rollout) || meanEntropy(rollout) >= threshold);
  return { kept, threshold, iqr };
}

/** Step 4. */
function labelOf(
  { rollouts, solution }: Sampled,
  kept: readonly boolean[],
  recipe: Recipe,
  settings: RuleSettings,
): { label: string | null; tied: boolean } {
  if (recipe.label === 'nobody') return { label: null, tied: false };
  if (recipe.label === 'solution') return { label: solution, tied: false };
  const heard = rollouts
    .filter((_, i) => !settings.filterBeforeVote || kept[i] === true)
    .filter(({ source }) => recipe.label === 'majority' || source === 'anchor');
  const { answer, votes, tied } = elect(heard.map((rollout) => rollout.answer));
  const parsed = heard.filter((rollout) => rollout.answer !== null).length;
  return answer === null || votes < settings.minVoteShare * parsed
    ? { label: null, tied: false }
    : { label: answer, tied };
}

/** Step 5 for one rollout of the policy. @param chance uniform in (0, 1), of this rollout */
function rewardOf(
  rollout: Rollout,
  { rollouts }: Sampled,
  label: string | null,
  kind: Recipe['reward'],
  settings: RuleSettings,
  chance: () => number,
): number {
  const { answer } = rollout;
  if (kind === 'certainty') return rollout.selfCertainty;
  if (kind === 'low entropy') return -meanEntropy(rollout);
  if (kind === 'coin') return chance() < Number(settings['random-reward.chance']) ? 1 : 0;
  if (kind === 'share') {
    const parsed = rollouts.filter((other) => other.answer !== null);
    return answer === null ? 0 : parsed.filter((other) => other.answer === answer).length / parsed.length;
  }
  if (kind === 'noisy match') {
    const right = answer === label;
    const luck = chance() < Number(settings[right ? 'noisy-oracle.tpr' : 'noisy-oracle.fpr']);
    if (answer === null) return 0;
    const fooled = settings['noisy-oracle.trigger'] === 'anywhere' || answer.at(-1) === label?.at(-1);
    return luck && (right || fooled) ? 1 : 0;
  }
  if (label === null) return NaN;
  if (kind === 'match others' && settings['ttrl.leaveOneOut'] === true) {
    const { answer: elected, tied } = elect(
      rollouts.filter((other) => other !== rollout).map((other) => other.answer),
    );
    return answer !== null && !tied && elected === answer ? 1 : 0;
  }
  return answer === label ? 1 : 0;
}

/**
 * Step 6: (r − mean) ÷ (unbiased std + 1e-6) over the kept of a prompt. The deviation may be that of the whole step, or
 * 1; and with REINFORCE++ the mean, too, is the step's.
 */
function advantagesOf(
  decided: readonly Omit<Decision, 'advantages'>[],
  recipe: Recipe,
  { scaleRewards }: RuleSettings,
): (readonly number[] | null)[] {
  const ofStep = recipe.advantage === 'of the step';
  const groups = decided.map(({ rewards, kept }) => rewards.filter((_, i) => kept[i] === true));
  const taught = groups.map((group) => group.length >= (ofStep ? 1 : 2) && !group.some(Number.isNaN));
  const step = groups.filter((_, b) => taught[b] === true).flat();
  return decided.map(({ rewards, kept }, b) => {
    const group = ofStep ? step : (groups[b] ?? []);
    if (taught[b] !== true) return null;
    if (Math.max(...group) === Math.min(...group)) return rewards.map(() => 0);
    const scale = {
      group: deviation(group) + 1e-6,
      batch: deviation(step) + 1e-6,
      none: 1,
    }[ofStep ? 'batch' : scaleRewards];
    return rewards.map((reward, i) => (kept[i] === true ? (reward - average(group)) / scale : 0));
  });
}

/** Steps 3 to 6 of docs/algorithm.md. @param chance the step's uniform numbers in (0, 1), one a rollout where one is needed */
export function decide(
  batch: readonly Sampled[],
  recipe: Recipe,
  settings: RuleSettings,
  chance: () => number,
): readonly Decision[] {
  const decided = batch.map((sampled) => {
    const filtered = filter(sampled.rollouts, recipe, settings);
    const { label, tied } = labelOf(sampled, filtered.kept, recipe, settings);
    const rewards = sampled.rollouts
      .filter(({ source }) => source === 'policy')
      .map((rollout) => rewardOf(rollout, sampled, label, recipe.reward, settings, chance));
    return { ...filtered, label, tied, rewards };
  });
  const advantages = advantagesOf(decided, recipe, settings);
  return decided.map((decision, b) => ({ ...decision, advantages: advantages[b] ?? null }));
}

/** Step 9: m of a step, constant or along half a cosine to its end. @param step from 1 */
export function momentumOf(
  step: number,
  settings: {
    readonly steps: number;
    readonly anchorMomentum: number;
    readonly momentumSchedule: 'constant' | 'cosine';
    readonly anchorMomentumEnd: number;
  },
): number {
  const { anchorMomentum: from, anchorMomentumEnd: to } = settings;
  if (settings.momentumSchedule === 'constant') return from;
  const left = Math.cos((Math.min(1, (step - 1) / Math.max(1, settings.steps - 1)) * Math.PI) / 2) ** 2;
  return to + (from - to) * left;
}

export interface Schedule {
  /** The peak. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly steps: number;
  readonly lrSchedule: 'constant' | 'cosine';
  /** Of the peak, where the cosine ends with the last step. */
  readonly minLearningRateShare: number;
}

/**
 * Step 8: linear warm-up that reaches the peak with step `warmupSteps`, then constant, or half a cosine down to
 * the floor at the last step.
 * @param step from 1
 */
export function learningRateOf(step: number, schedule: Schedule): number {
  const { learningRate, warmupSteps, steps, lrSchedule, minLearningRateShare: floor } = schedule;
  if (step <= warmupSteps) return learningRate * (step / warmupSteps);
  if (lrSchedule === 'constant') return learningRate;
  const first = warmupSteps + 1;
  const done = steps > first ? Math.min(1, (step - first) / (steps - first)) : Math.min(1, step - first);
  return learningRate * (floor + (1 - floor) * Math.cos((done * Math.PI) / 2) ** 2);
}
