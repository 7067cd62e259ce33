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

/** Where the steps of a run lie on an axis. */
export interface Places {
  /** Of a step; NaN where the run has none. */
  readonly of: (step: number) => number;
  /** The last step that had been made at a place. */
  readonly stepAt: (place: number) => number;
}

/** Where each step of a run lies on an axis, and back; a step that measured nothing moves it nowhere. */
export function placesOn(history: Columns<MetricId>, id: AxisId): Places {
  if (id === 'steps') return { of: (step) => step, stepAt: Math.round };
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
  return {
    of: (step) => places[rowOfStep(steps, step)] ?? NaN,
    stepAt: (place) => steps[Math.max(0, lastUpTo(places, place))] ?? 0,
  };
}

/** Index of the last of ascending numbers that is not above a limit; -1: none. */
function lastUpTo(numbers: Float64Array, limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
