import { createElement } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { CartesianGrid, ComposedChart, Line, XAxis, YAxis } from 'recharts';
import uPlot from 'uplot';
import { type MetricId, metricIds, metrics, type MetricRow, toRow } from '../../src/spec/metrics.ts';
import { Columns } from '../../src/store/columns.ts';
import type { LineSpec, ViewSpec } from '../../src/ui/charts/charts.ts';
import { curvesOf, stepsPerBucket, valueAxis } from '../../src/ui/charts/curves.ts';
import { LiveChart } from '../../src/ui/charts/LiveChart.tsx';
import { axisEnd, stepTicks } from '../../src/ui/charts/plot.ts';
import { inTurn } from '../../src/ui/inTurn.ts';

// What `npm run soak -- --library lab|recharts|uplot` watches: six charts of two metrics in four lanes, drawn ten times a
// second by the lab's chart, by Recharts' own lines, or by uPlot. No part of the lab.

const size = { width: 360, height: 160 };
const tickMs = 100;
const charts = 6;
const slots = [0, 1, 2, 3] as const;
const drawnMetrics = metricIds
  .filter((id) => metrics[id].every === 'step' && id !== 'step')
  .slice(0, 2 * charts);
const lanes = slots.map((slot) => ({ slot, history: new Columns<MetricId>(metricIds) }));

/** The two metrics of a chart. */
function idsOf(chart: number): readonly MetricId[] {
  return drawnMetrics.slice(2 * chart, 2 * chart + 2);
}

function valueOf(slot: number, metric: number, step: number): number {
  const jitter = Math.sin(12.9898 * (step + 1) + 78.233 * metric + 37.719 * slot) * 43758.5453;
  return 0.5 + 0.35 * Math.sin(step / 250 + slot + metric) + 0.15 * (jitter - Math.floor(jitter));
}

let step = 0;
function grow(): void {
  for (const { slot, history } of lanes) {
    const record: Partial<Record<keyof MetricRow, number>> = { step };
    drawnMetrics.forEach((id, metric) => (record[id] = valueOf(slot, metric, step)));
    history.append(toRow(record), 1);
  }
  step++;
}

type Draw = () => void;

function labChart(place: HTMLElement, chart: number): Draw {
  const root = createRoot(place);
  const lines = idsOf(chart).map((id, at): LineSpec => ({
    id,
    short: id,
    dash: at === 0 ? 'solid' : 'dashed',
    shown: true,
  }));
  const view: ViewSpec = { label: '', unit: '', lines, bands: [], range: 'auto' };
  return () => {
    const span = { from: 0, to: axisEnd(step, Infinity) };
    const drawing = {
      lines,
      bands: [],
      logarithmic: false,
      span,
      bucket: stepsPerBucket(span),
      smoothing: 0,
    };
    const curves = curvesOf(lanes, drawing);
    const values = valueAxis(curves, view, drawing, false);
    flushSync(() => {
      root.render(createElement(LiveChart, { ...size, curves, steps: stepTicks(span), values, zones: [] }));
    });
  };
}

/** As its users write it, rows thinned evenly to 600. */
function rechartsChart(place: HTMLElement, chart: number): Draw {
  const root = createRoot(place);
  const series = lanes.flatMap(({ slot, history }) =>
    idsOf(chart).map((id) => ({ key: `${slot} ${id}`, slot, id, history })),
  );
  return () => {
    const stride = Math.ceil(step / 600);
    const data: Record<string, number>[] = [];
    for (let row = 0; row < step; row += stride) {
      const record: Record<string, number> = { step: row };
      for (const { key, id, history } of series) record[key] = history.column(id)[row] ?? NaN;
      data.push(record);
    }
    const lines = series.map(({ key, slot }) =>
      createElement(Line, {
        key,
        dataKey: key,
        dot: false,
        isAnimationActive: false,
        stroke: `hsl(${90 * slot} 70% 40%)`,
      }),
    );
    const axes = [
      createElement(CartesianGrid, { key: 'grid', vertical: false }),
      createElement(XAxis, { key: 'x', dataKey: 'step', type: 'number' }),
      createElement(YAxis, { key: 'y' }),
    ];
    flushSync(() => {
      root.render(createElement(ComposedChart, { ...size, data }, ...axes, ...lines));
    });
  };
}

/** As its users write it, with all rows. */
function uPlotChart(place: HTMLElement, chart: number): Draw {
  const stroke = (slot: number): string => `hsl(${90 * slot} 70% 40%)`;
  const series = lanes.flatMap(({ slot }) =>
    idsOf(chart).map((id) => ({ label: id, stroke: stroke(slot), points: { show: false } })),
  );
  const scales = { x: { time: false } };
  const plot = new uPlot({ ...size, scales, legend: { show: false }, series: [{}, ...series] }, [[]], place);
  return () => {
    const steps = lanes[0]?.history.column('step') ?? new Float64Array(0);
    plot.setData([steps, ...lanes.flatMap(({ history }) => idsOf(chart).map((id) => history.column(id)))]);
  };
}

const libraries: Readonly<Record<string, (place: HTMLElement, chart: number) => Draw>> = {
  lab: labChart,
  recharts: rechartsChart,
  uplot: uPlotChart,
};
const make = libraries[location.hash.slice(1)];
if (make === undefined) throw new Error(`There is no library ${location.hash}.`);
const draws = Array.from({ length: charts }, (_, chart) => {
  const place = document.createElement('div');
  place.style.display = 'inline-block';
  document.body.append(place);
  return make(place, chart);
});
setInterval(() => {
  grow();
  // Each chart in a task of its own, as in the lab.
  for (const draw of draws) inTurn(draw);
}, tickMs);
