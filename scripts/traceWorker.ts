import { type Metric, metricIds, metrics, type MetricRow, toRow } from '../src/spec/metrics.ts';
import type { Command, Event, ShownGroup } from '../src/trainer/protocol.ts';

// Stands in for the trainer's worker while `npm run trace` looks at the page: it speaks the protocol and makes up its
// numbers, so that 10,000 steps are there at once. It is served in the worker's place and is no part of the lab.

/** Between two batches of rows: as often as the page is willing to look. */
const batchMs = 100;
/** Batches from the middle of a run to its end: each then moves the curves by more than a pixel. */
const batches = 200;
const evalEvery = 10;
const groupSize = 32;

let lanes = 0;
let steps = 0;

function post(event: Event, transfer: Transferable[] = []): void {
  self.postMessage(event, { transfer });
}

/** In [0, 1), the same for the same place. */
function noise(lane: number, metric: number, at: number): number {
  let bits =
    Math.imul(at + 1, 0x9e3779b1) ^ Math.imul(metric + 7, 0x85ebca6b) ^ Math.imul(lane + 3, 0xc2b2ae35);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
}

/** A slow drift with noise on it: no two neighbouring points alike, as in a run. */
function value(lane: number, id: keyof MetricRow, at: number): number {
  const { range, every }: Metric = metrics[id];
  if (id === 'step') return at;
  if (every === 'eval' && at % evalEvery !== 0) return NaN;
  const index = metricIds.indexOf(id);
  const drift = 0.5 + 0.35 * Math.sin((at / 2500) * (1 + lane / 3) + index);
  const [low, high] = range ?? [0, 2];
  return low + (high - low) * Math.min(1, Math.max(0, drift + 0.25 * (noise(lane, index, at) - 0.5)));
}

function rowsFrom(lane: number, first: number, count: number): Float64Array<ArrayBuffer> {
  const rows = new Float64Array(count * metricIds.length);
  for (let row = 0; row < count; row++) {
    const record = metricIds.map((id) => [id, value(lane, id, first + row)] as const);
    rows.set(toRow(Object.fromEntries(record)), row * metricIds.length);
  }
  return rows;
}

function groupAt(lane: number, at: number): ShownGroup {
  const rollouts = Array.from({ length: groupSize }, (_, index) => {
    const entropies = Array.from({ length: 10 }, (_, token) => noise(lane, index * 16 + token, at));
    return {
      source: index % 2 === 0 ? 'policy' : 'anchor',
      completion: String(Math.floor(1e9 * (1 + 8 * noise(lane, index, at)))),
      answer: String(Math.floor(9 * noise(lane, index, at))),
      reward: index % 2,
      advantage: noise(lane, index, at) - 0.5,
      meanEntropy: 0.5 * noise(lane, index, at),
      entropies,
      kept: index % 5 !== 0,
    } as const;
  });
  return {
    step: at,
    prompt: 'sort 31742',
    index: 0,
    count: 8,
    pseudoLabel: '4',
    solution: '3',
    threshold: 0.1,
    rollouts,
  };
}

function send(first: number, count: number): void {
  for (let lane = 0; lane < lanes; lane++) {
    const rows = rowsFrom(lane, first, count);
    post({ type: 'rows', lane, count, rows }, [rows.buffer]);
    post({ type: 'cost', lane, dispatches: 55, readbacks: 1, allocations: 0, bytes: 9_800_000 });
    post({ type: 'rollouts', lane, group: groupAt(lane, first + count - 1) });
  }
}

/** Half of the run at once, the rest in batches. */
function train(): void {
  post({ type: 'state', state: 'training' });
  let made = steps / 2;
  send(0, made);
  const stride = Math.ceil(made / batches);
  const timer = setInterval(() => {
    send(made, stride);
    made += stride;
    if (made < steps) return;
    clearInterval(timer);
    post({ type: 'state', state: 'finished' });
  }, batchMs);
}

self.onmessage = ({ data }: MessageEvent<Command>) => {
  if (data.type === 'open') {
    lanes = data.lanes.length;
    steps = data.lanes[0]?.steps ?? 0;
    for (const state of ['checking', 'compiling', 'ready'] as const) post({ type: 'state', state });
  } else if (data.type === 'train') {
    train();
  }
};
