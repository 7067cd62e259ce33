import { overlapZones } from './signal.ts';
import { evaluationTurns, firstTrained, toldSteps, type ToldRun } from './story.ts';

/** A stretch of a run's steps, in a word. */
export interface Phase {
  /** Its first step, and the first of the next phase; the newest step for the last one. */
  readonly from: number;
  readonly to: number;
  readonly state: PhaseState;
}

export type PhaseState = 'together' | 'parting' | 'apart' | 'collapsed';

/** What each phase is called on a chart. */
export const phaseWords: Readonly<Record<PhaseState, string>> = {
  together: 'policy and anchor agree',
  parting: 'they part',
  apart: 'apart',
  collapsed: 'collapsed',
};

/** By so much an overlap must leave a zone upwards: a value at its edge crosses it again and again. */
const margin = 0.03;

/**
 * How a run fared, stretch by stretch, up to its newest step: by the answer overlap, which needs no truth, and, where
 * truth is to be seen, by its collapse.
 */
export function phasesOf(run: ToldRun, truthHidden: boolean): readonly Phase[] {
  const steps = run.column('step');
  const overlaps = run.column('vote/answer_overlap');
  const falls = truthHidden ? [] : evaluationTurns(run);
  const phases: Phase[] = [];
  let measured = 0;
  let state: PhaseState = 'together';
  for (let row = firstTrained(steps); row < steps.length; row++) {
    const step = steps[row] ?? NaN;
    const overlap = overlaps[row] ?? NaN;
    if (!Number.isNaN(overlap)) measured++;
    if (measured >= toldSteps && !Number.isNaN(overlap)) state = zoneOf(overlap, state);
    const shown = falls.findLast((turn) => turn.step <= step)?.kind === 'collapsed' ? 'collapsed' : state;
    const last = phases.at(-1);
    if (last !== undefined) phases[phases.length - 1] = { ...last, to: step };
    if (last?.state !== shown) phases.push({ from: step, to: step, state: shown });
  }
  return phases;
}

function zoneOf(overlap: number, before: PhaseState): PhaseState {
  const { amber, red } = overlapZones;
  if (overlap < red || (before === 'apart' && overlap < red + margin)) return 'apart';
  if (overlap < amber || (before !== 'together' && overlap < amber + margin)) return 'parting';
  return 'together';
}
