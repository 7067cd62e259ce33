import { mean } from '../../../lib/stats.ts';
import { type HyperparameterKey, hyperparameterKeys } from '../../../settings/hyperparameters.ts';
import { type MetricId, metricIds } from '../../../spec/metrics.ts';
import { Columns, decimate, rowOfStep } from '../../../store/columns.ts';
import type { Lane } from '../../../store/lanes.ts';
import type { Curve, Drawing } from '../curves.ts';

/** Lanes that differ in their seed alone, each in one of the groups, in order. */
export function repeatsOf(lanes: readonly Lane[]): readonly (readonly Lane[])[] {
  const groups = new Map<string, Lane[]>();
  for (const lane of lanes) {
    const key = hyperparameterKeys
      .filter((each: HyperparameterKey) => each !== 'seed')
      .map((each) => String(lane.settings[each]))
      .join('\n');
    groups.set(key, [...(groups.get(key) ?? []), lane]);
  }
  return [...groups.values()];
}

/** Repeats of a run as one: the mean of what was measured at a step, drawn in the first one's colour, and the range. */
export interface Together {
  readonly history: Columns<MetricId>;
  readonly slot: number;
  readonly bands: readonly Curve[];
}

/**
 * Steps that all of the repeats have made, each metric's mean and, as bands, its lowest and highest value among them.
 * @param repeats two or more
 */
export function together(repeats: readonly Lane[], { lines, bucket, logarithmic }: Drawing): Together {
  const [first, ...others] = repeats;
  const history = new Columns(metricIds);
  if (first === undefined) return { history, slot: 0, bands: [] };
  const steps = first.history.column('step');
  const common: number[] = [];
  const rows: (readonly number[])[] = [];
  steps.forEach((step, row) => {
    const at = [row];
    for (const { history: other } of others) {
      const of = other.column('step');
      const place = rowOfStep(of, step);
      if (of[place] === step) at.push(place);
    }
    if (at.length === repeats.length) {
      common.push(step);
      rows.push(at);
    }
  });
  const ids: readonly MetricId[] = ['step', ...lines.map(({ id }) => id)];
  const columns = new Map(ids.map((id) => [id, repeats.map((lane) => lane.history.column(id))]));
  const measured = (id: MetricId, at: readonly number[]): number[] =>
    (columns.get(id) ?? []).map((column, lane) => column[at[lane] ?? -1] ?? NaN);
  for (const at of rows) {
    const record = metricIds.map((id) => (ids.includes(id) ? mean(measured(id, at)) : NaN));
    history.append(Float64Array.from(record), 1);
  }
  const bands = lines.map(({ id }): Curve => {
    const edge = (of: (...values: number[]) => number) => {
      const values = Float64Array.from(rows, (at) => of(...measured(id, at)));
      const shown = logarithmic ? values.map((value) => (value > 0 ? value : NaN)) : values;
      return decimate(Float64Array.from(common), shown, bucket);
    };
    return { kind: 'band', slot: first.slot, low: edge(Math.min), high: edge(Math.max) };
  });
  return { history, slot: first.slot, bands };
}
