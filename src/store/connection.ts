import { hyperparameterKeys, type Settings } from '../settings/hyperparameters.ts';
import type { Lane as LaneSetup, PresetName } from '../settings/presets.ts';
import type { Command, Event, ShownGroup } from '../trainer/protocol.ts';
import { describeChange } from './describe.ts';
import { freshLane, type Lane, lab, type Mark, stepOf } from './lanes.ts';
import { statusOf } from './status.ts';

/** What the page needs of a worker. */
export interface TrainerPort {
  postMessage(command: Command): void;
  onmessage: ((message: MessageEvent<Event>) => void) | null;
  onerror: ((failure: ErrorEvent) => void) | null;
}

/** Least time between two redraws: ten a second. */
const batchMs = 100;
/** Least time between two redraws of the rollouts while training: rows that change faster can't be read. */
const rolloutsMs = 500;
/** The speed shown is a mean over this long, and over this many steps where steps are slow. */
const speedWindowMs = 3000;
const speedWindowSteps = 10;

let port: TrainerPort | null = null;
/** From `open` until the worker answers it: what arrives in between belongs to the lanes before. */
let stale = false;
let flushing: ReturnType<typeof setTimeout> | undefined;
let paces: { readonly at: number; readonly step: number }[] = [];
/** News per lane since the last batch. */
let news = new Map<number, Partial<Lane>>();
/** The newest rollouts per lane, and when they were last shown. */
let groups = new Map<number, ShownGroup>();
let groupsShownAt = -Infinity;
/** What each lane trains with, as the worker knows it: a change says what it changed from. */
let active: readonly Settings[] = [];

/** Takes charge of the worker; the page sends commands through `send` only. */
export function connect(trainer: TrainerPort): void {
  port = trainer;
  trainer.onmessage = ({ data }) => {
    receive(data);
  };
  trainer.onerror = (failure) => {
    lab.setState({
      state: 'refused',
      failure: {
        code: 'bug',
        sentence: `The trainer stopped: ${failure.message || 'its script could not be loaded'}.`,
        remedy: 'Reload the page. If it happens again, please report it with the address of this page.',
      },
    });
  };
}

/** Sends one command to the trainer. */
export function send(command: Command): void {
  if (port === null) throw new Error('no trainer is connected');
  port.postMessage(command);
}

/** Starts lanes afresh at step 0; whatever ran before is gone. */
export function open(preset: PresetName, lanes: readonly LaneSetup[]): void {
  stale = true;
  news = new Map();
  groups = new Map();
  paces = [];
  active = lanes.map(({ settings }) => settings);
  lab.setState(({ selected, version }) => ({
    preset,
    lanes: lanes.map(freshLane),
    selected: Math.min(selected, lanes.length - 1),
    marks: [],
    asked: null,
    refusal: null,
    failure: null,
    stepsPerSecond: NaN,
    version: version + 1,
  }));
  send({ type: 'open', lanes: active, base: document.baseURI });
}

/** Applies one event of the trainer to the state of the page. */
export function receive(event: Event): void {
  switch (event.type) {
    case 'state':
      if (event.state !== 'training' && event.state !== 'paused' && event.state !== 'finished') stale = false;
      if (event.state !== 'training') paces = [];
      // The last rows of a run precede its new state: show them together.
      flush(true);
      lab.setState({ state: event.state, failure: event.failure ?? null });
      if (event.failure !== undefined && (event.state === 'training' || event.state === 'paused')) {
        lab.setState({ notice: `${event.failure.sentence} ${event.failure.remedy}` });
      }
      return;
    case 'adapter':
      lab.setState({ adapter: event.adapter });
      return;
    case 'plan':
      soon(event.lane, { plan: event.plan });
      return;
    case 'compiling':
      lab.setState({ compiling: { done: event.done, total: event.total } });
      return;
    case 'rows':
      if (stale) return;
      lab.getState().lanes[event.lane]?.history.append(event.rows, event.count);
      soon(event.lane, {});
      return;
    case 'rollouts':
      if (stale) return;
      groups.set(event.lane, event.group);
      soon(event.lane, {});
      return;
    case 'cost': {
      const { dispatches, readbacks, allocations, bytes } = event;
      if (!stale) soon(event.lane, { cost: { dispatches, readbacks, allocations, bytes } });
      return;
    }
    case 'changed':
      if (!stale) marked(event.lane, event.step, event.changes);
      return;
  }
  event satisfies never;
}

function soon(lane: number, change: Partial<Lane>): void {
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
  const updated = lanes.map((lane, index) => {
    const change = arrived.get(index);
    if (change === undefined) return lane;
    const group = (showGroups ? groups.get(index) : undefined) ?? lane.group;
    return { ...lane, ...change, group, status: statusOf(lane.history) };
  });
  lab.setState({ lanes: updated, version: version + 1, ...(state === 'training' ? pace(updated) : {}) });
}

function pace(lanes: readonly Lane[]): { stepsPerSecond: number } | undefined {
  const now = performance.now();
  const step = Math.min(...lanes.map(stepOf));
  paces.push({ at: now, step });
  for (let [, next] = paces; next !== undefined; [, next] = paces) {
    if (now - next.at <= speedWindowMs || step - next.step < speedWindowSteps) break;
    paces.shift();
  }
  const [first] = paces;
  const last = paces.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < 2 * batchMs) return undefined;
  return { stepsPerSecond: ((last.step - first.step) * 1000) / (last.at - first.at) };
}

/** Notes a change that took effect; the same change of several lanes at one step is one mark. */
function marked(lane: number, step: number, changes: Partial<Settings>): void {
  const before = active[lane];
  if (before === undefined) return;
  active = active.with(lane, { ...before, ...changes });
  const parts = hyperparameterKeys.flatMap((key) => {
    const value = changes[key];
    return value === undefined || value === before[key] ? [] : [describeChange(key, before[key], value)];
  });
  if (step === 0 || parts.length === 0) return;
  const text = `step ${step}: ${parts.join(', ')}`;
  lab.setState(({ marks, version }) => {
    const same = marks.find((mark) => mark.text === text);
    const merged: readonly Mark[] =
      same === undefined
        ? [...marks, { step, lanes: [lane], text }]
        : marks.map((mark) =>
            mark === same ? { ...mark, lanes: [...new Set([...mark.lanes, lane])] } : mark,
          );
    return { marks: merged, version: version + 1 };
  });
}
