import type { RuleSettings } from '../../src/spec/algorithm.ts';
import type { Group, Rollout, RolloutSource } from '../../src/spec/group.ts';

export const ruleSettings: RuleSettings = {
  iqrFactor: 0.75,
  filterScope: 'pool',
  filterBeforeVote: true,
  minVoteShare: 0,
};

/** A rollout of three tokens unless said otherwise. */
export function rollout(changes: Partial<Rollout> = {}): Rollout {
  return {
    source: 'policy',
    tokens: [18, 2, 19],
    truncated: false,
    answer: '1',
    logProbs: new Float32Array(3),
    entropies: new Float32Array(3),
    meanEntropy: 0.5,
    selfCertainty: 1,
    ...changes,
  };
}

/** A group from its answers: the policy's first, then the anchor's. */
export function groupOf(policy: readonly (string | null)[], anchor: readonly (string | null)[] = []): Group {
  const make = (source: RolloutSource) => (answer: string | null) => rollout({ source, answer });
  return { prompt: '1=', rollouts: [...policy.map(make('policy')), ...anchor.map(make('anchor'))] };
}

/** A group from its mean entropies. */
export function groupOfEntropies(policy: readonly number[], anchor: readonly number[] = []): Group {
  const make = (source: RolloutSource) => (meanEntropy: number) => rollout({ source, meanEntropy });
  return { prompt: '1=', rollouts: [...policy.map(make('policy')), ...anchor.map(make('anchor'))] };
}
