import { afterEach, describe, expect, it, vi } from 'vitest';
import { type MetricId, metricIds, metrics, toRow } from '../../src/spec/metrics.ts';
import { Columns } from '../../src/store/columns.ts';
import { charts, type ViewSpec } from '../../src/ui/charts/charts.ts';
import { type Curve, curvesOf, pathOf, stepsPerBucket, valueAxis } from '../../src/ui/charts/curves.ts';
import {
  axisEnd,
  linearTicks,
  logTicks,
  pixelOfStep,
  plotMargin,
  stepOfPixel,
  stepTicks,
  valueScale,
} from '../../src/ui/charts/plot.ts';
import { inTurn } from '../../src/ui/inTurn.ts';

const entropy = charts.find(({ id }) => id === 'entropy')?.views[0];
const reward = charts.find(({ id }) => id === 'reward')?.views[0];
if (entropy === undefined || reward === undefined) throw new Error('no chart of entropy or reward');

function history(...records: Parameters<typeof toRow>[0][]): Columns<MetricId> {
  const columns = new Columns(metricIds);
  for (const record of records) columns.append(toRow(record), 1);
  return columns;
}

describe('charts', () => {
  it.each(charts)('$id draws every metric whose entry names it', ({ id, views }) => {
    const drawn = new Set(
      views.flatMap(({ lines, bands }) => [
        ...lines.map((line) => line.id),
        ...bands.flatMap(({ low, high }) => [low, high]),
      ]),
    );
    for (const metric of metricIds) expect(drawn.has(metric), metric).toBe(metrics[metric].chart === id);
  });

  it('tell the lines that are shown together apart by dash', () => {
    for (const view of charts.flatMap(({ views }) => views)) {
      const dashes = view.lines.filter(({ shown }) => shown).map(({ dash }) => dash);
      expect(new Set(dashes).size).toBe(dashes.length);
    }
  });
});

const [policyEntropy] = entropy.lines;
if (policyEntropy === undefined) throw new Error('no line of the entropy');

/** What a curve is made of: the values of a line, or the lower and upper ones of a band. */
function valuesOf(curve: Curve | undefined): readonly (readonly number[])[] {
  if (curve === undefined) throw new Error('no such curve');
  return curve.kind === 'line' ? [curve.points.values] : [curve.low.values, curve.high.values];
}

const run = { from: 0, to: 600 };

/** Curves as measured; all steps unless said. */
function drawn(
  histories: readonly ReturnType<typeof history>[],
  lines: ViewSpec['lines'],
  bands: ViewSpec['bands'],
  logarithmic: boolean,
  bucket: number,
  span = { from: 0, to: 1e6 },
): Curve[] {
  const lanes = histories.map((each, slot) => ({ slot, history: each }));
  return curvesOf(lanes, { lines, bands, logarithmic, bucket, span, smoothing: 0 });
}

describe('curvesOf', () => {
  it('draws bands below lines, and every lane by itself', () => {
    const lanes = [
      history({ step: 1, 'policy/entropy': 0.5 }, { step: 2, 'policy/entropy': 0.4 }),
      history({ step: 2, 'policy/entropy': 0.3 }),
    ];
    const curves = drawn(lanes, [policyEntropy], entropy.bands, false, 1);
    expect(curves.map(({ kind, slot }) => [kind, slot])).toEqual([
      ['band', 0],
      ['band', 1],
      ['line', 0],
      ['line', 1],
    ]);
    expect(curves.slice(2).map((curve) => curve.kind === 'line' && curve.points)).toEqual([
      { steps: [1, 2], values: [0.5, 0.4] },
      { steps: [2], values: [0.3] },
    ]);
  });

  it('shades the gap only where the reward exceeds the truth, and where both were measured', () => {
    const lane = history(
      { step: 1, 'reward/mean': 0.9, 'truth/accuracy': 0.2 },
      { step: 2, 'reward/mean': 0.5, 'truth/accuracy': 0.6 },
      { step: 3, 'truth/accuracy': 0.6 },
      { step: 4, 'reward/mean': 0.7 },
      { step: 5, 'reward/mean': 0.7, 'truth/accuracy': 0.1 },
    );
    const [band] = drawn([lane], [], reward.bands, false, 1);
    expect(valuesOf(band)).toEqual([
      [0.2, 0.5, NaN, 0.1],
      [0.9, 0.5, NaN, 0.7],
    ]);
  });

  it('joins evaluations, between which nothing is missing, and leaves a gap where a step measured nothing', () => {
    const lane = history(
      { step: 0, 'eval/sampled': 0.5, 'policy/entropy': 1 },
      { step: 1 },
      { step: 2, 'eval/sampled': 0.7, 'policy/entropy': 2 },
    );
    const evaluation = charts.find(({ id }) => id === 'eval')?.views[0].lines.slice(0, 1) ?? [];
    const curves = drawn([lane], [...evaluation, policyEntropy], [], false, 1);
    expect(curves.map(valuesOf)).toEqual([[[0.5, 0.7]], [[1, NaN, 2]]]);
  });

  it('leaves out of a logarithmic axis what it cannot show', () => {
    const lane = history({ step: 1, 'policy/entropy': 0 }, { step: 2, 'policy/entropy': 0.01 });
    const curves = drawn([lane], [policyEntropy], [], true, 8);
    expect(curves.map(valuesOf)).toEqual([[[0.01]]]);
    expect(valueAxis(curves, entropy, { logarithmic: true, span: run }, false).domain).toEqual([0.01, 0.1]);
  });

  it('draws at most some 600 points of a curve, and every step of a run of the default length', () => {
    for (const lastStep of [600, 640, 12_800, 100_000]) {
      const lane = history(...Array.from({ length: lastStep + 1 }, (_, step) => noisy(step)));
      const [curve] = drawn([lane], [policyEntropy], [], false, stepsPerBucket({ from: 0, to: lastStep }));
      const points = valuesOf(curve)[0]?.length ?? 0;
      expect(points).toBeLessThanOrEqual(640);
      expect(points).toBeGreaterThan(lastStep === 600 ? 600 : 250);
    }
  });

  function noisy(step: number): Parameters<typeof toRow>[0] {
    return { step, 'policy/entropy': 1 + Math.sin(step * 2.1) };
  }
});

describe('valueAxis', () => {
  it('lets a reward that is no share outgrow the share axis', () => {
    const lane = history({ step: 1, 'reward/mean': 2.9 });
    const curves = drawn([lane], reward.lines, [], false, 1);
    expect(
      valueAxis(curves, reward, { logarithmic: false, span: run }, false).domain[1],
    ).toBeGreaterThanOrEqual(2.9);
    expect(valueAxis([], reward, { logarithmic: false, span: run }, false).domain).toEqual([0, 1]);
  });

  it('spans bands too', () => {
    const lane = history({ step: 1, 'policy/entropy_p10': 0.1, 'policy/entropy_p90': 2.3 });
    const curves = drawn([lane], [], entropy.bands, false, 1);
    expect(
      valueAxis(curves, entropy, { logarithmic: false, span: run }, false).domain[1],
    ).toBeGreaterThanOrEqual(2.3);
  });
});

describe('pathOf', () => {
  const x = (step: number): number => 10 * step;
  const y = (value: number): number => 100 - 100 * value;

  it('goes through every point, lifts the pen at a gap, and shows what stands alone between two', () => {
    const points = { steps: [0, 1, 2, 3, 4, 5], values: [1, 0.5, NaN, 0, NaN, 0.25] };
    const path = pathOf({ kind: 'line', slot: 0, faint: false, dash: 'solid', points }, x, y);
    expect(path).toBe('M0 0L10 50M30 100h1.5M50 75h1.5');
  });

  it('closes a band around what lies between its lines', () => {
    const low = { steps: [0, 10], values: [0, 0.5] };
    const high = { steps: [0, 5, 10], values: [0.5, 1, 0.5] };
    const path = pathOf({ kind: 'band', slot: 0, low, high }, x, y);
    expect(path).toBe('M0 50L50 0L100 50L100 50L0 100Z');
  });

  it('rounds to tenths of a pixel', () => {
    const points = { steps: [0, 1 / 3], values: [0, 2 / 3] };
    expect(pathOf({ kind: 'line', slot: 0, faint: false, dash: 'solid', points }, x, y)).toBe(
      'M0 100L3.3 33.3',
    );
  });

  it('is empty where nothing was measured', () => {
    const points = { steps: [], values: [] };
    expect(pathOf({ kind: 'line', slot: 0, faint: false, dash: 'solid', points }, x, y)).toBe('');
    expect(pathOf({ kind: 'band', slot: 0, low: points, high: points }, x, y)).toBe('');
  });
});

describe('axes', () => {
  it('end at or above the largest value, at round numbers', () => {
    for (const max of [0.0007, 0.03, 0.26, 0.65, 1.05, 3, 47, 1e4]) {
      const { domain, ticks } = linearTicks(max);
      expect(domain[1]).toBeGreaterThanOrEqual(max);
      expect(domain[1]).toBeLessThanOrEqual(max * 2);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(ticks[0]).toBe(0);
    }
  });

  it('cover the decades', () => {
    expect(logTicks(0.03, 0.7)).toEqual({ domain: [0.01, 1], ticks: [0.01, 0.1, 1] });
    expect(stepTicks({ from: 0, to: 600 }).ticks).toEqual([0, 200, 400, 600]);
    expect(stepTicks({ from: 0, to: 1 }).ticks).toEqual([0, 1]);
  });

  it('span a run in doublings, and never beyond its end', () => {
    expect([0, 49, 50, 399, 400, 600].map((step) => axisEnd(step, 600))).toEqual([
      50, 50, 100, 400, 600, 600,
    ]);
    expect(axisEnd(0, 20)).toBe(20);
    expect(axisEnd(0, 0)).toBe(1);
  });

  it('map values to pixels, evenly or by decades', () => {
    const height = plotMargin.top + plotMargin.bottom + 100;
    const linear = valueScale({ domain: [0, 2], ticks: [], logarithmic: false }, height);
    expect([0, 0.5, 2].map(linear)).toEqual([plotMargin.top + 100, plotMargin.top + 75, plotMargin.top]);
    const decades = valueScale({ domain: [0.01, 1], ticks: [], logarithmic: true }, height);
    expect([0.01, 0.1, 1].map((value) => Math.round(decades(value)) - plotMargin.top)).toEqual([100, 50, 0]);
  });

  it('map steps to pixels and back', () => {
    for (const step of [0, 1, 299, 600])
      expect(stepOfPixel(pixelOfStep(step, run, 900), run, 900)).toBe(step);
    expect(stepOfPixel(-50, run, 345)).toBe(0);
    expect(stepOfPixel(9999, run, 345)).toBe(600);
  });
});

describe('inTurn', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('gives each piece of work a task of its own, in the order asked for, and none to what was withdrawn', () => {
    vi.useFakeTimers();
    const done: string[] = [];
    const withdraw = ['a', 'b', 'c', 'd'].map((name) => inTurn(() => void done.push(name)));
    withdraw[1]?.();
    expect(done).toEqual([]);
    vi.advanceTimersToNextTimer();
    expect(done).toEqual(['a']);
    inTurn(() => void done.push('e'));
    vi.advanceTimersToNextTimer();
    expect(done).toEqual(['a', 'c']);
    vi.runAllTimers();
    expect(done).toEqual(['a', 'c', 'd', 'e']);
  });

  it('goes on after work that failed', () => {
    vi.useFakeTimers();
    const done: string[] = [];
    inTurn(() => {
      throw new Error('no');
    });
    inTurn(() => void done.push('next'));
    expect(() => vi.advanceTimersToNextTimer()).toThrow('no');
    vi.runAllTimers();
    expect(done).toEqual(['next']);
  });
});
