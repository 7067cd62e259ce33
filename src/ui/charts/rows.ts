import type { MetricId } from '../../spec/metrics.ts';
import { firstRowAt } from '../../store/columns.ts';
import type { Span } from '../../store/view.ts';
import type { Drawn } from './curves.ts';
import { niceStep } from './plot.ts';

/** Most rows of a table but for its last: as many as can be looked through. */
const mostRows = 40;

/**
 * Steps for the rows of a table: the first one measured in each stretch of a round number of steps, so that rows stay
 * put while a run grows, and the last one.
 * @param ids only steps that measured one of them, in one of the lanes
 */
export function rowSteps(lanes: readonly Drawn[], ids: readonly MetricId[], span: Span): readonly number[] {
  const stride = Math.max(1, niceStep((span.to - span.from + 1) / mostRows));
  const firsts = new Map<number, number>();
  let last = -Infinity;
  for (const { history } of lanes) {
    const steps = history.column('step');
    const columns = ids.map((id) => history.column(id));
    const end = firstRowAt(steps, span.to + 1);
    for (let row = firstRowAt(steps, span.from); row < end; row++) {
      if (columns.every((column) => Number.isNaN(column[row]))) continue;
      const step = steps[row] ?? NaN;
      const stretch = Math.floor(step / stride);
      firsts.set(stretch, Math.min(step, firsts.get(stretch) ?? step));
      last = Math.max(last, step);
    }
  }
  if (last === -Infinity) return [];
  return [...new Set([...firsts.values(), last])].sort((a, b) => a - b);
}

/** What a lane measured at a step; NaN where it did not. */
export function measuredAt({ history }: Drawn, id: MetricId, step: number): number {
  const steps = history.column('step');
  const row = firstRowAt(steps, step);
  return steps[row] === step ? (history.column(id)[row] ?? NaN) : NaN;
}
