import { untriedPlan, type Plan } from '../engine/plan.ts';
import { openDevice, type Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import type { BaseModel } from '../model/baseModel.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { defaultSettings } from '../settings/settings.ts';
import { metricIds, toRow, type MetricRow } from '../spec/metrics.ts';
import { browserGpu } from './browserGpu.ts';
import { failureOf } from './failure.ts';
import { fetchModel } from './fetchModel.ts';
import { browserMemory } from './memory.ts';
import { preparePlan } from './prepare.ts';
import type { Command, Event, Failure, RunState } from './protocol.ts';
import { shownGroup } from './shownGroup.ts';
import { Trainer, type StepDecisions, type StepResult } from './trainer.ts';

/** Least time between two batches of rows. */
const batchMs = 100;

interface Lane {
  readonly trainer: Trainer;
  started: boolean;
  rows: Float64Array[];
  decisions: StepDecisions | null;
  /** Live changes that wait for the edge of a step. */
  changes: Partial<Settings>[];
  cost: StepResult['cost'] | null;
}

interface Device {
  readonly gpu: Gpu;
  readonly kernels: Kernels;
}

let device: Promise<Device> | null = null;
let lanes: Lane[] = [];
let watched = 0;
/** Grows with every `open`: what an older one still does is discarded. */
let generation = 0;
/** Steps of every lane still wanted; Infinity while training, 0 while paused. */
let wanted = 0;
let running = false;
let lastPost = 0;

function post(event: Event, transfer: Transferable[] = []): void {
  self.postMessage(event, { transfer });
}

function state(next: RunState, failure?: Failure): void {
  flush();
  post(failure === undefined ? { type: 'state', state: next } : { type: 'state', state: next, failure });
}

self.onmessage = ({ data }: MessageEvent<Command>) => {
  switch (data.type) {
    case 'open':
      void open(data.lanes, data.base);
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
      lanes[data.lane]?.changes.push(data.changes);
      if (running) return;
      applyChanges();
      // More steps than before: a run that had ended can go on.
      if (lanes.some(({ started }) => started)) state(pausedState());
      return;
    case 'watch':
      watched = data.prompt;
      showRollouts();
      return;
  }
  data satisfies never;
};

async function open(settings: readonly Settings[], base: string): Promise<void> {
  const mine = ++generation;
  wanted = 0;
  discardLanes();
  try {
    state('checking');
    device ??= connect();
    const { gpu, kernels } = await device;
    if (mine !== generation) return;
    post({ type: 'adapter', adapter: gpu.adapter });
    const models = new Map<string, Promise<BaseModel>>();
    const fetched = settings.map(({ model }) => {
      const known = models.get(model) ?? fetchModel(base, model);
      models.set(model, known);
      return known;
    });
    const loaded = await Promise.all(fetched);
    if (mine !== generation) return;
    const plans: Plan[] = [];
    for (const [i, model] of loaded.entries()) {
      plans.push(await preparePlan(gpu, kernels, model, settings[i] ?? defaultSettings, browserMemory));
      if (mine !== generation) return;
    }
    state('compiling');
    loaded.forEach((model, i) => {
      const plan = plans[i] ?? untriedPlan(model.config);
      const options = { now: () => performance.now(), plan };
      const trainer = new Trainer(gpu, kernels, model, settings[i] ?? defaultSettings, options);
      post({ type: 'plan', lane: i, plan });
      lanes.push({ trainer, started: false, rows: [], decisions: null, changes: [], cost: null });
    });
    await kernels.compile((done, total) => {
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

function discardLanes(): void {
  for (const { trainer } of lanes) trainer.destroy();
  lanes = [];
}

async function connect(): Promise<Device> {
  const gpu = await openDevice(browserGpu());
  const kernels = new Kernels(gpu);
  void gpu.lost.then((reason) => {
    device = null;
    generation++;
    wanted = 0;
    lanes = [];
    state('device-lost', {
      code: 'device-lost',
      sentence: `The GPU device was lost: ${reason}`,
      remedy: 'Start again, on a new device; choose smaller settings if it happens again.',
    });
  });
  return { gpu, kernels };
}

/** Steps all lanes until no more are wanted. One step at a time, whatever commands arrive meanwhile. */
async function run(): Promise<void> {
  if (running || lanes.length === 0 || wanted === 0) return;
  running = true;
  const mine = generation;
  try {
    state('training');
    while (wanted > 0 && mine === generation && lanes.some(({ trainer }) => !trainer.finished)) {
      applyChanges();
      // Together: while one lane votes, the device works on the others.
      const stepped = await Promise.allSettled(lanes.map((lane) => advance(lane, mine)));
      if (mine !== generation) return;
      const failed = stepped.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      if (performance.now() - lastPost >= batchMs) flush();
      wanted--;
    }
    applyChanges();
    wanted = 0;
    showRollouts();
    state(pausedState());
  } catch (error) {
    if (mine === generation) fail(error);
  } finally {
    running = false;
    // An `open` that came meanwhile has found this loop busy.
    if (mine !== generation) void run();
  }
}

function pausedState(): RunState {
  return lanes.every(({ trainer }) => trainer.finished) ? 'finished' : 'paused';
}

async function advance(lane: Lane, mine: number): Promise<void> {
  const { trainer } = lane;
  if (!lane.started) {
    const first = await trainer.start();
    if (mine !== generation) return;
    lane.started = true;
    keep(lane, first);
    flush();
  }
  if (trainer.finished) return;
  const { metrics, decisions, cost } = await trainer.next();
  if (mine !== generation) return;
  lane.decisions = decisions;
  lane.cost = cost;
  keep(lane, metrics);
}

function keep(lane: Lane, metrics: Partial<MetricRow>): void {
  lane.rows.push(toRow(metrics));
}

function applyChanges(): void {
  lanes.forEach((lane, index) => {
    for (const changes of lane.changes.splice(0)) {
      try {
        lane.trainer.change(changes);
        post({ type: 'changed', lane: index, step: lane.trainer.step, changes });
      } catch (error) {
        // The page checks before it sends: a change that is refused here leaves the run as it was.
        post({ type: 'state', state: running ? 'training' : pausedState(), failure: failureOf(error) });
      }
    }
  });
}

/** Sends what has gathered: rows, costs of the last step, the watched prompt. */
function flush(): void {
  lastPost = performance.now();
  lanes.forEach((lane, index) => {
    const { rows, trainer } = lane;
    if (rows.length === 0) return;
    const all = new Float64Array(rows.length * metricIds.length);
    rows.forEach((row, i) => {
      all.set(row, i * metricIds.length);
    });
    lane.rows = [];
    post({ type: 'rows', lane: index, count: rows.length, rows: all }, [all.buffer]);
    if (lane.cost !== null)
      post({ type: 'cost', lane: index, ...lane.cost, bytes: trainer.engine.counts.bytes });
  });
  showRollouts();
}

function showRollouts(): void {
  lanes.forEach(({ decisions, trainer }, lane) => {
    if (decisions === null) return;
    const group = shownGroup(decisions, trainer.step, watched);
    if (group !== null) post({ type: 'rollouts', lane, group });
  });
}

const stateOf: Partial<Record<Failure['code'], RunState>> = {
  'no-adapter': 'no-webgpu',
  'device-lost': 'device-lost',
  'non-finite': 'non-finite',
};

function fail(error: unknown): void {
  wanted = 0;
  const failure = failureOf(error);
  // A device that could not be opened or failed its check is asked for again by the next `open`.
  if (lanes.length === 0) device = null;
  state(stateOf[failure.code] ?? 'refused', failure);
}
