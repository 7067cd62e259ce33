import { LabError } from '../lib/labError.ts';
import type { Buffers } from './buffer.ts';
import { refusal } from './refusal.ts';

/** A range of a buffer to bring back. */
export interface ReadbackRange {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

/**
 * The only place that awaits the GPU: named ranges are copied into one staging buffer and mapped together,
 * one wait for a whole step.
 */
export class Readback<Name extends string> {
  readonly #buffers: Buffers;
  readonly #staging: GPUBuffer;
  readonly #places: Readonly<Record<Name, ReadbackRange & { readonly offset: number }>>;
  #waits = 0;

  constructor(buffers: Buffers, label: string, sources: Readonly<Record<Name, ReadbackRange>>) {
    this.#buffers = buffers;
    let offset = 0;
    const places = {} as Record<Name, ReadbackRange & { readonly offset: number }>;
    for (const [name, source] of Object.entries(sources) as [Name, ReadbackRange][]) {
      places[name] = { ...source, offset };
      offset += Math.ceil(source.bytes / 8) * 8;
    }
    this.#places = places;
    this.#staging = buffers.staging(`${label} staging`, Math.max(8, offset));
  }

  /** Waits so far; a test asserts one per step. */
  get waits(): number {
    return this.#waits;
  }

  /** Encodes the copies of the named sources. */
  copy(encoder: GPUCommandEncoder, names: readonly Name[]): void {
    for (const name of names) {
      const { buffer, bytes, offset } = this.#places[name];
      encoder.copyBufferToBuffer(buffer, 0, this.#staging, offset, bytes);
    }
  }

  /**
   * Waits for what was submitted and hands over copies of the named ranges.
   * @throws LabError `device-lost`, or the first error the device met on the way: `does-not-fit` or `bug`
   */
  async take(names: readonly Name[]): Promise<Record<Name, ArrayBuffer>> {
    this.#waits++;
    const { settle, errors } = this.#buffers.gpu;
    try {
      await settle(this.#staging.mapAsync(GPUMapMode.READ));
    } catch (cause) {
      throw new LabError(
        'device-lost',
        `The GPU device was lost: ${cause instanceof Error ? cause.message : String(cause)}`,
        'Reload, and choose smaller settings if it happens again.',
        cause,
      );
    }
    const [first] = errors;
    if (first !== undefined) throw refusal(first);
    const bytes = this.#staging.getMappedRange();
    const results = {} as Record<Name, ArrayBuffer>;
    for (const name of names) {
      const place = this.#places[name];
      results[name] = bytes.slice(place.offset, place.offset + place.bytes);
    }
    this.#staging.unmap();
    return results;
  }
}
