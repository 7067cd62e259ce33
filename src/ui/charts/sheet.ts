import { thisLab } from '../../records/thisLab.ts';
import { presets } from '../../settings/presets.ts';
import { diffSettings } from '../../settings/settings.ts';
import { type LabState, type Lane, seedsOf, setupOf, stepOf } from '../../store/lanes.ts';
import { formatShare, formatValue } from '../format.ts';
import type { ChartSpec, Zone } from './charts.ts';
import type { Curve } from './curves.ts';
import type { Dash } from './dash.ts';
import { valueAt } from './Legend.tsx';
import { alarmText, collapseText, type Note } from './notes.ts';
import type { AxisTicks, ValueAxis } from './plot.ts';
import type { Picture } from './useChart.ts';

/** All that a picture of a chart says: it leaves the page, and is read without it. */
export interface Sheet {
  readonly title: string;
  /** What ran, which steps are shown, and of which step the legend's values are. */
  readonly about: readonly string[];
  readonly lanes: readonly { readonly name: string; readonly slot: number }[];
  readonly legend: readonly {
    readonly short: string;
    readonly dash: Dash;
    /** One per lane. */
    readonly values: readonly string[];
  }[];
  /** What happened in the steps shown, earliest first; `slot` null: to several lanes, or by the reader. */
  readonly notes: readonly (Note & { readonly slot: number | null })[];
  readonly curves: readonly Curve[];
  readonly steps: AxisTicks;
  readonly values: ValueAxis;
  readonly zones: readonly Zone[];
  /** What drew it. */
  readonly source: string;
}

/** @param state whose lanes the picture shows @param smoothing in steps, 0: none */
export function sheetOf(
  spec: ChartSpec,
  picture: Picture,
  state: Pick<LabState, 'preset' | 'recorded' | 'origin'>,
  smoothing: number,
): Sheet {
  const { lanes, view, lines, shown, curves, steps, values, truthHidden } = picture;
  // Within a zoom the newest step is not what is seen.
  const at = Math.min(shown.to, Math.max(0, ...lanes.map(stepOf)));
  const format = view.range === 'share' ? formatShare : formatValue;
  return {
    title: `${spec.title}${spec.views.length > 1 ? `: ${view.label}` : ''}, ${view.unit}`,
    about: [
      originOf(state, lanes),
      [
        `steps ${String(shown.from)} to ${String(shown.to)}`,
        `values at step ${String(at)}`,
        ...(smoothing > 0 ? [`smoothed over ${String(smoothing)} steps`] : []),
        ...(values.logarithmic ? ['logarithmic axis'] : []),
        ...(truthHidden ? ['truth hidden'] : []),
      ].join('; '),
    ],
    lanes: lanes.map(({ name, slot }) => ({ name, slot })),
    legend: lines.map(({ id, short, dash }) => ({
      short,
      dash,
      values: lanes.map((lane) => format(valueAt(lane, id, at))),
    })),
    notes: notesOf(picture),
    curves,
    steps,
    values,
    zones: view.zones ?? [],
    source: `M-GRPO Lab ${thisLab.version}${thisLab.commit === null ? '' : ` (${thisLab.commit.slice(0, 7)})`}`,
  };
}

/** Where the runs came from: a preset, as it is or changed, and the seed. */
function originOf(
  { preset, recorded, origin }: Pick<LabState, 'preset' | 'recorded' | 'origin'>,
  lanes: readonly Lane[],
): string {
  if (origin !== null) return origin;
  const { title, lanes: setups } = presets[preset];
  // The seed is said by itself.
  const asGiven = lanes.every((lane, index) => {
    const setup = setups[index];
    if (setup === undefined) return false;
    const { settings } = setupOf(lane);
    const { seed: _, ...other } = diffSettings(setup.settings, settings);
    return lane.changes.length === 0 && Object.keys(other).length === 0;
  });
  return `${recorded ? 'Recorded: preset' : 'Preset'} ${title}${asGiven ? '' : ', changed'}; ${seedsOf(lanes)}`;
}

function notesOf({ lanes, marks, shown }: Picture): Sheet['notes'] {
  const slotOf = (ids: readonly number[]): number | null =>
    (ids.length === 1 ? lanes.find(({ id }) => id === ids[0])?.slot : undefined) ?? null;
  return [
    ...marks.map(({ step, text, lanes: ids }) => ({ step, text, slot: slotOf(ids) })),
    ...lanes.flatMap(({ name, slot, status, alarms }) => [
      ...(status.collapseStep === null
        ? []
        : [{ step: status.collapseStep, text: collapseText(name, status.collapseStep), slot }]),
      ...alarms.map((alarm) => ({ step: alarm.step, text: alarmText(name, alarm), slot })),
    ]),
  ]
    .filter(({ step }) => step >= shown.from && step <= shown.to)
    .sort((a, b) => a.step - b.step);
}
