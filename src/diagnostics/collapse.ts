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
  /** The step of the first collapse, or null. */
  readonly collapseStep: number | null;
}

/** A fall of the accuracy that lasted, and whether the run came back from it. */
export interface Collapse {
  /** The first of the low evaluations. */
  readonly step: number;
  /** The last of those that make it certain. */
  readonly known: Evaluation;
  /** The best before it: what was lost. */
  readonly best: Evaluation;
  /** Where it ended: the first of the evaluations that are no longer low, and the one that makes it certain. */
  readonly back: { readonly first: Evaluation; readonly known: number } | null;
}

/** Evaluations in a row that must lie below, and that end a collapse. */
const patience = 3;

/** How low an evaluation must be to count, given the best so far. */
export function collapsedBelow(peak: number): number {
  return peak - Math.max(0.1, 0.25 * peak);
}

/**
 * The collapses of a run, in order. One begins at the first of 3 consecutive evaluations below
 * peak − max(0.10, 0.25·peak), peak being the best so far, and ends at the first of 3 that are not below that same
 * level; from there on another may follow. What is said of the first evaluations stays true, whatever follows.
 * @param evaluations in order of steps
 */
export function collapsesOf(evaluations: readonly Evaluation[]): readonly Collapse[] {
  const collapses: Collapse[] = [];
  let [peak] = evaluations;
  if (peak === undefined) return [];
  // Those in a row that speak for a change: low ones while it holds, others while it has collapsed.
  let run: Evaluation[] = [];
  for (const evaluation of evaluations) {
    const last = collapses.at(-1);
    const fallen = last !== undefined && last.back === null ? last : null;
    if (evaluation.sampled > peak.sampled) peak = evaluation;
    const low = evaluation.sampled < collapsedBelow((fallen?.best ?? peak).sampled);
    run = low === (fallen === null) ? [...run, evaluation] : [];
    const [first] = run;
    if (first === undefined || run.length < patience) continue;
    if (fallen === null) collapses.push({ step: first.step, known: evaluation, best: peak, back: null });
    else collapses[collapses.length - 1] = { ...fallen, back: { first, known: evaluation.step } };
    run = [];
  }
  return collapses;
}

/** The collapse in which a run is; null for one that holds, or came back from its last. */
export function lastingCollapse(evaluations: readonly Evaluation[]): Collapse | null {
  const last = collapsesOf(evaluations).at(-1);
  return last === undefined || last.back !== null ? null : last;
}

/**
 * Peak, final value and first collapse.
 * @param evaluations in order of steps; null is returned for none
 */
export function summarise(evaluations: readonly Evaluation[]): Summary | null {
  const [first] = evaluations;
  if (first === undefined) return null;
  const last = evaluations.at(-1) ?? first;
  const peak = evaluations.reduce((best, each) => (each.sampled > best.sampled ? each : best));
  return {
    base: first.sampled,
    peak: peak.sampled,
    peakStep: peak.step,
    final: last.sampled,
    retention: last.sampled / peak.sampled,
    collapseStep: collapsesOf(evaluations)[0]?.step ?? null,
  };
}

/** What became of the accuracy in a collapse, and what the reward says of it; compared as printed. */
export function collapseInWords({ best, step }: Collapse, final: number, reward: number): string {
  const [from, to] = [best.sampled.toFixed(2), final.toFixed(2)];
  const course =
    final < collapsedBelow(best.sampled)
      ? `Accuracy fell from ${from} at step ${best.step} to ${to}`
      : `Accuracy collapsed at step ${step}, from ${from}, and is at ${to} now`;
  if (Number.isNaN(reward)) return `${course}.`;
  const still = Number(reward.toFixed(2)) > Number(to) ? 'still says' : 'says';
  return `${course}; the reward ${still} ${reward.toFixed(2)}.`;
}
