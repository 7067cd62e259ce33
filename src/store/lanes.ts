import { createStore } from 'zustand/vanilla';
import { EarlyWarning } from '../diagnostics/earlyWarning.ts';
import type { LoraHead } from '../records/lora.ts';
import {
  hyperparameters,
  type HyperparameterKey,
  hyperparameterKeys,
  type Settings,
} from '../settings/hyperparameters.ts';
import { freeLaneName, renamed } from '../settings/laneNames.ts';
import type { LaneSetup, PresetName } from '../settings/presets.ts';
import { defaultPreset } from '../settings/presets.ts';
import { mostLanes } from '../settings/url.ts';
import type { Hyperparameter } from '../spec/hyperparameter.ts';
import { type MetricId, metricIds } from '../spec/metrics.ts';
import type {
  AdapterSummary,
  LiveChange,
  Failure,
  LaneId,
  Plan,
  RunState,
  ShownGroup,
} from '../session/protocol.ts';
import { Columns } from './columns.ts';
import type { Refusal } from './refusals.ts';
import { type LaneStatus, waiting } from './status.ts';

/** The early warning turned amber or red at a step, and was so until another. */
export interface Alarm {
  readonly step: number;
  readonly until: number;
  readonly state: 'watch' | 'warning';
  readonly reason: string;
}

/** One run on the page. */
export interface Lane {
  /** Given once, and known to the worker. */
  readonly id: LaneId;
  /** 0..3, whose colour and dash it has; kept when other lanes go. */
  readonly slot: number;
  readonly name: string;
  /** What the run began with; `changes` lead from there to `settings`. */
  readonly start: Settings;
  readonly settings: Settings;
  readonly changes: readonly LiveChange[];
  /** The lane and step that it was forked from. */
  readonly origin: { readonly name: string; readonly step: number } | null;
  /** Whether the worker has it; a failure where it could not be made. */
  readonly standing: 'preparing' | 'there' | Failure;
  /** Grows in place; `Lab.version` says when to look again. */
  readonly history: Columns<MetricId>;
  /** Of a run that was resumed elsewhere: what it left behind, drawn faintly and never judged. */
  readonly abandoned?: Columns<MetricId>;
  /** Has seen every row of the history. */
  readonly warning: EarlyWarning;
  readonly alarms: readonly Alarm[];
  readonly status: LaneStatus;
  readonly group: ShownGroup | null;
  /** Steps where it can be forked, and what they hold. */
  readonly checkpoints: { readonly steps: readonly number[]; readonly bytes: number };
  /** Null until the trainer has chosen. */
  readonly plan: Plan | null;
  /** What an adapter's run is made of. */
  readonly lora?: LoraHead;
}

/** Something that was done to runs or befell them, drawn as a vertical line in every chart. */
export interface Mark {
  readonly step: number;
  readonly lanes: readonly LaneId[];
  readonly text: string;
  readonly kind: 'change' | 'guard' | 'fork' | 'gap';
}

/** What a reader may answer to a question, beside leaving everything as it is. */
export interface Answer {
  readonly label: string;
  readonly act: () => void;
  /** Whether a run that the question paused goes on after it. */
  readonly goesOn: boolean;
  /** Where the lanes go on that it is asked about, if not at step 0. */
  readonly from?: number;
}

/** A wish that would end or discard what lanes have made: nothing happens before the reader agrees. */
export interface Asked {
  /** "Group size G 16 → 32" or "Preset Duel". */
  readonly what: string;
  /** Whose steps it is about. */
  readonly lost: readonly LaneId[];
  /** Whether the page *Runs* lists the lanes afterwards as they are, where runs are kept. */
  readonly stays: boolean;
  /** The last one is what was asked for. */
  readonly answers: readonly Answer[];
  /** Whether the question paused a run. */
  readonly paused: boolean;
}

export interface LabState {
  /** Whether its runs were trained elsewhere: they are looked at, and nothing can be changed. */
  readonly recorded: boolean;
  /** Where its runs come from, as a picture of them says; null: from a preset. */
  readonly origin: string | null;
  /** The preset the lanes are described against in the URL. */
  readonly preset: PresetName;
  readonly lanes: readonly Lane[];
  /** Index of the lane whose controls and rollouts are shown. */
  readonly selected: number;
  /** Whether a change reaches all lanes that agree on a knob, or the selected one alone. */
  readonly together: boolean;
  /** Whether held-out evaluation runs beside the training: a choice of the page, which no figure depends on. */
  readonly apart: boolean;
  readonly state: RunState;
  readonly failure: Failure | null;
  /** Whose step failed, where one did. */
  readonly failed: LaneId | null;
  readonly adapter: AdapterSummary | null;
  readonly compiling: { readonly done: number; readonly total: number };
  readonly marks: readonly Mark[];
  /** What the table of rollouts shows; step null: the newest. */
  readonly watched: { readonly step: number | null; readonly prompt: number };
  readonly asked: Asked | null;
  readonly refusal: Refusal | null;
  /** What was wrong with the URL, or what became of a request; shown until dismissed. */
  readonly notice: string | null;
  /** Counts the batches of news that arrived: at most ten a second. */
  readonly version: number;
}

/** The state of a page without lanes; further pages have their own. */
export function createLab(given: Partial<LabState> = {}) {
  return createStore<LabState>()(() => ({
    recorded: false,
    origin: null,
    preset: defaultPreset,
    lanes: [],
    selected: 0,
    together: true,
    apart: false,
    state: 'checking',
    failure: null,
    failed: null,
    adapter: null,
    compiling: { done: 0, total: 0 },
    marks: [],
    watched: { step: null, prompt: 0 },
    asked: null,
    refusal: null,
    notice: null,
    version: 0,
    ...given,
  }));
}

/** The state of the lab. */
export const lab = createLab();

/** "seed 1", "seeds 1, 2" */
export function seedsOf(lanes: readonly Pick<Lane, 'settings'>[]): string {
  const seeds = [...new Set(lanes.map(({ settings }) => settings.seed))];
  return `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`;
}

let lastId = 0;

/** A lane before its first step. */
export function freshLane({ name, settings }: LaneSetup, slot: number): Lane {
  return {
    id: ++lastId,
    slot,
    name,
    start: settings,
    settings,
    changes: [],
    origin: null,
    standing: 'preparing',
    history: new Columns(metricIds),
    warning: new EarlyWarning(),
    alarms: [],
    status: waiting,
    group: null,
    checkpoints: { steps: [], bytes: 0 },
    plan: null,
  };
}

/** The lowest colour that no lane has. */
export function freeSlot(lanes: readonly Lane[]): number {
  const slots = Array.from({ length: mostLanes }, (_, slot) => slot);
  return slots.find((slot) => lanes.every((lane) => lane.slot !== slot)) ?? 0;
}

/** Steps a lane has made, 0 before the first. */
export function stepOf(lane: Lane): number {
  const step = lane.history.latest('step');
  return Number.isNaN(step) ? 0 : step;
}

/** The settings of a lane after a step's changes. */
export function settingsAt({ start, changes }: Pick<Lane, 'start' | 'changes'>, step: number): Settings {
  return changes.reduce(
    (settings, change) => (change.step <= step ? { ...settings, ...change.changes } : settings),
    start,
  );
}

/** What a lane would begin with: its settings as the reader left them, without what the guard did, and its name so. */
export function setupOf({ name, settings, start, changes }: Lane): LaneSetup {
  const guarded = new Set(
    changes.flatMap(({ by, changes: changed }) => (by === 'guard' ? Object.keys(changed) : [])),
  );
  const before = changes.reduce<Settings>(
    (all, change) => (change.by === 'guard' ? all : { ...all, ...change.changes }),
    start,
  );
  const undone = hyperparameterKeys.filter((key) => guarded.has(key));
  const reader: Partial<Settings> = Object.fromEntries(undone.map((key) => [key, before[key]]));
  const begun = { ...settings, ...reader };
  return { name: renamed(name, settings, begun), settings: begun };
}

/** The step where a fork asked for at `step` begins: the newest checkpoint before it, or 0. */
export function forkStep({ checkpoints }: Lane, step: number): number {
  return checkpoints.steps.findLast((at) => at <= step) ?? 0;
}

/** Steps that a lane would lose at step 0 or where it was forked: those it made itself. */
export function ownStepsOf(lane: Lane): number {
  return stepOf(lane) - (lane.origin?.step ?? 0);
}

/** What all lanes would begin with. */
export function setupsOf(lanes: readonly Lane[]): readonly LaneSetup[] {
  return lanes.map(setupOf).reduce<readonly LaneSetup[]>((all, { name, settings }) => {
    const taken = all.map((each) => each.name);
    return [...all, { name: freeLaneName(name, taken), settings }];
  }, []);
}

/** True when resetting would discard something. */
export function underWay(lanes: readonly Lane[]): boolean {
  return lanes.some((lane) => stepOf(lane) > 0);
}

/** Whether it rests, and would train if it were told to. */
export function canStart({ state }: Pick<LabState, 'state'>): boolean {
  return state === 'ready' || state === 'paused';
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
