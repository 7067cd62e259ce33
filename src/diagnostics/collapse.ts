/** One evaluation: `eval/sampled` at a step. */
export interface Evaluation {
  readonly step: number;
  readonly sampled: number;
}

/** A run in a line. */
export interface Summary {
  /** The first evaluation, before any update. */
  readonly base: number;
  readonly peak: number;
  readonly peakStep: number;
  readonly final: number;
  /** final ÷ peak. */
  readonly retention: number;
  /** First of the evaluations that make it a collapse, or null. */
  readonly collapseStep: number | null;
}

/** Evaluations in a row that must lie below. */
const patience = 3;

/** How low an evaluation must be to count, given the best so far. */
export function collapsedBelow(peak: number): number {
  return peak - Math.max(0.1, 0.25 * peak);
}

/**
 * Peak, final value and collapse: the first of 3 consecutive evaluations below
 * peak − max(0.10, 0.25·peak), peak being the best so far.
 * @param evaluations in order of steps; null is returned for none
 */
export function summarise(evaluations: readonly Evaluation[]): Summary | null {
  const [first] = evaluations;
  if (first === undefined) return null;
  const last = evaluations.at(-1) ?? first;
  let peak = first;
  let low = { since: 0, count: 0 };
  let collapseStep: number | null = null;
  for (const { step, sampled } of evaluations) {
    if (sampled > peak.sampled) peak = { step, sampled };
    if (!(sampled < collapsedBelow(peak.sampled))) low = { since: 0, count: 0 };
    else low = { since: low.count === 0 ? step : low.since, count: low.count + 1 };
    if (low.count === patience) collapseStep ??= low.since;
  }
  return {
    base: first.sampled,
    peak: peak.sampled,
    peakStep: peak.step,
    final: last.sampled,
    retention: last.sampled / peak.sampled,
    collapseStep,
  };
}
