import { expect, it } from 'vitest';
import { presets } from '../../src/settings/presets.ts';
import { toRow } from '../../src/spec/metrics.ts';
import { freshLane, type Lane } from '../../src/store/lanes.ts';
import { charts } from '../../src/ui/charts/charts.ts';
import { formatTick } from '../../src/ui/format.ts';
import { stepsPerBucket, valueAxis, curvesOf } from '../../src/ui/charts/curves.ts';
import { sheetOf } from '../../src/ui/charts/sheet.ts';
import type { Picture } from '../../src/ui/charts/useChart.ts';
import { linearTicks, logTicks, plotMargin, stepTicks } from '../../src/ui/charts/plot.ts';

const update = charts.find(({ id }) => id === 'update');
if (update === undefined) throw new Error('no chart of the update');
const [view] = update.views;

/** Lanes of preset Entropy after 100 steps whose KL is a thousandth of the step. */
const lanes: readonly Lane[] = presets.entropy.lanes.map((setup, slot) => {
  const lane = freshLane(setup, slot);
  for (let step = 0; step <= 100; step++) {
    lane.history.append(toRow({ step, 'policy/kl_ref': step / 1000, 'policy/kl_anchor': 0.5 }), 1);
  }
  return lane;
});

function pictureOf(from: number, to: number, of: readonly Lane[], more: Partial<Picture> = {}): Picture {
  const shown = { from, to };
  const drawing = {
    lines: view.lines,
    bands: view.bands,
    logarithmic: false,
    span: shown,
    bucket: stepsPerBucket(shown),
    smoothing: 0,
  };
  const curves = curvesOf(of, drawing);
  return {
    ...{ lanes: of, marks: [], version: 0, view, lines: view.lines, logarithmic: false, truthHidden: false },
    ...{ shown, end: 600, zoomed: true, curves, steps: stepTicks(shown) },
    values: valueAxis(curves, view, drawing, true),
    ...more,
  };
}

const state = { preset: 'entropy', recorded: false, origin: null } as const;

it('says which view it is of, what ran, and of which step its values are', () => {
  const { title, about, legend } = sheetOf(update, pictureOf(20, 50, lanes), state, 10);
  expect(title).toBe('Update: KL, nats');
  expect(about).toEqual([
    'Preset Entropy; seed 1',
    'steps 20 to 50; values at step 50; smoothed over 10 steps',
  ]);
  expect(legend).toEqual([
    { short: 'to base', dash: 'solid', values: ['.050', '.050'] },
    { short: 'to anchor', dash: 'dashed', values: ['.50', '.50'] },
  ]);
  // The newest step where all are shown.
  expect(sheetOf(update, pictureOf(0, 600, lanes), state, 0).about[1]).toBe(
    'steps 0 to 600; values at step 100',
  );
});

it('says that settings were changed, that truth is hidden, and that runs are recorded or read', () => {
  const other = lanes.map((lane) => ({ ...lane, settings: { ...lane.settings, seed: 3 + lane.slot } }));
  const about = (...given: Parameters<typeof sheetOf>): readonly string[] => sheetOf(...given).about;
  expect(about(update, pictureOf(0, 9, other), state, 0)[0]).toBe('Preset Entropy; seeds 3, 4');
  const slower = lanes.map((lane) => ({ ...lane, settings: { ...lane.settings, learningRate: 1e-5 } }));
  expect(about(update, pictureOf(0, 9, slower), state, 0)[0]).toBe('Preset Entropy, changed; seed 1');
  const hidden = pictureOf(0, 9, lanes, { truthHidden: true });
  expect(about(update, hidden, { ...state, recorded: true }, 0)).toEqual([
    'Recorded: preset Entropy; seed 1',
    'steps 0 to 9; values at step 9; truth hidden',
  ]);
  expect(about(update, hidden, { ...state, recorded: true, origin: 'Kept runs; seed 4' }, 0)[0]).toBe(
    'Kept runs; seed 4',
  );
});

it('tells what happened in the steps shown, and whose it was', () => {
  const [first, second] = lanes;
  if (first === undefined || second === undefined) throw new Error('two lanes');
  const happened = [
    { ...first, status: { ...first.status, collapseStep: 30 } },
    { ...second, alarms: [{ step: 25, until: 26, state: 'watch' as const, reason: 'Because.' }] },
  ];
  const marks = [
    { step: 40, lanes: [second.id], text: 'step 40: forked', kind: 'fork' as const },
    { step: 45, lanes: [first.id, second.id], text: 'step 45: changed', kind: 'change' as const },
    { step: 80, lanes: [first.id], text: 'step 80: later', kind: 'change' as const },
  ];
  expect(sheetOf(update, pictureOf(20, 50, happened, { marks }), state, 0).notes).toEqual([
    { step: 25, text: 'M-GRPO + IQR, watch at step 25: Because.', slot: 1 },
    { step: 30, text: 'SRT collapsed at step 30', slot: 0 },
    { step: 40, text: 'step 40: forked', slot: 1 },
    { step: 45, text: 'step 45: changed', slot: null },
  ]);
});

it('axes have room for every number they say, and none is cut where a ratio is above 1', () => {
  // Pixels of 10 px text: a digit, a sign or "e" takes some 5.7, a point or a hyphen no more than 3.6.
  const widthOf = (text: string): number =>
    5.7 * text.replace(/[.-]/g, '').length + 3.6 * text.replace(/[^.-]/g, '').length;
  const widest = (ticks: readonly number[]): number =>
    Math.max(...ticks.map((tick) => widthOf(formatTick(tick))));
  for (let power = -8; power < 6; power++) {
    for (const first of [1, 1.7, 2.4, 3, 7.5, 9.9]) {
      const high = first * 10 ** power;
      const ticks = [
        ...linearTicks(high).ticks,
        ...linearTicks(high, 0.9 * high).ticks,
        ...linearTicks(high, -high).ticks,
        ...linearTicks(0, -high).ticks,
        ...linearTicks(-0.9 * high, -high).ticks,
        ...logTicks(high / 50, high).ticks,
      ];
      // 4 px lie between it and the axis.
      expect(widest(ticks) + 4, `up to ${high}: ${ticks.map(formatTick).join(' ')}`).toBeLessThanOrEqual(
        plotMargin.left,
      );
    }
  }
  const vote = charts.find(({ id }) => id === 'vote')?.views[0];
  if (vote === undefined) throw new Error('no chart of the vote');
  const axisFor = (overlap: number): number => {
    const curve = {
      kind: 'line',
      slot: 0,
      dash: 'solid',
      faint: false,
      points: { steps: [1, 2], values: [0.5, overlap] },
    } as const;
    return valueAxis([curve], vote, { logarithmic: false, span: { from: 0, to: 9 } }, false).domain[1];
  };
  expect(axisFor(0.9)).toBe(1);
  expect(axisFor(1)).toBe(1);
  expect(axisFor(1.07)).toBeGreaterThanOrEqual(1.07);
});
