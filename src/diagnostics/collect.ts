import { finite, mean, quantile, standardDeviation } from '../lib/stats.ts';
import { policyRollouts } from '../rl/reward.ts';
import { plurality } from '../rl/vote.ts';
import type { FilterResult } from '../spec/algorithm.ts';
import type { Group, PseudoLabel, Rollout } from '../spec/group.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';
import { pairShares, type OverlapWindow } from './overlap.ts';
import { repetition } from './repetition.ts';
import { deadBecause, deadMetrics, labelMetrics, poolMetrics, share } from './votes.ts';

/** What the update reports; NaN for what was not measured. */
export interface UpdateStats {
  readonly loss: number;
  /** Before clipping. */
  readonly gradNorm: number;
  /** Share of kept tokens whose ratio was clipped. */
  readonly clippedShare: number;
  /** k3 means over kept tokens, nats. */
  readonly klRef: number;
  readonly klAnchor: number;
  /** ‖θq − θk‖ ÷ ‖θq‖. */
  readonly anchorDistance: number;
  readonly learningRate: number;
}

/** What a step cost: times in ms (what each of them is says the metric table), counts, and bytes held. */
export interface StepCosts {
  readonly stepMs: number;
  readonly rolloutMs: number;
  readonly voteMs: number;
  readonly trainMs: number;
  readonly othersMs: number;
  readonly readbackMs: number;
  readonly dispatches: number;
  readonly readbacks: number;
  readonly allocations: number;
  readonly memoryBytes: number;
}

/** Everything a step leaves behind; no solution among it. All lists are per prompt, [B]. */
export interface StepRecord {
  readonly step: number;
  readonly groups: readonly Group[];
  /** Rollouts of the shadow anchor; empty lists where there is none. */
  readonly shadow: readonly (readonly Rollout[])[];
  readonly filters: readonly FilterResult[];
  readonly labels: readonly PseudoLabel[];
  /** [B][M]; NaN throughout without a label. */
  readonly rewards: readonly (readonly number[])[];
  /** [B][M], null for a skipped group. */
  readonly advantages: readonly (readonly number[] | null)[];
  readonly update: UpdateStats;
  readonly costs: StepCosts;
  /** Carries the last steps; this step is added to it. */
  readonly overlap: OverlapWindow;
}

/**
 * Every metric of a single step that needs no solution; truth.ts, evaluations, earlyWarning.ts, the guard and the end of
 * the step add the rest.
 */
export type StepMetricId = Exclude<
  MetricId,
  `${'truth' | 'eval' | 'visit' | 'warning' | 'guard'}/${string}` | 'perf/steps_per_s'
>;

/** One expression per metric; NaN where there was nothing to measure. */
export function collect(record: StepRecord): Pick<MetricRow, StepMetricId> {
  const { groups, shadow, filters, labels, rewards, advantages, update, costs } = record;
  const pools = groups.map(({ rollouts }) => rollouts);
  const policies = groups.map(policyRollouts);
  const ownAnchors = pools.map((pool) => pool.filter(({ source }) => source === 'anchor'));
  const anchors = ownAnchors.map((rollouts, i) => (rollouts.length > 0 ? rollouts : (shadow[i] ?? [])));

  const policy = policies.flat();
  const pool = pools.flat();
  const ownAnchor = ownAnchors.flat();
  const policyEntropies = policy.map(({ meanEntropy }) => meanEntropy);
  const policyMajority = policies.map((rollouts) => plurality(answersOf(rollouts)).answer);
  const anchorMajority = anchors.map((rollouts) => plurality(answersOf(rollouts)).answer);
  const rewarded = rewards.filter((group) => !group.every(Number.isNaN));
  const dropped = pools.flatMap((rollouts, g) => rollouts.filter((_, i) => filters[g]?.kept[i] === false));
  const dead = groups.map((_, i) =>
    deadBecause(
      rewards[i]?.find((__, rollout) => filters[i]?.kept[rollout]),
      advantages[i] ?? null,
    ),
  );
  const anyAnchor = anchors.some((rollouts) => rollouts.length > 0);

  return {
    step: record.step,
    'policy/entropy': tokenMean(policy),
    'policy/entropy_p10': quantile(policyEntropies, 0.1),
    'policy/entropy_p50': quantile(policyEntropies, 0.5),
    'policy/entropy_p90': quantile(policyEntropies, 0.9),
    'anchor/entropy': tokenMean(anchors.flat()),
    'reward/mean': mean(rewarded.flat()),
    'reward/std': mean(finite(rewarded.map(standardDeviation))),
    ...deadMetrics(dead),
    ...poolMetrics(pools.map(answersOf)),
    ...labelMetrics(labels),
    'vote/anchor_disagreement': anyAnchor
      ? share(groups, (_, i) => policyMajority[i] !== anchorMajority[i])
      : NaN,
    'vote/answer_overlap': record.overlap.add(
      pairShares(
        groups.map((_, i) => ({ policy: answersOf(policies[i] ?? []), anchor: answersOf(anchors[i] ?? []) })),
      ),
    ),
    'vote/anchor_changed_label':
      ownAnchor.length > 0 ? share(labels, ({ answer }, i) => answer !== policyMajority[i]) : NaN,
    'filter/dropped': dropped.length / pool.length,
    'filter/dropped_policy': dropped.filter(({ source }) => source === 'policy').length / policy.length,
    'filter/dropped_anchor': dropped.filter(({ source }) => source === 'anchor').length / ownAnchor.length,
    'filter/threshold': mean(finite(filters.map(({ threshold }) => threshold))),
    'filter/iqr': mean(finite(filters.map(({ iqr }) => iqr))),
    'policy/kl_ref': update.klRef,
    'policy/kl_anchor': update.klAnchor,
    'anchor/distance': update.anchorDistance,
    'optim/grad_norm': update.gradNorm,
    'optim/lr': update.learningRate,
    'optim/loss': update.loss,
    'optim/clipped': update.clippedShare,
    'completion/length': mean(policy.map(({ tokens }) => tokens.length)),
    'completion/truncated': share(policy, ({ truncated }) => truncated),
    'completion/repetition': mean(
      finite(policy.map(({ tokens, truncated }) => repetition(truncated ? tokens : tokens.slice(0, -1)))),
    ),
    'perf/step_ms': costs.stepMs,
    'perf/rollout_ms': costs.rolloutMs,
    'perf/vote_ms': costs.voteMs,
    'perf/train_ms': costs.trainMs,
    'perf/readback_ms': costs.readbackMs,
    'perf/others_ms': costs.othersMs,
    'perf/tokens_per_s': (1000 * tokenCount([...pool, ...shadow.flat()])) / (costs.stepMs - costs.othersMs),
    'perf/dispatches': costs.dispatches,
    'perf/readbacks': costs.readbacks,
    'perf/allocations': costs.allocations,
    'perf/memory_bytes': costs.memoryBytes,
  };
}

function answersOf(rollouts: readonly Rollout[]): (string | null)[] {
  return rollouts.map(({ answer }) => answer);
}

function tokenCount(rollouts: readonly Rollout[]): number {
  return rollouts.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

/** Mean entropy over all tokens, nats. */
function tokenMean(rollouts: readonly Rollout[]): number {
  const sum = rollouts.reduce((total, { meanEntropy, tokens }) => total + meanEntropy * tokens.length, 0);
  return sum / tokenCount(rollouts);
}
