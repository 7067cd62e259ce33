import type { Buffers } from './buffer.ts';
import type { ReadbackRange } from './readback.ts';
import type { Turns } from './turns.ts';

/** Passes between two readbacks that can be timed; more are simply not. */
const maxPasses = 512;

/** A wait for the device, ms. */
export interface Wait {
  readonly waitMs: number;
  /** The part of it in which other runs had the device, or the thread. */
  readonly othersMs: number;
}

/**
 * Milliseconds of every pass since the last readback, each told to who asked. Without timestamp queries the wait
 * for this run is shared out evenly, which is all that is known then.
 */
export class Clock {
  /** The timestamps to bring back with everything else; null where the device has none. */
  readonly source: ReadbackRange | null;
  readonly #queries: GPUQuerySet | null;
  readonly #results: GPUBuffer | null;
  readonly #turns: Turns;
  #told: ((ms: number) => void)[] = [];
  #waitedFrom = 0;

  constructor(buffers: Buffers) {
    const { device, hasTimestamps, turns } = buffers.gpu;
    this.#turns = turns;
    const count = 2 * maxPasses;
    this.#queries = hasTimestamps ? device.createQuerySet({ type: 'timestamp', count }) : null;
    this.#results = hasTimestamps ? buffers.queryResults('times', 8 * count) : null;
    this.source = this.#results === null ? null : { buffer: this.#results, bytes: 8 * count };
  }

  /** What a pass writes its timestamps with. @param tell called with its milliseconds at the next readback */
  pass(tell: (ms: number) => void): Pick<GPUComputePassDescriptor, 'timestampWrites'> {
    const index = this.#told.length;
    if (index === maxPasses) return {};
    this.#told.push(tell);
    if (this.#queries === null) return {};
    const [beginningOfPassWriteIndex, endOfPassWriteIndex] = [2 * index, 2 * index + 1];
    return {
      timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex, endOfPassWriteIndex },
    };
  }

  /** Encodes what brings the timestamps into `source`; the wait begins here. */
  resolve(encoder: GPUCommandEncoder): void {
    this.#waitedFrom = performance.now();
    this.#turns.left(this, this.#waitedFrom);
    const used = 2 * this.#told.length;
    if (this.#queries === null || this.#results === null || used === 0) return;
    encoder.resolveQuerySet(this.#queries, 0, used, this.#results, 0);
  }

  /** The wait has ended. @param bytes of `source`, or null where there is none */
  tell(bytes: ArrayBuffer | null): Wait {
    const now = performance.now();
    const from = this.#waitedFrom;
    const told = this.#told;
    this.#told = [];
    this.#turns.served(this, now);
    const ms = bytes === null ? null : timesOf(bytes, told.length);
    const share = (now - this.#turns.othersServed(this, from)) / told.length;
    told.forEach((tell, index) => {
      tell(ms?.[index] ?? share);
    });
    const deviceMs = ms === null ? NaN : ms.reduce((sum, each) => sum + each, 0);
    return { waitMs: now - from, othersMs: this.#turns.forOthers(this, from, now - from, deviceMs) };
  }

  /** The step is over: what the thread does next is for others. */
  leave(): void {
    this.#turns.left(this, performance.now());
  }

  destroy(): void {
    this.#turns.forget(this);
    this.#queries?.destroy();
  }
}

/** Milliseconds of each pass, [passes], from the timestamps at its two ends. */
function timesOf(bytes: ArrayBuffer, passes: number): number[] {
  const ticks = new BigUint64Array(bytes);
  return Array.from(
    { length: passes },
    (_, pass) => Number((ticks[2 * pass + 1] ?? 0n) - (ticks[2 * pass] ?? 0n)) / 1e6,
  );
}
