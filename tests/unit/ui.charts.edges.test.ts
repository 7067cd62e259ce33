import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type MetricId, metricIds, toRow } from '../../src/spec/metrics.ts';
import { presets } from '../../src/settings/presets.ts';
import { Columns } from '../../src/store/columns.ts';
import { pngOf, svgOf } from '../../src/ui/charts/chartFile.ts';
import { csvOf } from '../../src/ui/charts/csv.ts';
import type { Sheet } from '../../src/ui/charts/sheet.ts';
import { metricsOf } from '../../src/ui/charts/charts.ts';
import type { Curve } from '../../src/ui/charts/curves.ts';
import { placeLabels } from '../../src/ui/charts/labels.ts';
import { alarmsApart, notesAt } from '../../src/ui/charts/notes.ts';
import {
  linearTicks,
  logTicks,
  niceStep,
  pixelOfStep,
  plotMargin,
  stepOfPixel,
  stepTicks,
} from '../../src/ui/charts/plot.ts';
import { measuredAt, rowSteps } from '../../src/ui/charts/rows.ts';
import { leastSpan, panTo, zoomAround, zoomBetween } from '../../src/ui/charts/zoom.ts';

function history(...records: Parameters<typeof toRow>[0][]): Columns<MetricId> {
  const columns = new Columns(metricIds);
  for (const record of records) columns.append(toRow(record), 1);
  return columns;
}

describe('zoom, at the ends of a run', () => {
  it('widens a stretch that is too short, without leaving the run', () => {
    expect(zoomBetween(100, 101, 600)).toEqual({ from: 100, to: 100 + leastSpan });
    expect(zoomBetween(599, 600, 600)).toEqual({ from: 600 - leastSpan, to: 600 });
    expect(zoomBetween(0, 1, leastSpan)).toBeNull();
  });

  it('goes closer around the first and the last step, and around one that is not shown', () => {
    const span = { from: 0, to: 600 };
    expect(zoomAround(span, 0, 2, 600)).toEqual({ from: 0, to: 300 });
    expect(zoomAround(span, 600, 2, 600)).toEqual({ from: 300, to: 600 });
    expect(zoomAround({ from: 200, to: 400 }, 0, 2, 600)).toEqual({ from: 200, to: 300 });
    expect(zoomAround({ from: 200, to: 400 }, 600, 2, 600)).toEqual({ from: 300, to: 400 });
  });

  it('goes no closer than the shortest stretch, and further out is moved into the run', () => {
    const least = { from: 10, to: 10 + leastSpan };
    expect(zoomAround(least, 12, 2, 600)).toEqual(least);
    expect(zoomAround({ from: 0, to: 100 }, 100, 0.5, 600)).toEqual({ from: 0, to: 200 });
    expect(zoomAround({ from: 500, to: 600 }, 500, 0.5, 600)).toEqual({ from: 400, to: 600 });
  });

  it('stays where it is while the cursor is at one of its ends', () => {
    expect(panTo({ from: 100, to: 200 }, 100)).toEqual({ from: 100, to: 200 });
    expect(panTo({ from: 100, to: 200 }, 200)).toEqual({ from: 100, to: 200 });
  });
});

describe('plot, at its limits', () => {
  it('has a nice step for every magnitude, never below what was asked for', () => {
    expect([0.0011, 0.012, 0.21, 0.3, 1, 2.1, 6, 9.9, 240].map(niceStep)).toEqual([
      0.002, 0.02, 0.25, 0.5, 1, 2.5, 10, 10, 250,
    ]);
  });

  it('gives an axis to values that are all alike, or none', () => {
    expect(linearTicks(0).domain).toEqual([0, 1]);
    expect(linearTicks(2, 2).domain).toEqual([2, 3]);
    expect(linearTicks(Infinity).domain).toEqual([0, 1]);
    expect(linearTicks(NaN).ticks.length).toBeGreaterThan(1);
  });

  it('reaches below zero without a negative zero, and without the dust of sums', () => {
    const { domain, ticks } = linearTicks(0.3, -0.3);
    expect(domain).toEqual([-0.3, 0.3]);
    expect(ticks).toEqual([-0.2, 0, 0.2]);
    expect(ticks.some((tick) => Object.is(tick, -0))).toBe(false);
  });

  it('labels at most five decades, and spans at least one', () => {
    expect(logTicks(1e-6, 1e3).ticks).toEqual([1e-6, 1e-3, 1, 1e3]);
    expect(logTicks(0.1, 0.1)).toEqual({ domain: [0.1, 1], ticks: [0.1, 1] });
    expect(logTicks(0, 1e-9).domain).toEqual([1e-6, 1e-5]);
    for (const max of [1e-5, 1e-2, 1, 1e4, 1e9]) {
      expect(logTicks(1e-6, max).ticks.length).toBeLessThanOrEqual(5);
    }
  });

  it('has no tick between two steps, where the nice one would be 2.5', () => {
    expect(stepTicks({ from: 0, to: 10 }).ticks).toEqual([0, 5, 10]);
    expect(stepTicks({ from: 7, to: 17 }).ticks).toEqual([10, 15]);
  });

  it('draws a span of no width at its left, in a chart without room, too', () => {
    expect(pixelOfStep(5, { from: 5, to: 5 }, 300)).toBe(plotMargin.left);
    expect(stepOfPixel(200, { from: 5, to: 5 }, 300)).toBe(5);
    expect(stepOfPixel(0, { from: 0, to: 600 }, 0)).toBe(0);
  });
});

describe('csvOf, of what there is', () => {
  it('is its head alone without lanes, or before anything was measured', () => {
    expect(csvOf([], ['reward/mean'], false)).toBe('lane,step,reward/mean\r\n');
    const lane = { name: 'SRT', history: history({ step: 0 }) };
    expect(csvOf([lane], ['reward/mean'], false)).toBe('lane,step,reward/mean\r\n');
  });

  it('keeps a zero apart from what was not measured, and a line break within its cell', () => {
    const lane = { name: 'a\nb', history: history({ step: 3, 'reward/mean': 0 }) };
    expect(csvOf([lane], ['reward/mean', 'policy/entropy'], false)).toContain('"a\nb",3,0,\r\n');
  });

  it.each(['=', '+', '-', '@', '\t', '\r'])('a name that begins with %j is no formula', (first) => {
    const lane = { name: `${first}A1`, history: history({ step: 0, 'reward/mean': 1 }) };
    expect(csvOf([lane], ['reward/mean'], false)).toMatch(/\n"?'/);
  });

  it('has the edges of bands after the lines of each view', () => {
    const view = { label: '', unit: '', range: 'auto' } as const;
    const line = { id: 'policy/entropy', short: '', dash: 'solid', shown: false } as const;
    const band = { low: 'policy/entropy_p10', high: 'policy/entropy_p90', short: '' } as const;
    const views = [
      { ...view, lines: [line], bands: [band] },
      { ...view, lines: [{ ...line, id: 'optim/grad_norm' }], bands: [] },
    ] as const;
    expect(metricsOf({ id: 'entropy', title: '', views })).toEqual([
      'policy/entropy',
      'policy/entropy_p10',
      'policy/entropy_p90',
      'optim/grad_norm',
    ]);
  });
});

describe('rows of a table', () => {
  const ids: readonly MetricId[] = ['policy/entropy'];
  const run = (last: number) => ({
    slot: 0,
    history: history(...Array.from({ length: last + 1 }, (_, step) => ({ step, 'policy/entropy': step }))),
  });

  it('stay put while a run grows within a span', () => {
    const span = { from: 0, to: 800 };
    const before = rowSteps([run(410)], ids, span);
    const after = rowSteps([run(700)], ids, span);
    expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
  });

  it('are every step of a short run, and none of a run without rows', () => {
    expect(rowSteps([run(5)], ids, { from: 0, to: 20 })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(rowSteps([{ slot: 0, history: history() }], ids, { from: 0, to: 20 })).toEqual([]);
    expect(rowSteps([], ids, { from: 0, to: 20 })).toEqual([]);
  });

  it('begin and end where the span does', () => {
    expect(rowSteps([run(100)], ids, { from: 30, to: 34 })).toEqual([30, 31, 32, 33, 34]);
  });

  it('say nothing of a step that a lane has no row of', () => {
    const lane = {
      slot: 0,
      history: history({ step: 10, 'policy/entropy': 1 }, { step: 20, 'policy/entropy': 2 }),
    };
    expect([10, 15, 20, 30].map((step) => measuredAt(lane, 'policy/entropy', step))).toEqual([
      1,
      NaN,
      2,
      NaN,
    ]);
  });
});

describe('notes', () => {
  const alarm = (step: number, state: 'watch' | 'warning') => ({ step, state, reason: 'so', until: step });
  const quiet = { name: 'M-GRPO', alarms: [], status: { collapseStep: null } };

  it('are three at most, one alarm a lane among them', () => {
    const alarms = [alarm(99, 'watch'), alarm(100, 'warning'), alarm(101, 'watch')];
    const lanes = [
      { name: 'A', alarms, status: { collapseStep: 102 } },
      { name: 'B', alarms, status: { collapseStep: 103 } },
    ];
    const notes = notesAt(100, lanes, [], { from: 0, to: 600 });
    expect(notes.map(({ text }) => text)).toEqual([
      'A, warning at step 100: so',
      'B, warning at step 100: so',
      'A collapsed at step 102',
    ]);
  });

  it('are nearer the closer a chart looks', () => {
    const lane = { ...quiet, status: { collapseStep: 104 } };
    expect(notesAt(100, [lane], [], { from: 0, to: 600 })).toHaveLength(1);
    expect(notesAt(100, [lane], [], { from: 90, to: 110 })).toEqual([]);
    expect(notesAt(100, [quiet], [], { from: 0, to: 600 })).toEqual([]);
  });

  it('of two alarms of a kind the first is drawn, and one at just the gap stands by itself', () => {
    const alarms = [alarm(0, 'warning'), alarm(4, 'warning'), alarm(10, 'watch')];
    expect(alarmsApart(alarms, (step) => step, 10)).toEqual([alarms[0], alarms[2]]);
    expect(alarmsApart([], (step) => step, 10)).toEqual([]);
  });
});

describe('placeLabels', () => {
  const size = { width: 340, height: 160 };
  const at = (x: number, y: number, text = '.88') => ({ x, y, text });

  it('stands right and below, and goes elsewhere only where it must', () => {
    const [free, atRight, atFoot, inCorner] = [at(100, 60), at(335, 60), at(100, 135), at(335, 135)].map(
      (point) => placeLabels([point], size)[0],
    );
    expect(free).toEqual({ x: 106, y: 74, anchor: 'start' });
    expect(atRight).toEqual({ x: 329, y: 74, anchor: 'end' });
    expect(atFoot).toEqual({ x: 106, y: 128, anchor: 'start' });
    expect(inCorner).toEqual({ x: 329, y: 128, anchor: 'end' });
  });

  it('gives a point another side where an earlier label stands', () => {
    const places = placeLabels([at(100, 60), at(100, 60), at(100, 60)], size);
    expect(places.map((place) => place?.y)).toEqual([74, 53, 74]);
    expect(places.map((place) => place?.anchor)).toEqual(['start', 'start', 'end']);
  });

  it('covers no other point while there is room beside it', () => {
    // Below and to the right lies the latest value.
    const [best] = placeLabels([at(100, 60), at(115, 70)], size);
    expect(best).toEqual({ x: 106, y: 53, anchor: 'start' });
    // All around: then it stands where it would.
    const crowd = [at(115, 70), at(115, 50), at(85, 70), at(85, 50)];
    expect(placeLabels([at(100, 60), ...crowd], size)[0]).toEqual({ x: 106, y: 74, anchor: 'start' });
  });

  it('leaves out what is wider than the plot', () => {
    expect(placeLabels([at(170, 60, 'x'.repeat(80)), at(170, 60)], size)).toEqual([
      null,
      { x: 176, y: 74, anchor: 'start' },
    ]);
  });
});

/** What a canvas was told to draw, in the state it was then in. */
class Canvas {
  width = 0;
  height = 0;
  readonly drawn: Record<string, unknown>[] = [];
  #blob: Blob | null;
  readonly context: Record<string, unknown>;

  constructor(blob: Blob | null) {
    this.#blob = blob;
    const { drawn } = this;
    let dash: readonly number[] = [];
    const note = (what: string) =>
      function (this: Record<string, unknown>, ...told: unknown[]) {
        const { fillStyle, strokeStyle, globalAlpha } = this;
        drawn.push({ what, told, fillStyle, strokeStyle, globalAlpha, dash });
      };
    const kinds = ['scale', 'fillRect', 'fillText', 'stroke', 'fill', 'rect', 'clip', 'translate'] as const;
    this.context = {
      globalAlpha: 1,
      ...Object.fromEntries(kinds.map((kind) => [kind, note(kind)])),
      ...Object.fromEntries(
        ['beginPath', 'moveTo', 'lineTo', 'save', 'restore'].map((kind) => [kind, () => undefined]),
      ),
      measureText: (text: string) => ({ width: 6 * text.length }),
      setLineDash: (strokes: readonly number[]) => {
        dash = strokes;
      },
    };
  }

  getContext(): unknown {
    return this.context;
  }

  toBlob(done: (blob: Blob | null) => void, type: string): void {
    this.drawn.push({ what: 'toBlob', told: [type] });
    done(this.#blob);
  }

  texts(): string[] {
    return this.drawn.flatMap(({ what, told }) =>
      what === 'fillText' ? [String((told as unknown[])[0])] : [],
    );
  }
}

describe('pngOf', () => {
  const points = { steps: [0, 50], values: [0, 1] };
  const curves: readonly Curve[] = [
    { kind: 'band', slot: 1, low: points, high: points },
    { kind: 'line', slot: 0, dash: 'solid', faint: true, points },
    { kind: 'line', slot: 1, dash: 'dashed', faint: false, points },
  ];
  const sheet: Sheet = {
    title: 'Entropy, nats',
    about: ['Preset Entropy; seed 0', 'steps 0 to 50; values at step 50'],
    legend: [
      { short: 'policy', dash: 'solid', values: ['.31', '.28'] },
      { short: 'anchor', dash: 'dashed', values: ['.12', '.13'] },
    ],
    notes: [{ step: 25, text: 'SRT collapsed at step 25', slot: 0 }],
    lanes: presets.entropy.lanes.map(({ name }, slot) => ({ name, slot })),
    curves,
    steps: { domain: [0, 50], ticks: [0, 20, 40] },
    values: { domain: [0, 1], ticks: [0, 0.5, 1], logarithmic: false },
    zones: [],
    source: 'M-GRPO Lab 0.1.0 (abcdefg)',
  };
  const png = new Blob(['png']);
  const said = (first: string): readonly string[] => [
    ...['Entropy, nats', ...sheet.about, first, 'M-GRPO + IQR'],
    ...['policy', '.31', '.28', 'anchor', '.12', '.13'],
    ...['0', '.5', '1', '0', '20', '40'],
    ...['SRT collapsed at step 25', sheet.source],
  ];

  function canvasIs(canvas: Canvas | { getContext: () => null }): void {
    vi.stubGlobal('document', { documentElement: {}, createElement: () => canvas });
  }

  beforeEach(() => {
    vi.stubGlobal('getComputedStyle', () => ({ getPropertyValue: (name: string) => ` ${name}` }));
    vi.stubGlobal(
      'Path2D',
      class {
        readonly d: string;

        constructor(d: string) {
          this.d = d;
        }
      },
    );
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('says in words what the chart says: title, lanes, legend, axes', async () => {
    const canvas = new Canvas(png);
    canvasIs(canvas);
    expect(await pngOf(sheet)).toBe(png);
    expect(canvas.drawn.at(-1)).toMatchObject({ what: 'toBlob', told: ['image/png'] });
    expect(canvas.width).toBe(1440);
    expect(canvas.texts()).toEqual(said('SRT'));
    // Each stroke of the legend is the one that its curves are drawn with, and each note has a line in its lane's colour.
    const strokes = canvas.drawn.filter(({ what }) => what === 'stroke');
    expect(strokes.slice(0, 2)).toMatchObject([{ dash: [] }, { dash: [5, 3] }]);
    expect(strokes.at(-1)).toMatchObject({ strokeStyle: '--lane-0', dash: [2, 2] });
  });

  it('draws each curve in its lane’s colour, with its dash, inside the axes', async () => {
    const canvas = new Canvas(png);
    canvasIs(canvas);
    await pngOf(sheet);
    const clip = canvas.drawn.findIndex(({ what }) => what === 'clip');
    expect(clip).toBeGreaterThan(0);
    expect(canvas.drawn.slice(clip + 1, clip + 4)).toMatchObject([
      { what: 'fill', fillStyle: '--lane-1', globalAlpha: 0.14 },
      { what: 'stroke', strokeStyle: '--lane-0', globalAlpha: 0.25, dash: [] },
      {
        what: 'stroke',
        strokeStyle: '--lane-1',
        globalAlpha: 1,
        dash: [expect.any(Number), expect.any(Number)],
      },
    ]);
    // From corner to corner of the axes.
    const height = 338;
    const [line] = canvas.drawn[clip + 3]?.told as [{ d: string }];
    expect(line.d).toBe(
      `M${plotMargin.left} ${height - plotMargin.bottom}L${720 - plotMargin.right} ${plotMargin.top}`,
    );
  });

  it('as SVG says the same, in words that stay words, with each curve in its lane’s colour inside the axes', async () => {
    canvasIs(new Canvas(png));
    const name = 'SRT <script>alert(1)</script>';
    const svg = await svgOf({ ...sheet, lanes: [{ name, slot: 0 }, ...sheet.lanes.slice(1)] }).text();
    const words = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    expect(words).toEqual(said('SRT &lt;script&gt;alert(1)&lt;/script&gt;'));
    const [, inside = ''] = svg.split('<g clip-path="url(#plot)">');
    const paths = [...inside.matchAll(/<path d="([^"]*)" ([^/]*)\/>/g)].map(([, , drawn]) => drawn);
    expect(paths).toEqual([
      'fill="--lane-1" opacity="0.14"',
      'fill="none" stroke="--lane-0" stroke-width="1.5" opacity="0.25"',
      'fill="none" stroke="--lane-1" stroke-width="1.5" stroke-dasharray="5 3"',
      'fill="none" stroke="--lane-0" stroke-width="1" stroke-dasharray="2 2" opacity="0.8"',
    ]);
    expect(svg.split('<g ').length).toBe(svg.split('</g>').length);
  });

  it('says when there is no canvas, or no picture came of it', async () => {
    canvasIs({ getContext: () => null });
    await expect(pngOf(sheet)).rejects.toThrow('this browser has no canvas');
    canvasIs(new Canvas(null));
    await expect(pngOf(sheet)).rejects.toThrow('the picture could not be made');
  });
});
