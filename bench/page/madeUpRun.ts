import { type Metric, metricIds, metrics, type MetricRow, toRow } from '../../src/spec/metrics.ts';
import type { Command, Event, ShownGroup } from '../../src/session/protocol.ts';

// Stands in for the trainer's worker while `npm run trace` and `npm run soak` look at the page: it speaks the protocol
// and makes up its numbers. It is served in the worker's place and is no part of the lab.

/** Between two batches of rows: as often as the page is willing to look. */
export const batchMs = 100;
const evalEvery = 10;
const groupSize = 32;

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

/** How a run goes: `drifting` rises and falls, and alarms all the time; `calm` holds, and alarms never. */
type Course = 'drifting' | 'calm';
const swing = { drifting: 0.35, calm: 0 } as const;
const jitter = { drifting: 0.25, calm: 0.04 } as const;

/** A slow drift with noise on it: no two neighbouring points alike, as in a run. */
function value(course: Course, lane: number, id: keyof MetricRow, at: number): number {
  const { range, every }: Metric = metrics[id];
  if (id === 'step') return at;
  if (every === 'eval' && at % evalEvery !== 0) return NaN;
  const index = metricIds.indexOf(id);
  const drift = 0.5 + swing[course] * Math.sin((at / 2500) * (1 + lane / 3) + index);
  const [low, high] = range ?? [0, 2];
  return (
    low + (high - low) * Math.min(1, Math.max(0, drift + jitter[course] * (noise(lane, index, at) - 0.5)))
  );
}

function rowsFrom(course: Course, lane: number, first: number, count: number): Float64Array<ArrayBuffer> {
  const rows = new Float64Array(count * metricIds.length);
  for (let row = 0; row < count; row++) {
    const record = metricIds.map((id) => [id, value(course, lane, id, first + row)] as const);
    rows.set(toRow(Object.fromEntries(record)), row * metricIds.length);
  }
  return rows;
}

const quiet = { wrongWinner: false, unanimous: false, pruned: true, truncated: false };

function groupAt(lane: number, at: number): ShownGroup {
  const rollouts = Array.from({ length: groupSize }, (_, index) => {
    const entropies = Array.from({ length: 10 }, (_, token) => noise(lane, index * 16 + token, at));
    return {
      source: index % 2 === 0 ? 'policy' : 'anchor',
      pieces: Array.from(String(Math.floor(1e9 * (1 + 8 * noise(lane, index, at))))),
      answer: String(Math.floor(9 * noise(lane, index, at))),
      reward: index % 2,
      advantage: noise(lane, index, at) - 0.5,
      meanEntropy: 0.5 * noise(lane, index, at),
      entropies,
      truncated: false,
      logProbs: entropies.map((entropy) => -entropy),
      kept: index % 5 !== 0,
      votes: index % 5 !== 0,
    } as const;
  });
  return {
    step: at,
    prompt: 'sort 31742',
    index: 0,
    flags: Array.from({ length: 8 }, () => quiet),
    pseudoLabel: '4',
    solution: '3',
    threshold: 0.1,
    iqr: 0.1,
    rollouts,
    earlier: [],
  };
}

/** A run of some steps that the page asked for. */
export interface MadeUpRun {
  readonly steps: number;
  /** Makes `count` steps of every lane, from the step `first` on. */
  readonly send: (first: number, count: number) => void;
  readonly finish: () => void;
}

/** Answers the page as the trainer would. @param train what happens once Train is pressed */
export function standIn(course: Course, train: (run: MadeUpRun) => void): void {
  let lanes: readonly number[] = [];
  let steps = 0;
  const send = (first: number, count: number): void => {
    for (const [index, lane] of lanes.entries()) {
      const rows = rowsFrom(course, index, first, count);
      post({ type: 'rows', lane, count, rows }, [rows.buffer]);
      post({ type: 'rollouts', lane, group: groupAt(index, first + count - 1) });
    }
  };
  const finish = (): void => {
    post({ type: 'state', state: 'finished' });
  };
  self.onmessage = ({ data }: MessageEvent<Command>) => {
    if (data.type === 'open') {
      lanes = data.lanes.map(({ lane }) => lane);
      steps = data.lanes[0]?.settings.steps ?? 0;
      for (const state of ['checking', 'compiling', 'ready'] as const) post({ type: 'state', state });
    } else if (data.type === 'train') {
      post({ type: 'state', state: 'training' });
      train({ steps, send, finish });
    }
  };
}
