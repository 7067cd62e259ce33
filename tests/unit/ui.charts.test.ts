import { describe, expect, it } from 'vitest';
import { type MetricId, metricIds, metrics, toRow } from '../../src/spec/metrics.ts';
import { Columns } from '../../src/store/columns.ts';
import { charts } from '../../src/ui/charts/charts.ts';
import {
  axisEnd,
  linearTicks,
  logTicks,
  pixelOfStep,
  stepOfPixel,
  stepTicks,
} from '../../src/ui/charts/plot.ts';
import { rowsOf, seriesOf, valueTicks } from '../../src/ui/charts/rows.ts';

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

describe('rowsOf', () => {
  it('joins lanes by step, a gap where a lane measured nothing', () => {
    const rows = rowsOf(
      [
        history({ step: 1, 'policy/entropy': 0.5 }, { step: 2, 'policy/entropy': 0.4 }),
        history({ step: 2, 'policy/entropy': 0.3 }),
      ],
      entropy.lines.slice(0, 1),
      [],
      false,
    );
    const [first, second] = seriesOf(2, entropy.lines.slice(0, 1), []);
    expect(
      rows.map((row) => [row['step'], row[first?.key ?? ''] ?? null, row[second?.key ?? ''] ?? null]),
    ).toEqual([
      [1, 0.5, null],
      [2, 0.4, 0.3],
    ]);
  });

  it('shades the gap only where the reward exceeds the truth', () => {
    const lane = history(
      { step: 1, 'reward/mean': 0.9, 'truth/accuracy': 0.2 },
      { step: 2, 'reward/mean': 0.5, 'truth/accuracy': 0.6 },
    );
    const [band] = seriesOf(1, [], reward.bands);
    expect(rowsOf([lane], [], reward.bands, false).map((row) => row[band?.key ?? ''])).toEqual([
      [0.2, 0.9],
      [0.5, 0.5],
    ]);
  });

  it('leaves out of a logarithmic axis what it cannot show', () => {
    const lane = history({ step: 1, 'policy/entropy': 0 }, { step: 2, 'policy/entropy': 0.01 });
    const rows = rowsOf([lane], entropy.lines, [], true);
    expect(rows.map((row) => row[seriesOf(1, entropy.lines, [])[0]?.key ?? ''])).toEqual([null, 0.01]);
    expect(valueTicks(rows, entropy, true).domain).toEqual([0.01, 0.1]);
  });

  it('lets a reward that is no share outgrow the share axis', () => {
    const lane = history({ step: 1, 'reward/mean': 2.9 });
    expect(
      valueTicks(rowsOf([lane], reward.lines, [], false), reward, false).domain[1],
    ).toBeGreaterThanOrEqual(2.9);
    expect(valueTicks([], reward, false).domain).toEqual([0, 1]);
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
    expect(stepTicks(600).ticks).toEqual([0, 200, 400, 600]);
    expect(stepTicks(1).ticks).toEqual([0, 1]);
  });

  it('span a run in doublings, and never beyond its end', () => {
    expect([0, 49, 50, 399, 400, 600].map((step) => axisEnd(step, 600))).toEqual([
      50, 50, 100, 400, 600, 600,
    ]);
    expect(axisEnd(0, 20)).toBe(20);
    expect(axisEnd(0, 0)).toBe(1);
  });

  it('map steps to pixels and back', () => {
    for (const step of [0, 1, 299, 600])
      expect(stepOfPixel(pixelOfStep(step, 600, 900), 600, 900)).toBe(step);
    expect(stepOfPixel(-50, 600, 345)).toBe(0);
    expect(stepOfPixel(9999, 600, 345)).toBe(600);
  });
});
