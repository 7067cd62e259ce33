import type { MetricId } from '../../../spec/metrics.ts';
import { type Columns, rowOfStep } from '../../../store/columns.ts';

/** What a chart can be drawn along. */
export type AxisId = 'steps' | 'tokens' | 'rate' | 'time';

interface Axis {
  readonly label: string;
  /** What it needs of every step. */
  readonly needs: readonly MetricId[];
  /** How far a step moves along it, of those metrics in their order. */
  readonly advance: (...measured: readonly number[]) => number;
}

/** The axes beside the steps; each sums up what the steps did. */
export const axes: Readonly<Record<Exclude<AxisId, 'steps'>, Axis>> = {
  tokens: {
    label: 'completion tokens',
    needs: ['perf/tokens_per_s', 'perf/step_ms', 'perf/others_ms'],
    // The inverse of perf/tokens_per_s: tokens of the step’s rollouts.
    advance: (rate = NaN, step = NaN, others = NaN) => (rate * (step - others)) / 1000,
  },
  rate: {
    label: 'learning rate × steps',
    needs: ['optim/lr'],
    advance: (rate = NaN) => rate,
  },
  time: {
    label: 'seconds of its own steps',
    needs: ['perf/step_ms', 'perf/others_ms'],
    advance: (step = NaN, others = NaN) => (step - others) / 1000,
  },
};

/** Whether a run measured what an axis needs, in its newest rows at least. */
export function hasAxis(history: Columns<MetricId>, id: AxisId): boolean {
  return id === 'steps' || axes[id].needs.every((need) => !Number.isNaN(history.latest(need)));
}

/** Where each step of a run lies on an axis; a step that measured nothing moves it nowhere. */
export function placesOn(history: Columns<MetricId>, id: AxisId): (step: number) => number {
  if (id === 'steps') return (step) => step;
  const { needs, advance } = axes[id];
  const columns = needs.map((need) => history.column(need));
  const places = new Float64Array(history.length);
  let at = 0;
  for (let row = 0; row < places.length; row++) {
    const by = advance(...columns.map((column) => column[row] ?? NaN));
    if (Number.isFinite(by)) at += by;
    places[row] = at;
  }
  const steps = history.column('step');
  return (step) => places[rowOfStep(steps, step)] ?? NaN;
}
