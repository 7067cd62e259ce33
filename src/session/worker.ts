import type { Plan } from '../engine/plan.ts';
import { openDevice, type Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import type { BaseModel } from '../model/baseModel.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { browserGpu } from '../host/browserGpu.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { failureOf } from '../lib/failure.ts';
import { fetchModel } from '../host/fetchModel.ts';
import { browserMemory } from '../host/browserMemory.ts';
import { preparePlan } from '../trainer/prepare.ts';
import type { Command, Event, Failure, LaneId, RunState } from './protocol.ts';
import { rewardInWorker } from '../host/rewardInWorker.ts';
import { Trainer } from '../trainer/trainer.ts';
import { emptyTimeline, WorkerLane, type LaneTimeline } from './lane.ts';

/** Least time between two batches of rows, and between two looks at the newest rollouts. */
const batchMs = 100;
const rolloutsMs = 400;

interface Device {
  readonly gpu: Gpu;
  readonly kernels: Kernels;
}

let device: Promise<Device> | null = null;
let lanes: readonly WorkerLane[] = [];
/** Lanes to be put or dropped at the next edge of a step. */
let asked: (() => Promise<void>)[] = [];
let base = '';
const models = new Map<string, Promise<BaseModel>>();
let watched: { step: number | null; prompt: number } = { step: null, prompt: 0 };
/** Grows with every `open` and every loss of the device: what an older one still does is discarded. */
let generation = 0;
/** Steps still wanted of the lanes; Infinity while training, 0 while paused. */
let wanted = 0;
let running = false;
let lastPost = 0;
let lastShown = 0;
/** Lanes that the page waits for. */
const joining = new Set<LaneId>();
/** Steps of all lanes when the device was last lost: without progress since, it is not asked for again. */
let stepsWhenLost = -1;

function post(event: Event, transfer: Transferable[] = []): void {
  self.postMessage(event, { transfer });
}

function state(next: RunState, failure?: Failure, lane?: LaneId): void {
  flush();
  post({
    type: 'state',
    state: next,
    ...(failure === undefined ? {} : { failure }),
    ...(lane === undefined ? {} : { lane }),
  });
}

self.onmessage = ({ data }: MessageEvent<Command>) => {
  switch (data.type) {
    case 'open':
      base = data.base;
      void open(data.lanes);
      return;
    case 'put':
      joining.add(data.lane);
      asked.push(() => put(data));
      void run();
      return;
    case 'drop':
      asked.push(() => {
        drop(data.lane);
        return Promise.resolve();
      });
      void run();
      return;
    case 'train':
      wanted = Infinity;
      void run();
      return;
    case 'pause':
      wanted = 0;
      return;
    case 'step':
      wanted = 1;
      void run();
      return;
    case 'change':
      laneOf(data.lane)?.change(data.changes);
      if (running) return;
      applyChanges();
      // More steps than before: a run that had ended can go on.
      if (lanes.some(({ started }) => started)) state(restingState());
      return;
    case 'watch':
      watched = data;
      showRollouts();
      return;
  }
  data satisfies never;
};

function laneOf(id: LaneId): WorkerLane | undefined {
  return lanes.find((lane) => lane.id === id);
}

async function open(
  wishes: readonly { readonly lane: LaneId; readonly settings: Settings }[],
): Promise<void> {
  const mine = ++generation;
  wanted = 0;
  asked = [];
  joining.clear();
  stepsWhenLost = -1;
  discardLanes();
  try {
    state('checking');
    device ??= connect();
    const connected = await device;
    if (mine !== generation) return;
    post({ type: 'adapter', adapter: connected.gpu.adapter });
    for (const wish of wishes) {
      if (!(await join(connected, wish, mine))) return;
    }
    state('compiling');
    await connected.kernels.compile((done, total) => {
      post({ type: 'compiling', done, total });
    });
    if (mine !== generation) return;
    state('ready');
    void run();
  } catch (error) {
    if (mine !== generation) return;
    discardLanes();
    fail(error);
  }
}

interface Wish {
  readonly lane: LaneId;
  readonly settings: Settings;
  readonly from?: Checkpoint | null;
  readonly timeline?: LaneTimeline;
  readonly plan?: Plan;
}

/** A lane with buffers and recorded programs; its kernels are compiled next. */
async function build({ gpu, kernels }: Device, wish: Wish): Promise<WorkerLane> {
  const { lane, settings, from = null, timeline = emptyTimeline() } = wish;
  const model = await loaded(settings.model);
  const plan = wish.plan ?? (await preparePlan(gpu, kernels, model, settings, browserMemory));
  const trainer = new Trainer(gpu, kernels, model, settings, {
    now: () => performance.now(),
    plan,
    checkpoints: true,
    runReward: rewardInWorker,
    ...(from === null ? {} : { from }),
  });
  return new WorkerLane(lane, trainer, plan, timeline, post);
}

/** Builds a lane beside the others. @returns false, and nothing is left of it, where it came too late */
async function join(connected: Device, wish: Wish, mine: number): Promise<boolean> {
  const lane = await build(connected, wish);
  if (mine === generation) {
    lanes = [...lanes, lane];
    return true;
  }
  lane.trainer.destroy();
  return false;
}

function loaded(name: string): Promise<BaseModel> {
  const known = models.get(name);
  if (known !== undefined) return known;
  const fetched = fetchModel(base, name);
  models.set(name, fetched);
  // What could not be loaded is asked for again next time.
  fetched.catch(() => models.delete(name));
  return fetched;
}

async function put({ lane: id, settings, replaces, from }: Extract<Command, { type: 'put' }>): Promise<void> {
  if (device === null) return;
  const mine = generation;
  const parent = from === null ? undefined : laneOf(from.lane)?.timeline;
  const checkpoint = from === null ? null : (parent?.checkpoints.before(from.step) ?? null);
  const timeline =
    checkpoint === null || parent === undefined
      ? emptyTimeline()
      : {
          checkpoints: parent.checkpoints.until(checkpoint.step),
          rollouts: parent.rollouts.until(checkpoint.step),
        };
  try {
    const connected = await device;
    if (replaces !== null) drop(replaces);
    if (!(await join(connected, { lane: id, settings, from: checkpoint, timeline }, mine))) return;
    await connected.kernels.compile();
    if (mine !== generation) return;
    joining.delete(id);
    post({ type: 'put', lane: id, step: checkpoint?.step ?? 0 });
    laneOf(id)?.flush();
    laneOf(id)?.show(watched.step, watched.prompt);
  } catch (error) {
    if (mine !== generation) return;
    drop(id);
    joining.delete(id);
    post({ type: 'refused', lane: id, failure: failureOf(error) });
  }
}

function drop(id: LaneId): void {
  laneOf(id)?.trainer.destroy();
  lanes = lanes.filter((lane) => lane.id !== id);
}

function discardLanes(): void {
  for (const { trainer } of lanes) trainer.destroy();
  lanes = [];
}

async function connect(): Promise<Device> {
  const gpu = await openDevice(browserGpu());
  const kernels = new Kernels(gpu);
  void gpu.lost.then((reason) => recover(reason));
  return { gpu, kernels };
}

/** After a loss of the device: once more from each lane's newest checkpoint, if there was progress since the last loss. */
async function recover(reason: string): Promise<void> {
  const mine = ++generation;
  const goOn = wanted;
  const lost = lanes;
  const steps = lost.reduce((sum, { trainer }) => sum + trainer.step, 0);
  device = null;
  wanted = 0;
  asked = [];
  lanes = [];
  const sentence = `The GPU device was lost: ${reason}`;
  const again = steps > stepsWhenLost && lost.some(({ started }) => started);
  stepsWhenLost = steps;
  for (const lane of joining) {
    post({ type: 'refused', lane, failure: { code: 'device-lost', sentence, remedy: 'Add it once more.' } });
  }
  joining.clear();
  try {
    if (!again) throw new Error('no progress since the last loss');
    state('checking');
    device = connect();
    const connected = await device;
    if (mine !== generation) return;
    for (const { id: lane, trainer, timeline, plan } of lost) {
      const from = timeline.checkpoints.items.at(-1) ?? null;
      const step = from?.step ?? 0;
      const kept = {
        checkpoints: timeline.checkpoints.until(step),
        rollouts: timeline.rollouts.until(step),
      };
      const wish = { lane, settings: trainer.settings, from, timeline: kept, plan };
      if (!(await join(connected, wish, mine))) return;
      post({ type: 'rewound', lane, step });
    }
    await connected.kernels.compile();
    if (mine !== generation) return;
    wanted = goOn;
    state(restingState(), {
      code: 'device-lost',
      sentence,
      remedy:
        'A new one was found, and every lane goes on from its newest checkpoint. Choose smaller settings if it happens again.',
    });
    void run();
  } catch {
    if (mine !== generation) return;
    device = null;
    discardLanes();
    state('device-lost', {
      code: 'device-lost',
      sentence,
      remedy: 'Start again, on a new device; choose smaller settings if it happens again.',
    });
  }
}

/** Steps the lanes until no more are wanted. One step at a time, whatever commands arrive meanwhile. */
async function run(): Promise<void> {
  if (running || device === null || (lanes.length === 0 && asked.length === 0)) return;
  running = true;
  const mine = generation;
  let training = false;
  try {
    for (;;) {
      for (const ask of asked.splice(0)) {
        await ask();
        if (mine !== generation) return;
      }
      applyChanges();
      const due = wanted > 0 ? furthestBehind() : [];
      // What was asked for meanwhile comes first, also when nothing is to be trained.
      if (due.length === 0 && asked.length > 0) continue;
      if (due.length === 0) break;
      if (!training) state('training');
      training = true;
      // Together: while one lane votes, the device works on the others.
      const stepped = await Promise.allSettled(due.map((lane) => lane.advance()));
      if (mine !== generation) return;
      const failed = stepped.findIndex((outcome) => outcome.status === 'rejected');
      const outcome = stepped[failed];
      if (outcome?.status === 'rejected') {
        fail(outcome.reason, due[failed]?.id);
        return;
      }
      if (performance.now() - lastPost >= batchMs) flush();
      wanted--;
    }
    wanted = 0;
    showRollouts();
    state(restingState());
  } finally {
    running = false;
    // An `open` that came meanwhile has found this loop busy.
    if (mine !== generation) void run();
  }
}

/** Unfinished lanes that have made the fewest steps: a lane that joined late catches up first. */
function furthestBehind(): readonly WorkerLane[] {
  const unfinished = lanes.filter(({ trainer }) => !trainer.finished);
  const least = Math.min(...unfinished.map(({ trainer }) => trainer.step));
  return unfinished.filter(({ trainer }) => trainer.step === least);
}

function restingState(): RunState {
  if (lanes.every(({ trainer }) => trainer.finished)) return 'finished';
  return lanes.some(({ started }) => started) ? 'paused' : 'ready';
}

function applyChanges(): void {
  for (const lane of lanes) {
    const refused = lane.applyChanges();
    // The page checks before it sends: a change that is refused here leaves the run as it was.
    if (refused !== null) state(running && wanted > 0 ? 'training' : restingState(), refused);
  }
}

function flush(): void {
  lastPost = performance.now();
  for (const lane of lanes) lane.flush();
  // An older step's rollouts don't change.
  if (watched.step === null && lastPost - lastShown >= rolloutsMs) showRollouts();
}

function showRollouts(): void {
  lastShown = performance.now();
  for (const lane of lanes) lane.show(watched.step, watched.prompt);
}

const stateOf: Partial<Record<Failure['code'], RunState>> = {
  'no-adapter': 'no-webgpu',
  'device-lost': 'device-lost',
  'non-finite': 'non-finite',
  // The run is as it was before the step: an edited reward goes on with it.
  'bad-reward': 'paused',
};

function fail(error: unknown, lane?: LaneId): void {
  const failure = failureOf(error);
  // What becomes of the lanes is for `recover` to say.
  if (failure.code === 'device-lost' && lanes.length > 0) return;
  wanted = 0;
  // A device that could not be opened or failed its check is asked for again by the next `open`.
  if (lanes.length === 0) device = null;
  state(stateOf[failure.code] ?? 'refused', failure, lane);
}
