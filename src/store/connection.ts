import { failureOf } from '../lib/failure.ts';
import { LabError } from '../lib/labError.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { freeLaneName, renamed } from '../settings/laneNames.ts';
import type { LaneSetup, PresetName } from '../settings/presets.ts';
import { inLabels } from '../settings/wording.ts';
import type {
  LiveChange,
  Command,
  Event,
  Failure,
  HeldModel,
  KeptCourse,
  LaneId,
  ShownGroup,
  Side,
} from '../session/protocol.ts';
import { appendRows, laneFrom } from './append.ts';
import { arrived, awaited, giveUp } from './awaited.ts';
import { describeChanges } from './describe.ts';
import { canKeep, nameLab } from './labName.ts';
import { freshLane, type Lane, lab, type Mark, settingsAt, stepOf } from './lanes.ts';

/** What the page needs of a worker. */
export interface TrainerPort {
  postMessage(command: Command, transfer?: Transferable[]): void;
  onmessage: ((message: MessageEvent<Event>) => void) | null;
  onerror: ((failure: ErrorEvent) => void) | null;
}

/** Least time between two redraws: ten a second. */
const batchMs = 100;
/** Least time between two redraws of the rollouts while training: rows that change faster can't be read. */
const rolloutsMs = 500;

let port: TrainerPort | null = null;
let heard: (event: Event) => void = () => undefined;
let flushing: ReturnType<typeof setTimeout> | undefined;
/** News per lane since the last batch. */
let news = new Map<LaneId, Partial<Lane>>();
/** The newest rollouts per lane, and when they were last shown. */
let groups = new Map<LaneId, ShownGroup>();
let groupsShownAt = -Infinity;

/** Takes charge of the worker; the page sends commands through `send` only. */
export function connect(trainer: TrainerPort): void {
  port = trainer;
  trainer.onmessage = ({ data }) => {
    receive(data);
    heard(data);
  };
  trainer.onerror = ({ message }) => {
    trainerGone(`The trainer stopped: ${message || 'its script could not be loaded'}.`);
  };
}

/** The trainer does nothing any more, whatever it is asked. */
export function trainerGone(sentence: string): void {
  giveUp();
  const remedy =
    'A new one goes on from the newest checkpoint that is kept. If it happens again, choose smaller settings, or report it with the address of this page.';
  lab.setState({ state: 'gone', failure: { code: 'bug', sentence, remedy }, failed: null });
}

/** Has someone told of each event of the trainer, after the state of the page knows of it. */
export function overhear(listener: (event: Event) => void): void {
  heard = listener;
}

/** Sends one command to the trainer. */
export function send(command: Command, transfer: Transferable[] = []): void {
  if (port === null) throw new Error('no trainer is connected');
  port.postMessage(command, transfer);
}

/** A model of a lane; see the command `weights`. @throws LabError where there is none */
export function askModel(lane: LaneId, side: Side, step: number | null): Promise<HeldModel> {
  const { ask, answer } = awaited();
  send({ type: 'weights', ask, lane, side, step });
  return answer;
}

/** Has held-out evaluation run beside the training, or on the GPU between its steps. */
export function evaluateApart(apart: boolean): void {
  lab.setState({ apart });
  send({ type: 'evaluate', apart });
}

/** Starts lanes afresh at step 0; whatever ran before is gone. */
export function open(preset: PresetName, setups: readonly LaneSetup[]): void {
  nameLab();
  openLanes(
    preset,
    setups.map((setup, slot) => freshLane(setup, slot)),
  );
}

/** Opens lanes, those that were kept where they go on; whatever ran before is gone. */
export function openLanes(
  preset: PresetName,
  lanes: readonly Lane[],
  kept: ReadonlyMap<LaneId, KeptCourse> = new Map(),
  marks: readonly Mark[] = [],
): void {
  news = new Map();
  groups = new Map();
  lab.setState(({ selected, version, watched }) => ({
    preset,
    lanes,
    selected: Math.min(selected, lanes.length - 1),
    marks,
    watched: { ...watched, step: null },
    asked: null,
    refusal: null,
    failure: null,
    failed: null,
    version: version + 1,
  }));
  const courses = [...kept.values()];
  const checkpoints = courses.flatMap(({ checkpoint, forkable }) => [checkpoint, ...forkable]);
  const arrays = checkpoints
    .flatMap((one) => [one, ...one.earlier])
    .flatMap(({ state: { policy, anchor, m, v } }) => [policy.buffer, anchor.buffer, m.buffer, v.buffer]);
  const rollouts = courses.flatMap((course) => course.rollouts.map(({ bytes }) => bytes.buffer));
  const opened = lanes.map(({ id, settings }) => {
    const course = kept.get(id);
    return { lane: id, settings, ...(course === undefined ? {} : { kept: course }) };
  });
  const { apart } = lab.getState();
  // Checkpoints share arrays, and none can be transferred twice.
  const transfer = [...new Set(arrays), ...rollouts];
  send({ type: 'open', lanes: opened, base: document.baseURI, keeps: canKeep(), apart }, transfer);
}

/**
 * Shows a new lane and has the trainer make it.
 * @param replaces the lane whose place it takes; null: beside the others
 * @param from null: at step 0
 */
export function put(
  lane: Lane,
  replaces: LaneId | null,
  from: { readonly lane: LaneId; readonly step: number } | null,
): void {
  lab.setState(({ lanes, marks, version }) => {
    const next =
      replaces === null ? [...lanes, lane] : lanes.map((each) => (each.id === replaces ? lane : each));
    return { lanes: next, marks: marksOf(marks, next), refusal: null, version: version + 1 };
  });
  if (replaces !== null) forget(replaces);
  send({ type: 'put', lane: lane.id, settings: lane.settings, replaces, from });
}

/** Takes a lane away. */
export function drop(id: LaneId): void {
  lab.setState(({ lanes, marks, selected, version }) => {
    const next = lanes.filter((lane) => lane.id !== id);
    return {
      lanes: next,
      marks: marksOf(marks, next),
      selected: Math.min(selected, next.length - 1),
      version: version + 1,
    };
  });
  forget(id);
  send({ type: 'drop', lane: id });
}

/** What waits to be shown of a lane that is gone never is. */
function forget(id: LaneId): void {
  news.delete(id);
  groups.delete(id);
}

/** Applies one event of the trainer to the state of the page. */
export function receive(event: Event): void {
  switch (event.type) {
    case 'state': {
      if (event.state === 'checking' || event.state === 'device-lost') giveUp();
      // The last rows of a run precede its new state: show them together.
      flush(true);
      const { state, lane: failed = null } = event;
      const failure = event.failure === undefined ? null : labelled(event.failure);
      lab.setState({ state, failure, failed });
      if (state === 'ready') standing(() => true, 'there');
      const goesOn = state === 'training' || state === 'paused' || state === 'finished' || state === 'ready';
      if (failure !== null && goesOn) lab.setState({ notice: inWords(failure) });
      return;
    }
    case 'adapter':
      lab.setState({ adapter: event.adapter });
      return;
    case 'compiling':
      lab.setState({ compiling: { done: event.done, total: event.total } });
      return;
    case 'put':
      rewind(event.lane, event.step);
      standing(({ id }) => id === event.lane, 'there');
      return;
    case 'rewound':
      rewind(event.lane, event.step);
      return;
    case 'refused':
      standing(({ id }) => id === event.lane, labelled(event.failure));
      lab.setState({ notice: inWords(labelled(event.failure)) });
      return;
    case 'plan':
      soon(event.lane, { plan: event.plan });
      return;
    case 'rows': {
      const lane = laneNow(event.lane);
      if (lane !== undefined) soon(event.lane, appendRows(lane, event.rows, event.count));
      return;
    }
    case 'rollouts':
      if (laneNow(event.lane) === undefined) return;
      groups.set(event.lane, event.group);
      soon(event.lane, {});
      return;
    case 'checkpoints':
      soon(event.lane, { checkpoints: { steps: event.steps, bytes: event.bytes } });
      return;
    case 'weights':
      arrived(event);
      return;
    case 'apart-failed':
      // Further evaluations were handed over before the first of them failed.
      if (!lab.getState().apart) return;
      evaluateApart(false);
      lab.setState({ notice: inWords(event.failure) });
      return;
    case 'changed':
      changed(event.lane, event);
      return;
    case 'checkpoint':
    case 'recorded':
      // They are for whoever keeps runs.
      return;
  }
  event satisfies never;
}

/** A lane with all that is known of it. */
export function laneNow(id: LaneId): Lane | undefined {
  const lane = lab.getState().lanes.find((each) => each.id === id);
  return lane === undefined ? undefined : { ...lane, ...news.get(id) };
}

/** A failure of the trainer, which knows settings by their keys, in the words of the page. */
function labelled({ code, sentence, remedy }: Failure): Failure {
  return failureOf(inLabels(new LabError(code, sentence, remedy)));
}

function inWords({ sentence, remedy }: Failure): string {
  return `${sentence} ${remedy}`;
}

function marksOf(marks: readonly Mark[], lanes: readonly Lane[]): readonly Mark[] {
  return marks.filter((mark) => lanes.some(({ id }) => mark.lanes.includes(id)));
}

function standing(of: (lane: Lane) => boolean, now: Lane['standing']): void {
  lab.setState(({ lanes }) => ({
    lanes: lanes.map((lane) => (of(lane) ? { ...lane, standing: now } : lane)),
  }));
}

/** A lane goes on from a step: what the page knows of later ones is of another course. */
function rewind(id: LaneId, step: number): void {
  flush();
  lab.setState(({ lanes, marks, version }) => ({
    lanes: lanes.map((lane) =>
      lane.id === id && stepOf(lane) > step ? laneFrom(lane, step, lane.settings) : lane,
    ),
    marks: marks.filter((mark) => mark.step <= step || mark.lanes.some((lane) => lane !== id)),
    version: version + 1,
  }));
}

function soon(lane: LaneId, change: Partial<Lane>): void {
  news.set(lane, { ...news.get(lane), ...change });
  flushing ??= setTimeout(flush, batchMs);
}

/** One redraw for all that arrived. @param force also the rollouts, however soon after the last ones */
function flush(force = false): void {
  clearTimeout(flushing);
  flushing = undefined;
  if (force) groups.forEach((_, lane) => news.set(lane, { ...news.get(lane) }));
  if (news.size === 0) return;
  const arrived = news;
  news = new Map();
  const { lanes, version, state } = lab.getState();
  const now = performance.now();
  const showGroups = force || state !== 'training' || now - groupsShownAt >= rolloutsMs;
  if (showGroups) groupsShownAt = now;
  const updated = lanes.map((lane) => {
    const change = arrived.get(lane.id);
    if (change === undefined) return lane;
    const group = (showGroups ? groups.get(lane.id) : undefined) ?? lane.group;
    return { ...lane, ...change, group };
  });
  lab.setState({ lanes: updated, version: version + 1 });
}

/** Notes a change that took effect; the same change of several lanes at one step is one mark. */
function changed(id: LaneId, { step, changes, by }: LiveChange): void {
  flush();
  const lane = laneNow(id);
  if (lane === undefined) return;
  const parts = describeChanges(settingsAt(lane, step), changes);
  lab.setState(({ lanes, version }) => ({
    lanes: lanes.map((each) =>
      each.id === id
        ? {
            ...each,
            changes: [...each.changes, { step, changes, by }],
            // What the reader set is there already, and may have been set anew since.
            ...(by === 'guard' ? guarded(each, { ...each.settings, ...changes }, lanes) : {}),
          }
        : each,
    ),
    version: version + 1,
  }));
  if (step === 0 || parts.length === 0) return;
  const back = by === 'guard' ? lane.history.latest('guard/rolled_back_to') : NaN;
  const did = by === 'guard' ? [`${lane.name}: the guard went back to step ${back}`, ...parts] : parts;
  mark({
    step,
    lanes: [id],
    text: `step ${step}: ${did.join(', ')}`,
    kind: by === 'guard' ? 'guard' : 'change',
  });
}

/** What the guard set, and a name that states it. */
function guarded(lane: Lane, settings: Settings, lanes: readonly Lane[]): Pick<Lane, 'settings' | 'name'> {
  const others = lanes.filter(({ id }) => id !== lane.id).map(({ name }) => name);
  return { settings, name: freeLaneName(renamed(lane.name, lane.settings, settings), others) };
}

/** Draws a line in every chart; one of the same words is shared. */
export function mark(made: Mark): void {
  lab.setState(({ marks, version }) => {
    const same = marks.find(({ text }) => text === made.text);
    return {
      marks:
        same === undefined
          ? [...marks, made]
          : marks.map((each) =>
              each === same ? { ...each, lanes: [...new Set([...each.lanes, ...made.lanes])] } : each,
            ),
      version: version + 1,
    };
  });
}
