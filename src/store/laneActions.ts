import { algorithmOf } from '../algorithms/index.ts';
import { hyperparameters, type Settings } from '../settings/hyperparameters.ts';
import { freeLaneName, renamed } from '../settings/laneNames.ts';
import { validateSettings } from '../settings/settings.ts';
import { mostLanes } from '../settings/url.ts';
import type { LaneId } from '../session/protocol.ts';
import { laneFrom } from './append.ts';
import { goOnFrom } from './actions.ts';
import { agreeing } from './ask.ts';
import { drop, mark, put, send } from './connection.ts';
import { describeChange } from './describe.ts';
import {
  type Alarm,
  forkStep,
  freeSlot,
  freshLane,
  type Lane,
  lab,
  settingsAt,
  setupOf,
  stepOf,
} from './lanes.ts';

/** Whether a further lane has room. */
export function hasRoom(): boolean {
  return lab.getState().lanes.length < mostLanes;
}

/** Adds a lane like the selected one, from step 0; the others stay as they are and wait for it. */
export function addLane(): void {
  const { lanes, selected } = lab.getState();
  const like = lanes[selected];
  if (like === undefined || !hasRoom()) return;
  const { settings } = setupOf(like);
  put(freshLane({ name: freshName(like.name), settings }, freeSlot(lanes)), null, null);
  lab.setState({ selected: lanes.length });
}

/** Removes a lane, unless it is the last; asks first when its steps would be lost. */
export function removeLane(id: LaneId): void {
  const { lanes } = lab.getState();
  const lane = lanes.find((each) => each.id === id);
  if (lane === undefined || lanes.length < 2) return;
  const act = (): void => {
    drop(id);
  };
  agreeing(`Remove ${lane.name}`, stepOf(lane) > 0 ? [lane] : [], { label: 'Remove', act, goesOn: true });
}

/** Gives a lane another name, one that no other has; an empty one leaves it as it was. */
export function renameLane(id: LaneId, name: string): void {
  const others = lab.getState().lanes.filter((lane) => lane.id !== id);
  const free = freeLaneName(
    name,
    others.map((lane) => lane.name),
  );
  if (free === '') return;
  lab.setState(({ lanes }) => ({
    lanes: lanes.map((lane) => (lane.id === id ? { ...lane, name: free } : lane)),
  }));
}

/**
 * A new lane that goes on from a checkpoint of another with the same random numbers: all that differs from its parent
 * is what is changed. The page selects it, so that the next knob turned is its own.
 * @param changes in force from the fork on
 */
export function fork(id: LaneId, step: number, changes: Partial<Settings> = {}): void {
  const { lanes } = lab.getState();
  const parent = lanes.find((each) => each.id === id);
  if (parent === undefined || !hasRoom()) return;
  const at = forkStep(parent, step);
  const inherited = settingsAt(parent, at);
  const settings = validateSettings(changes, inherited);
  const name = freshName(renamed(parent.name, parent.settings, settings));
  const fresh = freshLane({ name, settings }, freeSlot(lanes));
  const lane: Lane = {
    ...laneFrom(parent, at, settings),
    id: fresh.id,
    slot: fresh.slot,
    name: fresh.name,
    origin: { name: parent.name, step: at },
    standing: 'preparing',
    checkpoints: { steps: parent.checkpoints.steps.filter((each) => each <= at), bytes: 0 },
  };
  put(lane, null, { lane: id, step: at });
  const differs = Object.keys(changes) as (keyof Settings)[];
  const what = differs.map((key) => describeChange(key, inherited[key], settings[key]));
  mark({
    step: at,
    lanes: [fresh.id],
    text: `step ${at}: ${[`${fresh.name} forked from ${parent.name}`, ...what].join(', ')}`,
    kind: 'fork',
  });
  lab.setState({ selected: lanes.length, together: false });
}

/** What the early warning advises, each a fork of about 20 steps ago. */
export interface Advice {
  readonly label: string;
  readonly changes: Partial<Settings>;
}

/** How far back an advised fork begins: by then most collapses have not begun (docs/early-warning.md). */
export const adviceStepsBack = 20;

/** What would help a lane whose alarm sounds, the strongest first. */
export function adviceFor({ settings }: Lane): readonly Advice[] {
  const [least] = hyperparameters.learningRate.range;
  const half = Math.max(least, Number((settings.learningRate / 2).toPrecision(3)));
  const slower = { label: 'halve the learning rate', changes: { learningRate: half } };
  const anchor = { label: 'let an anchor vote', changes: { algorithm: 'm-grpo-iqr' } };
  const guard = { label: 'switch the guard on', changes: { guard: 'rollback' as const } };
  return [
    slower,
    ...(algorithmOf(settings.algorithm).anchor === 'none' ? [anchor] : []),
    ...(settings.guard === 'off' ? [guard] : []),
  ];
}

/** The alarm that speaks for a lane: its newest red one, or else its newest. */
export function worstAlarm({ alarms }: Lane): Alarm | undefined {
  return alarms.findLast(({ state }) => state === 'warning') ?? alarms.at(-1);
}

/** Pauses, goes back about 20 steps and does what is advised, in a fork. */
export function takeAdvice(id: LaneId, { changes }: Advice): void {
  const lane = lab.getState().lanes.find((each) => each.id === id);
  if (lane === undefined) return;
  send({ type: 'pause' });
  fork(id, Math.max(0, (worstAlarm(lane)?.step ?? stepOf(lane)) - adviceStepsBack), changes);
}

/** After values that are not finite: the lane goes on from its newest checkpoint at a third of the learning rate. */
export function resumeGentler(): void {
  const { failed, lanes } = lab.getState();
  const lane = lanes.find(({ id }) => id === failed);
  if (lane === undefined) return;
  const [least] = hyperparameters.learningRate.range;
  const { learningRate } = lane.settings;
  const settings = validateSettings(
    { learningRate: Math.max(least, Number((learningRate / 3).toPrecision(2))) },
    lane.settings,
  );
  goOnFrom(lane, settings, `resumed, ${describeChange('learningRate', learningRate, settings.learningRate)}`);
  lab.setState({ failure: null, failed: null });
}

function freshName(like: string): string {
  return freeLaneName(
    like,
    lab.getState().lanes.map(({ name }) => name),
  );
}
