import { quantile } from '../lib/stats.ts';
import type { FilterResult, Kept, RuleSettings } from '../spec/algorithm.ts';
import type { Group } from '../spec/group.ts';

/** No filter: everything stays. */
export function keepAll(group: Group): FilterResult {
  return { kept: group.rollouts.map(() => true), threshold: NaN, iqr: NaN };
}

/** Fewer have no quartiles worth the name. */
const smallestFiltered = 4;

/**
 * Drops rollouts whose mean token entropy is unusually low within their group:
 * H_i < Q1 − k·(Q3 − Q1), strictly, so equal entropies drop nothing and at most ⌈(G−1)/4⌉ go.
 * `filterScope` policy: quartiles of the policy's rollouts, and only those can be dropped.
 * @returns kept, [G]; everything when fewer than 4 rollouts are in scope
 * @source arXiv 2512.13070; quartiles by linear interpolation
 */
export function interquartile(group: Group, settings: RuleSettings): FilterResult {
  const inScope = group.rollouts.map(({ source }) => settings.filterScope === 'pool' || source !== 'anchor');
  const entropies = group.rollouts.filter((_, i) => inScope[i]).map(({ meanEntropy }) => meanEntropy);
  if (entropies.length < smallestFiltered) return keepAll(group);
  const q1 = quantile(entropies, 0.25);
  const iqr = quantile(entropies, 0.75) - q1;
  const threshold = q1 - settings.iqrFactor * iqr;
  const kept = group.rollouts.map(({ meanEntropy }, i) => !(inScope[i] === true && meanEntropy < threshold));
  return { kept, threshold, iqr };
}

/** Who may vote, [G]: the kept, or everyone where the filter comes after the vote. */
export function voters(kept: Kept, settings: RuleSettings): Kept {
  return settings.filterBeforeVote ? kept : kept.map(() => true);
}

/**
 * Of those the anchor's alone: the policy has no say in what it learns.
 * @source arXiv 2508.00410 (Co-rewarding-II)
 */
export function anchorVoters(kept: Kept, settings: RuleSettings, group: Group): Kept {
  return voters(kept, settings).map((may, i) => may && group.rollouts[i]?.source === 'anchor');
}
