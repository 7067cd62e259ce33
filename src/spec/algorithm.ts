import type { Group, PseudoLabel } from './group.ts';

/** The knobs the rules read. `Settings` satisfies it; rules never see more. */
export interface RuleSettings {
  readonly iqrFactor: number;
  readonly filterScope: 'pool' | 'policy';
  readonly filterBeforeVote: boolean;
  readonly minVoteShare: number;
}

/** kept[i] is false for a rollout the filter dropped, [G]. */
export type Kept = readonly boolean[];

interface Parts {
  readonly name: string;
  readonly paper: string;
  /** One sentence, shown beside the choice. */
  readonly summary: string;
  /** 'ema': N of the G rollouts come from the momentum anchor. 'none': N = 0, M = G. */
  readonly anchor: 'none' | 'ema';
  /** Which rollouts stay, and the figures behind it (NaN where there is no threshold). */
  readonly filter: (group: Group, settings: RuleSettings) => FilterResult;
  /** Reward per policy rollout, [M]; NaN throughout when it asks for a label and the group has none. */
  readonly reward: (group: Group, label: PseudoLabel, settings: RuleSettings) => readonly number[];
  /**
   * Advantage per policy rollout, [M], 0 for those not kept; null skips the group
   * (rewards NaN throughout, or fewer than 2 kept): no gradient at all, KL included.
   */
  readonly advantage: (rewards: readonly number[], kept: Kept) => readonly number[] | null;
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
  readonly label: (group: Group, voters: Kept, settings: RuleSettings) => PseudoLabel;
}

/** The oracle baseline: handed the solution, and says so. */
export interface OracleAlgorithm extends Parts {
  readonly needsTruth: true;
  readonly label: (group: Group, solution: string) => PseudoLabel;
}

/** One record of rules per algorithm; nobody asks an algorithm its id. */
export type Algorithm = LabelFreeAlgorithm | OracleAlgorithm;
