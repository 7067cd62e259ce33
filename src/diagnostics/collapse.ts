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

/** Evaluations in a row that must lie below, and that end a collapse. */
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

/** Whether the newest evaluations lie no longer so far below the peak as those of the collapse. */
export function hasRecovered(evaluations: readonly Evaluation[], { peak, collapseStep }: Summary): boolean {
  const newest = evaluations.slice(-patience);
  return (
    collapseStep !== null &&
    newest.every(({ step, sampled }) => step > collapseStep && !(sampled < collapsedBelow(peak)))
  );
}

/** What became of the accuracy, and what the reward says of it; compared as printed. */
export function collapseInWords({ peak, peakStep, final, collapseStep }: Summary, reward: number): string {
  const [from, to] = [peak.toFixed(2), final.toFixed(2)];
  const course =
    final < collapsedBelow(peak)
      ? `Accuracy fell from ${from} at step ${peakStep} to ${to}`
      : `Accuracy collapsed at step ${String(collapseStep)}, from ${from}, and came back to ${to}`;
  if (Number.isNaN(reward)) return `${course}.`;
  const still = Number(reward.toFixed(2)) > Number(to) ? 'still says' : 'says';
  return `${course}; the reward ${still} ${reward.toFixed(2)}.`;
}
