import { summarise, type Summary } from '../diagnostics/collapse.ts';
import type { Assessment } from '../diagnostics/earlyWarning.ts';
import type { MetricId } from '../spec/metrics.ts';
import type { Columns } from './columns.ts';

/** How a lane fares, in a word, a sentence and the figures of its card. */
export interface LaneStatus {
  readonly state: 'waiting' | 'healthy' | 'watch' | 'warning' | 'collapsed';
  readonly reason: string;
  /** What the label-free early warning says, whatever the truth; null before the first step. */
  readonly assessment: Assessment | null;
  /** Best and newest `eval/sampled`, and newest ÷ best; NaN before the first evaluation. */
  readonly best: number;
  readonly bestStep: number | null;
  readonly now: number;
  readonly retention: number;
  readonly collapseStep: number | null;
}

/** A lane before its first step. */
export const waiting: LaneStatus = {
  state: 'waiting',
  reason: 'Not started. Press Train.',
  assessment: null,
  best: NaN,
  bestStep: null,
  now: NaN,
  retention: NaN,
  collapseStep: null,
};

/** The status after the newest row. A collapse (judged with truth) outranks the label-free warning. */
export function statusOf(history: Columns<MetricId>, assessment: Assessment | null): LaneStatus {
  const steps = history.column('step');
  const evaluations: { step: number; sampled: number }[] = [];
  history.column('eval/sampled').forEach((sampled, row) => {
    if (!Number.isNaN(sampled)) evaluations.push({ step: steps[row] ?? NaN, sampled });
  });
  const summary = summarise(evaluations);
  const figures = {
    assessment,
    best: summary?.peak ?? NaN,
    bestStep: summary?.peakStep ?? null,
    now: summary?.final ?? NaN,
    retention: summary?.retention ?? NaN,
    collapseStep: summary?.collapseStep ?? null,
  };
  if (summary !== null && summary.collapseStep !== null) {
    return {
      ...figures,
      state: 'collapsed',
      reason: collapseInWords(summary, history.latest('reward/mean')),
    };
  }
  if (assessment === null) return { ...waiting, ...figures };
  return { ...figures, state: assessment.state, reason: assessment.reason };
}

/** What became of the accuracy, and what the reward says of it; compared as printed. */
function collapseInWords({ peak, peakStep, final, collapseStep }: Summary, reward: number): string {
  const [from, to] = [peak.toFixed(2), final.toFixed(2)];
  const course =
    Number(to) < Number(from)
      ? `Accuracy fell from ${from} at step ${peakStep} to ${to}`
      : `Accuracy collapsed at step ${String(collapseStep)} and came back to ${to}`;
  if (Number.isNaN(reward)) return `${course}.`;
  const still = Number(reward.toFixed(2)) > Number(to) ? 'still says' : 'says';
  return `${course}; the reward ${still} ${reward.toFixed(2)}.`;
}

/** The status as a label-free learner sees it. */
export function withoutTruth(status: LaneStatus): LaneStatus {
  const { assessment } = status;
  const figures = { best: NaN, now: NaN, retention: NaN, bestStep: null, collapseStep: null };
  return assessment === null
    ? { ...status, ...figures }
    : { ...status, ...figures, state: assessment.state, reason: assessment.reason };
}
