import type { Phase, PhaseState } from '../../diagnostics/phases.ts';

/** A stretch of a run as it is drawn: a phase, or several in a row that are too narrow to be told apart. */
export interface Band extends Phase {
  /** How many phases; of more than one, `state` is the one that took the most steps. */
  readonly count: number;
}

/**
 * Phases as bands: a run that goes to and fro at every other step has thousands, and no more pixels than others.
 * @param narrowest in steps: a phase that has fewer is drawn with others like it behind it, until they have as many
 */
export function bandsOf(phases: readonly Phase[], narrowest: number): readonly Band[] {
  const bands: Band[] = [];
  let together: Phase[] = [];
  const draw = (): void => {
    const [first, last] = [together[0], together.at(-1)];
    if (first === undefined || last === undefined) return;
    bands.push({ from: first.from, to: last.to, state: longest(together), count: together.length });
    together = [];
  };
  for (const phase of phases) {
    if (phase.to - phase.from >= narrowest) draw();
    together.push(phase);
    if (phase.to - (together[0]?.from ?? 0) >= narrowest) draw();
  }
  draw();
  return bands;
}

function longest(phases: readonly Phase[]): PhaseState {
  const steps = new Map<PhaseState, number>();
  for (const { state, from, to } of phases) steps.set(state, (steps.get(state) ?? 0) + to - from);
  const [most] = [...steps].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? 'unmeasured';
}
