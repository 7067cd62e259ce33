import type { Buffers } from './buffer.ts';
import type { ReadbackRange } from './readback.ts';

/** Passes between two readbacks that can be timed; more are simply not. */
const maxPasses = 512;

/**
 * Milliseconds of every pass since the last readback, each told to who asked. Without timestamp queries the wait
 * as a whole is shared out evenly, which is all that is known then.
 */
export class Clock {
  /** The timestamps to bring back with everything else; null where the device has none. */
  readonly source: ReadbackRange | null;
  readonly #queries: GPUQuerySet | null;
  readonly #results: GPUBuffer | null;
  #told: ((ms: number) => void)[] = [];
  #waitedFrom = 0;

  constructor(buffers: Buffers) {
    const { device, hasTimestamps } = buffers.gpu;
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
    const used = 2 * this.#told.length;
    if (this.#queries === null || this.#results === null || used === 0) return;
    encoder.resolveQuerySet(this.#queries, 0, used, this.#results, 0);
  }

  /** The wait has ended. @param bytes of `source`, or null where there is none */
  tell(bytes: ArrayBuffer | null): void {
    const told = this.#told;
    const waitMs = performance.now() - this.#waitedFrom;
    this.#told = [];
    const times = bytes === null ? null : new BigUint64Array(bytes);
    told.forEach((tell, index) => {
      if (times === null) tell(waitMs / told.length);
      else tell(Number((times[2 * index + 1] ?? 0n) - (times[2 * index] ?? 0n)) / 1e6);
    });
  }

  destroy(): void {
    this.#queries?.destroy();
  }
}
