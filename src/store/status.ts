import { collapseInWords, collapsesOf, type Evaluation, summarise } from '../diagnostics/collapse.ts';
import type { Assessment } from '../diagnostics/earlyWarning.ts';
import type { MetricId } from '../spec/metrics.ts';
import type { Columns } from './columns.ts';

/** How a lane fares, in a word, a sentence and the figures of its card. */
export interface LaneStatus {
  /** 'waiting': there is nothing to judge by. */
  readonly state: 'waiting' | 'healthy' | 'watch' | 'warning' | 'collapsed';
  readonly reason: string;
  /** What the label-free early warning says, whatever the truth; null before the first step. */
  readonly assessment: Assessment | null;
  /** Best and newest `eval/sampled`, and newest ÷ best; NaN before the first evaluation. */
  readonly best: number;
  readonly bestStep: number | null;
  readonly now: number;
  readonly retention: number;
  /** Where its last collapse began. */
  readonly collapseStep: number | null;
  /** Whether it came back from it. */
  readonly recovered: boolean;
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
  recovered: false,
};

/** The status after the newest row. A collapse (judged with truth) outranks the label-free warning while it lasts. */
export function statusOf(history: Columns<MetricId>, assessment: Assessment | null): LaneStatus {
  const steps = history.column('step');
  const evaluations: Evaluation[] = [];
  history.column('eval/sampled').forEach((sampled, row) => {
    if (!Number.isNaN(sampled)) evaluations.push({ step: steps[row] ?? NaN, sampled });
  });
  const summary = summarise(evaluations);
  const collapse = collapsesOf(evaluations).at(-1);
  const recovered = collapse !== undefined && collapse.back !== null;
  const figures = {
    assessment,
    best: summary?.peak ?? NaN,
    bestStep: summary?.peakStep ?? null,
    now: summary?.final ?? NaN,
    retention: summary?.retention ?? NaN,
    collapseStep: collapse?.step ?? null,
    recovered,
  };
  if (collapse !== undefined && !recovered) {
    return {
      ...figures,
      state: 'collapsed',
      reason: collapseInWords(collapse, figures.now, history.latest('reward/mean')),
    };
  }
  return { ...figures, ...judged(assessment, history.length) };
}

/** What the early warning says of a lane, which may be that there is nothing to judge by. */
function judged(assessment: Assessment | null, rows: number): Pick<LaneStatus, 'state' | 'reason'> {
  if (assessment === null) {
    return rows === 0
      ? waiting
      : { state: 'waiting', reason: 'The base model was evaluated; no step was made yet.' };
  }
  const { state, reason, signal } = assessment;
  return { state: signal === null ? 'waiting' : state, reason };
}

/** The status as a label-free learner sees it. */
export function withoutTruth(status: LaneStatus): LaneStatus {
  const { assessment, state, reason } = status;
  const figures = {
    best: NaN,
    now: NaN,
    retention: NaN,
    bestStep: null,
    collapseStep: null,
    recovered: false,
  };
  // What waits says why without labels; a collapse is only known from them.
  const said = state === 'waiting' ? { state, reason } : judged(assessment, 1);
  return { ...status, ...figures, ...said };
}

/** The state in a word or two, as cards say it. */
export function stateInWords({ state, collapseStep, recovered, assessment, best }: LaneStatus): string {
  if (recovered && collapseStep !== null)
    return `${state === 'waiting' ? '' : `${state}, `}recovered from ${collapseStep}`;
  if (state === 'collapsed' && collapseStep !== null) return `collapsed at ${collapseStep}`;
  if (state === 'waiting') return assessment === null && Number.isNaN(best) ? 'waiting' : 'not judged yet';
  return state;
}
