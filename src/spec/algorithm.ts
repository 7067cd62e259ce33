import type { RandomInteger } from '../lib/philox.ts';
import type { Group, PseudoLabel } from './group.ts';
import type { Hyperparameter } from './hyperparameter.ts';
import type { OwnKnob, OwnSettings } from './ownKnob.ts';

/** The knobs the rules read, and those that an algorithm declared for itself. `Settings` satisfies it; rules never see more. */
export interface RuleSettings extends OwnSettings {
  readonly iqrFactor: number;
  readonly filterScope: 'pool' | 'policy';
  readonly filterBeforeVote: boolean;
  readonly minVoteShare: number;
}

/** The knob of the advantage. */
export interface AdvantageSettings {
  /** Whose standard deviation rewards are divided by, as TRL's `scale_rewards`. */
  readonly scaleRewards: 'group' | 'batch' | 'none';
}

/** The knobs that share out a group. */
export interface PoolSettings extends OwnSettings {
  readonly groupSize: number;
  readonly anchorShare: number;
}

/** Who samples the rollouts of a prompt. */
export interface Pool {
  /** Of the policy, rewarded and trained on. */
  readonly M: number;
  /** Further ones of the policy, which only vote. */
  readonly V: number;
  /** Of the anchor, which only vote. */
  readonly N: number;
}

/** The knobs of the loss. */
export interface ObjectiveSettings extends LossCoefficients, OwnSettings {
  readonly lossType: 'dapo' | 'grpo' | 'dr_grpo';
  readonly maxCompletionLength: number;
}

/** What the loss kernel takes (docs/algorithm.md, step 7). */
export interface LossCoefficients {
  readonly temperature: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly klCoefficient: number;
  readonly entropyBonus: number;
}

/** What an update minimises. */
export interface Objective {
  /**
   * Weight of each token of a completion in the loss, per trained completion.
   * @param lengths tokens of each trained completion of the batch
   * @param rollouts policy rollouts in the batch, trained or not
   */
  readonly weights: (lengths: readonly number[], rollouts: number, settings: ObjectiveSettings) => number[];
  readonly coefficients: (settings: ObjectiveSettings) => LossCoefficients;
}

/** kept[i] is false for a rollout the filter dropped, [G]. */
export type Kept = readonly boolean[];

interface Parts {
  readonly name: string;
  readonly paper: string;
  /** One sentence, shown beside the choice. */
  readonly summary: string;
  /** Knobs that no other algorithm has; each is `<id>.<key>` in the table, the URL and the flags. */
  readonly knobs?: readonly OwnKnob<Hyperparameter>[];
  /** Whether a momentum anchor is kept that samples some of the group. */
  readonly anchor: 'none' | 'ema';
  /** How the rollouts of a prompt are shared out; N is 0 without an anchor. */
  readonly pool: (settings: PoolSettings) => Pool;
  /** Which rollouts stay, and the figures behind it (NaN where there is no threshold). */
  readonly filter: (group: Group, settings: RuleSettings) => FilterResult;
  /**
   * Reward per policy rollout, [M]; NaN throughout when it asks for a label and the group has none.
   * @param random the step's own stream, prompt after prompt
   */
  readonly reward: (
    group: Group,
    label: PseudoLabel,
    settings: RuleSettings,
    random: RandomInteger,
  ) => readonly number[];
  /**
   * Advantage per prompt and policy rollout, [B][M], 0 for those not kept; null skips the group
   * (rewards NaN throughout, or too few kept): no gradient at all, KL included.
   * @param rewards [B][M]
   * @param kept [B][G]
   */
  readonly advantage: (
    rewards: readonly (readonly number[])[],
    kept: readonly Kept[],
    settings: AdvantageSettings,
  ) => readonly (readonly number[] | null)[];
  readonly objective: Objective;
}

export interface FilterResult {
  readonly kept: Kept;
  /** Q1 − k·(Q3 − Q1) in nats, NaN when the group was not filtered. */
  readonly threshold: number;
  /** Q3 − Q1 in nats, NaN when the group was not filtered. */
  readonly iqr: number;
}

/**
 * Learns without labels: there is no parameter through which a solution could arrive. An algorithm
 * whose reward needs no vote either (Intuitor) labels nothing and is trained all the same.
 */
export interface LabelFreeAlgorithm extends Parts {
  readonly needsTruth: false;
  /** Who may vote, [G]. */
  readonly voters: (kept: Kept, settings: RuleSettings, group: Group) => Kept;
  readonly label: (group: Group, voters: Kept, settings: RuleSettings) => PseudoLabel;
}

/** The oracle baseline: handed the solution, and says so. */
export interface OracleAlgorithm extends Parts {
  readonly needsTruth: true;
  readonly label: (group: Group, solution: string) => PseudoLabel;
}

/** One record of rules per algorithm; nobody asks an algorithm its id. */
export type Algorithm = LabelFreeAlgorithm | OracleAlgorithm;
