import { LabError } from '../lib/labError.ts';
import type { Gpu } from './device.ts';

/** Numbers as they travel to the GPU. */
export type Numbers = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * Owns the buffers of one engine: labelled, accounted for, freed together. Counts allocations, so that a
 * test can assert that a step makes none.
 */
export class Buffers {
  readonly gpu: Gpu;
  #all: GPUBuffer[] = [];
  #bytes = 0;

  constructor(gpu: Gpu) {
    this.gpu = gpu;
  }

  get count(): number {
    return this.#all.length;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /**
   * A storage buffer of `length` 32-bit numbers, zero at first.
   * @throws LabError `does-not-fit` with both numbers where the device cannot bind it
   */
  storage(label: string, length: number): GPUBuffer {
    const { maxStorageBufferBindingSize: bind, maxBufferSize } = this.gpu.device.limits;
    const bytes = Math.max(16, Math.ceil(length / 4) * 16);
    const limit = Math.min(bind, maxBufferSize);
    if (bytes > limit) {
      throw new LabError(
        'does-not-fit',
        `${label} needs ${mebibytes(bytes)}, but this adapter binds at most ${mebibytes(limit)} at once.`,
        'Choose a smaller model, fewer prompts or rollouts, or shorter completions.',
      );
    }
    return this.#create(
      label,
      bytes,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    );
  }

  uniform(label: string, bytes: number): GPUBuffer {
    return this.#create(label, bytes, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  }

  staging(label: string, bytes: number): GPUBuffer {
    return this.#create(label, bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  }

  queryResults(label: string, bytes: number): GPUBuffer {
    return this.#create(label, bytes, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
  }

  destroy(): void {
    for (const buffer of this.#all) buffer.destroy();
    this.#all = [];
    this.#bytes = 0;
  }

  #create(label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const buffer = this.gpu.device.createBuffer({ label, size, usage });
    this.#all.push(buffer);
    this.#bytes += size;
    return buffer;
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
