import { createStore } from 'zustand/vanilla';
import {
  hyperparameters,
  type HyperparameterKey,
  hyperparameterKeys,
  type Settings,
} from '../settings/hyperparameters.ts';
import type { Lane as LaneSetup, PresetName } from '../settings/presets.ts';
import { defaultPreset } from '../settings/presets.ts';
import type { Hyperparameter } from '../spec/hyperparameter.ts';
import { type MetricId, metricIds } from '../spec/metrics.ts';
import type { AdapterSummary, Event, Failure, Plan, RunState, ShownGroup } from '../trainer/protocol.ts';
import { Columns } from './columns.ts';
import { type LaneStatus, waiting } from './status.ts';

/** Counts and bytes of a lane's last step. */
export type Cost = Omit<Extract<Event, { type: 'cost' }>, 'type' | 'lane'>;

/** One run on the page. */
export interface Lane {
  readonly name: string;
  readonly settings: Settings;
  /** Grows in place; `Lab.version` says when to look again. */
  readonly history: Columns<MetricId>;
  readonly status: LaneStatus;
  readonly group: ShownGroup | null;
  /** Null until the trainer has chosen. */
  readonly plan: Plan | null;
  readonly cost: Cost | null;
}

/** A live change, drawn as a vertical line in every chart. */
export interface Mark {
  readonly step: number;
  readonly lanes: readonly number[];
  readonly text: string;
}

/** A change that would discard a run under way: nothing happens before the reader agrees. */
export interface Asked {
  readonly preset: PresetName;
  readonly lanes: readonly LaneSetup[];
  /** "Group size G 16 → 32" or "Preset Duel". */
  readonly what: string;
}

/** A value that was refused, where it was typed. */
export interface Refusal {
  readonly key: HyperparameterKey;
  readonly sentence: string;
}

export interface Lab {
  /** The preset the lanes are described against in the URL. */
  readonly preset: PresetName;
  readonly lanes: readonly Lane[];
  readonly selected: number;
  /** Whether a change reaches all lanes that agree on a knob, or the selected one alone. */
  readonly together: boolean;
  readonly state: RunState;
  readonly failure: Failure | null;
  readonly adapter: AdapterSummary | null;
  readonly compiling: { readonly done: number; readonly total: number };
  /** Steps of all lanes together made in a second, NaN before it is known. */
  readonly stepsPerSecond: number;
  readonly marks: readonly Mark[];
  readonly asked: Asked | null;
  readonly refusal: Refusal | null;
  /** What was wrong with the URL, or what became of a request; shown until dismissed. */
  readonly notice: string | null;
  /** Counts the batches of news that arrived: at most ten a second. */
  readonly version: number;
}

/** The state of the page. */
export const lab = createStore<Lab>()(() => ({
  preset: defaultPreset,
  lanes: [],
  selected: 0,
  together: true,
  state: 'checking',
  failure: null,
  adapter: null,
  compiling: { done: 0, total: 0 },
  stepsPerSecond: NaN,
  marks: [],
  asked: null,
  refusal: null,
  notice: null,
  version: 0,
}));

/** A lane before its first step. */
export function freshLane({ name, settings }: LaneSetup): Lane {
  return {
    name,
    settings,
    history: new Columns(metricIds),
    status: waiting,
    group: null,
    plan: null,
    cost: null,
  };
}

/** Steps a lane has made, 0 before the first. */
export function stepOf(lane: Lane): number {
  const step = lane.history.latest('step');
  return Number.isNaN(step) ? 0 : step;
}

/** True when resetting would discard something. */
export function underWay(lanes: readonly Lane[]): boolean {
  return lanes.some((lane) => stepOf(lane) > 0);
}

/** The entry of a knob, seen as any of the four kinds. */
export function knobOf(key: HyperparameterKey): Hyperparameter {
  return hyperparameters[key];
}

/** Knobs on which the lanes differ, in table order. */
export function differingKeys(lanes: readonly Settings[]): readonly HyperparameterKey[] {
  const [first, ...others] = lanes;
  if (first === undefined) return [];
  return hyperparameterKeys.filter((key) => others.some((settings) => settings[key] !== first[key]));
}

/**
 * Which lanes a change of a knob reaches. Together: all of them while they agree on it, so that a
 * comparison stays fair, and the selected one where they were set apart. Alone: the selected one.
 */
export function reachOf(
  key: HyperparameterKey,
  lanes: readonly Settings[],
  selected: number,
  together: boolean,
): readonly number[] {
  return together && !differingKeys(lanes).includes(key) ? lanes.map((_, lane) => lane) : [selected];
}
