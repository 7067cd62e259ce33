import { expect, it } from 'vitest';
import { metricIds, type MetricRow, toRow } from '../../src/spec/metrics.ts';
import { presets } from '../../src/settings/presets.ts';
import { Columns } from '../../src/store/columns.ts';
import { freshLane, type Lane } from '../../src/store/lanes.ts';
import { charts } from '../../src/ui/charts/charts.ts';
import { hasAxis, placesOn } from '../../src/ui/charts/enlarged/axes.ts';
import { drawnAlong, withRange } from '../../src/ui/charts/enlarged/drawn.ts';
import { repeatsOf } from '../../src/ui/charts/enlarged/repeats.ts';

const [setup] = presets.entropy.lanes;
if (setup === undefined) throw new Error('no lane');
const base = setup.settings;
const view = charts.find(({ id }) => id === 'entropy')?.views[0];
if (view === undefined) throw new Error('no chart of entropy');

function laneOf(seed: number, slot: number, rows: readonly Partial<MetricRow>[]): Lane {
  const history = new Columns(metricIds);
  rows.forEach((row, step) => {
    history.append(toRow({ step, ...row }), 1);
  });
  return { ...freshLane({ name: `seed ${seed}`, settings: { ...base, seed } }, slot), history };
}

const wish = {
  view,
  lines: view.lines.slice(0, 1),
  logarithmic: false,
  span: { from: 0, to: 10 },
  smoothing: 0,
  stretch: null,
};

it('sums up along an axis what the steps did', () => {
  const { history } = laneOf(1, 0, [
    {},
    { 'optim/lr': 0.25, 'perf/step_ms': 700, 'perf/others_ms': 200, 'perf/tokens_per_s': 100 },
    { 'optim/lr': 0.5, 'perf/step_ms': 1000, 'perf/others_ms': 0, 'perf/tokens_per_s': 80 },
  ]);
  expect([0, 1, 2].map(placesOn(history, 'rate').of)).toEqual([0, 0.25, 0.75]);
  expect([0, 1, 2].map(placesOn(history, 'time').of)).toEqual([0, 0.5, 1.5]);
  expect([0, 1, 2].map(placesOn(history, 'tokens').of)).toEqual([0, 50, 130]);
  expect([0, 7].map(placesOn(history, 'steps').of)).toEqual([0, 7]);
  // And back: the last step that had been made there.
  expect([-1, 0, 49, 50, 129, 130, 999].map(placesOn(history, 'tokens').stepAt)).toEqual([
    0, 0, 0, 1, 1, 2, 2,
  ]);
  expect([0, 6.6].map(placesOn(history, 'steps').stepAt)).toEqual([0, 7]);
  expect(hasAxis(history, 'tokens')).toBe(true);
  expect(hasAxis(laneOf(1, 0, [{}]).history, 'time')).toBe(false);
});

it('draws lanes that differ in their seed alone as their mean and range', () => {
  const rows = (shift: number) => [1, 2, 4].map((entropy) => ({ 'policy/entropy': entropy + shift }));
  const [low, high] = [laneOf(1, 2, rows(0)), laneOf(2, 3, [...rows(1), { 'policy/entropy': 9 }])];
  const other = { ...laneOf(1, 0, rows(5)), settings: { ...base, learningRate: 0.01 } };
  expect(repeatsOf([low, other, high])).toEqual([[low, high], [other]]);
  const { curves } = drawnAlong([[low, high]], 'steps', wish);
  expect(curves).toEqual([
    {
      kind: 'band',
      slot: 2,
      low: { steps: [0, 1, 2], values: [1, 2, 4] },
      high: { steps: [0, 1, 2], values: [2, 3, 5] },
    },
    expect.objectContaining({ kind: 'line', slot: 2, points: { steps: [0, 1, 2], values: [1.5, 2.5, 4.5] } }),
  ]);
});

it('moves curves to their places on an axis, which ends where the longest does', () => {
  const lane = laneOf(
    1,
    0,
    [1, 2, 3].map((entropy) => ({ 'policy/entropy': entropy, 'optim/lr': 0.5 })),
  );
  const { curves, ticks } = drawnAlong([[lane]], 'rate', wish);
  const line = curves.find(({ kind }) => kind === 'line');
  expect(line?.kind === 'line' && line.points.steps).toEqual([0.5, 1, 1.5]);
  expect(ticks.domain[1]).toBeGreaterThanOrEqual(1.5);
});

it('shows the values that were typed, and of nonsense nothing', () => {
  const values = { domain: [0, 1], ticks: [0, 0.5, 1], logarithmic: false } as const;
  expect(withRange(values, { from: '0.2', to: '0.4' }).domain).toEqual([0.2, 0.4]);
  expect(withRange(values, { from: '', to: '0.5' }).domain).toEqual([0, 0.5]);
  expect(withRange(values, { from: '3', to: '' })).toBe(values);
  expect(withRange(values, { from: 'x', to: '' })).toBe(values);
  expect(
    withRange({ ...values, logarithmic: true, domain: [0.1, 1] }, { from: '-1', to: '' }).domain,
  ).toEqual([0.1, 1]);
});
