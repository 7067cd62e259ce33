import { overlapZones } from './signal.ts';
import { evaluationTurns, firstTrained, toldSteps, type ToldRun } from './story.ts';

/** A stretch of a run's steps, in a word. */
export interface Phase {
  /** Its first step, and the first of the next phase; the newest step for the last one. */
  readonly from: number;
  readonly to: number;
  readonly state: PhaseState;
}

export type PhaseState = 'unmeasured' | 'waiting' | Zone | 'collapsed';

/** Where the answer overlap lies. */
type Zone = 'together' | 'parting' | 'apart';

/** What each phase is called on a chart. */
export const phaseWords: Readonly<Record<PhaseState, string>> = {
  unmeasured: 'overlap not measured',
  waiting: 'too few steps measured',
  together: 'policy and anchor agree',
  parting: 'they part',
  apart: 'apart',
  collapsed: 'collapsed',
};

/** By so much an overlap must leave a zone upwards: a value at its edge crosses it again and again. */
const margin = 0.03;

/**
 * How a run fared, stretch by stretch, up to its newest step: by the answer overlap, which needs no truth, once ten
 * steps measured it, and, where truth is to be seen, by its collapse.
 */
export function phasesOf(run: ToldRun, truthHidden: boolean): readonly Phase[] {
  const steps = run.column('step');
  const overlaps = run.column('vote/answer_overlap');
  const falls = (truthHidden ? [] : evaluationTurns(run)).filter(({ kind }) => kind !== 'learned');
  const phases: Phase[] = [];
  let [measured, fall, from, to] = [0, 0, NaN, NaN];
  let zone: Zone = 'together';
  let shown: PhaseState | null = null;
  for (let row = firstTrained(steps); row < steps.length; row++) {
    to = steps[row] ?? NaN;
    const overlap = overlaps[row] ?? NaN;
    if (!Number.isNaN(overlap)) measured++;
    if (measured >= toldSteps && !Number.isNaN(overlap)) zone = zoneOf(overlap, zone);
    while ((falls[fall]?.step ?? Infinity) <= to) fall++;
    const judged = measured >= toldSteps ? zone : measured > 0 ? 'waiting' : 'unmeasured';
    const now = falls[fall - 1]?.kind === 'collapsed' ? 'collapsed' : judged;
    if (now === shown) continue;
    if (shown !== null) phases.push({ from, to, state: shown });
    [from, shown] = [to, now];
  }
  if (shown !== null) phases.push({ from, to, state: shown });
  return phases;
}

function zoneOf(overlap: number, before: Zone): Zone {
  const { amber, red } = overlapZones;
  if (overlap < red || (before === 'apart' && overlap < red + margin)) return 'apart';
  if (overlap < amber || (before !== 'together' && overlap < amber + margin)) return 'parting';
  return 'together';
}
