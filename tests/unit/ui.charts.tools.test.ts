import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MetricId, metricIds, toRow } from '../../src/spec/metrics.ts';
import { Columns } from '../../src/store/columns.ts';
import { csvOf } from '../../src/ui/charts/csv.ts';
import { charts, metricsOf } from '../../src/ui/charts/charts.ts';
import { type Curve, curvesOf, type Drawing, valueAxis } from '../../src/ui/charts/curves.ts';
import { placeLabels } from '../../src/ui/charts/labels.ts';
import { marksApart, alarmsApart, notesAt } from '../../src/ui/charts/notes.ts';
import { linearTicks, stepTicks } from '../../src/ui/charts/plot.ts';
import { measuredAt, rowSteps } from '../../src/ui/charts/rows.ts';
import { leastSpan, panTo, shownSpan, zoomAround, zoomBetween } from '../../src/ui/charts/zoom.ts';

function history(...records: Parameters<typeof toRow>[0][]): Columns<MetricId> {
  const columns = new Columns(metricIds);
  for (const record of records) columns.append(toRow(record), 1);
  return columns;
}

/** Steps 0 to `last`, the entropy measured by `value`, an evaluation every tenth. */
function run(last: number, value: (step: number) => number): Columns<MetricId> {
  const records = Array.from({ length: last + 1 }, (_, step) => ({
    step,
    'policy/entropy': value(step),
    ...(step % 10 === 0 ? { 'eval/sampled': step / 1000 } : {}),
  }));
  return history(...records);
}

const entropy = charts.find(({ id }) => id === 'entropy')?.views[0];
const evaluation = charts.find(({ id }) => id === 'eval')?.views[0];
if (entropy === undefined || evaluation === undefined) throw new Error('no chart of entropy or evaluations');
const drawing: Drawing = {
  lines: entropy.lines.slice(0, 1),
  bands: [],
  logarithmic: false,
  span: { from: 0, to: 1000 },
  bucket: 1,
  smoothing: 0,
};

function points(curve: Curve | undefined) {
  if (curve?.kind !== 'line') throw new Error('no such line');
  return curve.points;
}

describe('zoom', () => {
  const end = 600;
  const steps = fc.integer({ min: 0, max: end });

  it('lies between the two steps dragged over, in either order', () => {
    expect(zoomBetween(120, 300, end)).toEqual({ from: 120, to: 300 });
    expect(zoomBetween(300, 120, end)).toEqual({ from: 120, to: 300 });
    expect(zoomBetween(0, end, end)).toBeNull();
  });

  it('never leaves the run, and never gets narrower than can be read', () => {
    fc.assert(
      fc.property(steps, steps, steps, fc.constantFrom(2, 0.5), (one, other, at, factor) => {
        const zoom = zoomAround(shownSpan(zoomBetween(one, other, end), end), at, factor, end);
        if (zoom === null) return;
        expect(zoom.from).toBeGreaterThanOrEqual(0);
        expect(zoom.to).toBeLessThanOrEqual(end);
        expect(zoom.to - zoom.from).toBeGreaterThanOrEqual(leastSpan);
        expect([zoom.from, zoom.to].every(Number.isInteger)).toBe(true);
      }),
    );
  });

  it('keeps the step at the cursor where it is, to a step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 500 }), (at) => {
        const before = { from: 100, to: 500 };
        const zoom = zoomAround(before, at, 2, end);
        if (zoom === null) throw new Error('nothing is shown');
        expect(zoom.to - zoom.from).toBe(200);
        expect(Math.abs((at - zoom.from) / 200 - (at - 100) / 400)).toBeLessThanOrEqual(1 / 200);
      }),
    );
    expect(zoomAround({ from: 100, to: 500 }, 300, 0.5, end)).toBeNull();
  });

  it('moves along with the cursor, no further than it takes', () => {
    expect(panTo({ from: 100, to: 200 }, 150)).toEqual({ from: 100, to: 200 });
    expect(panTo({ from: 100, to: 200 }, 205)).toEqual({ from: 105, to: 205 });
    expect(panTo({ from: 100, to: 200 }, 90)).toEqual({ from: 90, to: 190 });
  });

  it('shows all of a run that has not come that far', () => {
    expect(shownSpan({ from: 300, to: 400 }, 200)).toEqual({ from: 0, to: 200 });
    expect(shownSpan({ from: 100, to: 400 }, 200)).toEqual({ from: 100, to: 200 });
    expect(shownSpan(null, 200)).toEqual({ from: 0, to: 200 });
  });

  it('draws the rows within, and the nearest ones measured before and after', () => {
    const lanes = [{ slot: 0, history: run(100, (step) => step) }];
    const span = { from: 42, to: 44 };
    const [line] = curvesOf(lanes, { ...drawing, span });
    expect(points(line).steps).toEqual([41, 42, 43, 44, 45]);
    const [evaluations] = curvesOf(lanes, { ...drawing, lines: evaluation.lines.slice(0, 1), span });
    expect(points(evaluations).steps).toEqual([40, 50]);
  });

  it('fits the axis to what is shown, and leaves out 0 where that would be most of it', () => {
    const lanes = [{ slot: 0, history: run(100, (step) => (step === 45 ? 50 : 2 + step / 1000)) }];
    const axis = (span: Drawing['span'], zoomed: boolean) =>
      valueAxis(curvesOf(lanes, { ...drawing, span }), entropy, { logarithmic: false, span }, zoomed).domain;
    expect(axis({ from: 0, to: 100 }, false)).toEqual([0, 50]);
    const [low, high] = axis({ from: 10, to: 44 }, true);
    expect(low).toBeGreaterThan(1.9);
    expect(high).toBeLessThan(2.2);
    expect(linearTicks(1, -0.4).domain[0]).toBeLessThanOrEqual(-0.4);
  });

  it('has whole steps for ticks, within the span', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: leastSpan, max: 5000 }), (from, width) => {
        const { ticks } = stepTicks({ from, to: from + width });
        expect(ticks.length).toBeGreaterThan(0);
        for (const tick of ticks) {
          expect(Number.isInteger(tick) && tick >= from && tick <= from + width).toBe(true);
        }
      }),
    );
  });
});

describe('smoothing', () => {
  it('draws what was measured faintly behind the mean, whose noise is less', () => {
    const noisy = run(200, (step) => 1 + (step % 2 === 0 ? 0.5 : -0.5));
    const curves = curvesOf([{ slot: 2, history: noisy }], { ...drawing, smoothing: 10 });
    expect(curves.map((curve) => curve.kind === 'line' && curve.faint)).toEqual([true, false]);
    const [raw, smooth] = curves.map((curve) => points(curve).values);
    expect(raw).toContain(0.5);
    for (const value of smooth?.slice(50) ?? [NaN]) expect(Math.abs(value - 1)).toBeLessThan(0.06);
  });
});

describe('marksApart', () => {
  it('draws none upon another, and each where it belongs while there is room', () => {
    const marks = [40, 10, 10, 11, 80].map((step, at) => ({
      step,
      lanes: [at],
      text: String(at),
      kind: 'change' as const,
    }));
    const place = marksApart(marks, (step) => step);
    expect(marks.map(place)).toEqual([40, 10, 14, 18, 80]);
  });
});

describe('csvOf', () => {
  it('has every row of every lane, thinned by nothing', () => {
    const lanes = [
      { name: 'SRT', history: run(3000, (step) => Math.sin(step)) },
      { name: 'Other', history: run(4, () => 0.1) },
    ];
    const rows = csvOf(lanes, ['policy/entropy', 'eval/sampled'], false).trimEnd().split('\r\n');
    expect(rows).toHaveLength(1 + 3001 + 5);
    expect(rows[0]).toBe('lane,step,policy/entropy,eval/sampled');
    expect(rows[2]).toBe(`SRT,1,${Math.sin(1)},`);
    expect(rows.at(-5)).toBe('Other,0,0.1,0');
  });

  it('leaves out rows that measured none of the metrics, and quotes names', () => {
    const lane = history({ step: 0, 'reward/mean': 1 }, { step: 1, 'policy/entropy': 0.5 });
    const csv = (name: string): string => csvOf([{ name, history: lane }], ['policy/entropy'], false);
    expect(csv('a "b", c')).toBe('lane,step,policy/entropy\r\n"a ""b"", c",1,0.5\r\n');
    // A name comes with a link; no spreadsheet may run it.
    expect(csv('=1+1')).toContain("\r\n'=1+1,1,");
  });

  it('names each metric of a chart once', () => {
    for (const spec of charts) {
      const ids = metricsOf(spec);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThan(0);
    }
  });
});

describe('rowSteps', () => {
  const ids: readonly MetricId[] = ['policy/entropy'];

  it('chooses 20 to 50 evenly, the first and the last among them', () => {
    for (const last of [60, 100, 599, 10_000]) {
      const chosen = rowSteps([{ slot: 0, history: run(last, () => 1) }], ids, { from: 0, to: last });
      expect(chosen.length).toBeGreaterThanOrEqual(20);
      expect(chosen.length).toBeLessThanOrEqual(50);
      expect([chosen[0], chosen.at(-1)]).toEqual([0, last]);
    }
  });

  it('chooses among what was measured, in any lane and within the span', () => {
    const lanes = [
      { slot: 0, history: run(40, () => 1) },
      { slot: 1, history: run(25, () => 1) },
    ];
    expect(rowSteps(lanes, ['eval/sampled'], { from: 5, to: 100 })).toEqual([10, 20, 30, 40]);
    expect(rowSteps(lanes, ['reward/mean'], { from: 0, to: 100 })).toEqual([]);
    expect(lanes.map((lane) => measuredAt(lane, 'eval/sampled', 30))).toEqual([0.03, NaN]);
  });
});

describe('notes', () => {
  const alarm = (step: number, state: 'watch' | 'warning') => ({
    step,
    until: step,
    state,
    reason: `because ${step}`,
  });
  const lane = {
    name: 'SRT',
    alarms: [alarm(100, 'watch'), alarm(130, 'warning')],
    status: { collapseStep: 133 },
  };
  const mark = { step: 102, lanes: [1], text: 'step 102: learning rate', kind: 'change' } as const;

  it('tell what happened at the cursor or nearly, the nearest first', () => {
    const at = (cursor: number) =>
      notesAt(cursor, [lane], [mark], { from: 0, to: 300 }).map(({ text }) => text);
    expect(at(100)).toEqual(['SRT, watch at step 100: because 100', mark.text]);
    expect(at(132)).toEqual(['SRT collapsed at step 133', 'SRT, warning at step 130: because 130']);
    expect(at(200)).toEqual([]);
  });

  it('draw alarms apart, and never hide a warning behind a watch', () => {
    const alarms = [alarm(0, 'watch'), alarm(5, 'warning'), alarm(8, 'watch'), alarm(40, 'watch')];
    expect(alarmsApart(alarms, (step) => step, 10)).toEqual([alarms[1], alarms[3]]);
  });
});

describe('placeLabels', () => {
  const size = { width: 340, height: 160 };

  it('keeps labels inside and apart; one without room is left out', () => {
    const crowd = Array.from({ length: 9 }, () => ({ x: 330, y: 30, text: 'best .88' }));
    const places = placeLabels(crowd, size);
    expect(places[0]).toMatchObject({ anchor: 'end' });
    expect(places.filter((place) => place !== null).length).toBeLessThan(9);
    const seen = new Set(places.flatMap((place) => (place === null ? [] : [`${place.x} ${place.y}`])));
    expect(seen.size).toBe(places.filter((place) => place !== null).length);
  });
});
