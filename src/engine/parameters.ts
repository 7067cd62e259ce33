import type { Buffers } from '../gpu/buffer.ts';
import type { Layout } from '../model/layout.ts';
import { gradientSplits } from './plan.ts';

/** The three models of a run; each is a slab of one buffer, in this order. */
export const models = ['policy', 'anchor', 'reference'] as const;
export type ModelName = (typeof models)[number];

/** Policy, anchor, reference, gradient, m, v: all of the same layout. */
export class Parameters {
  readonly layout: Layout;
  /** [3, size]: the slabs of policy, anchor and reference. */
  readonly slabs: GPUBuffer;
  /** [splits, size]: weight gradients in ordered parts (see matmul.backward_weight). */
  readonly partials: GPUBuffer;
  readonly splits: number;
  readonly gradient: GPUBuffer;
  readonly m: GPUBuffer;
  readonly v: GPUBuffer;
  readonly #queue: GPUQueue;

  constructor(buffers: Buffers, layout: Layout) {
    this.layout = layout;
    this.splits = gradientSplits(layout);
    this.slabs = buffers.storage('parameters', models.length * layout.size);
    this.partials = buffers.storage('partial gradients', this.splits * layout.size);
    this.gradient = buffers.storage('gradient', layout.size);
    this.m = buffers.storage('Adam m', layout.size);
    this.v = buffers.storage('Adam v', layout.size);
    this.#queue = buffers.gpu.device.queue;
  }

  /** First float of a model's slab. */
  offsetOf(model: ModelName): number {
    return models.indexOf(model) * this.layout.size;
  }

  /** Writes a model's parameters, [layout.size] floats. */
  load(model: ModelName, values: Float32Array<ArrayBuffer>): void {
    this.#queue.writeBuffer(this.slabs, 4 * this.offsetOf(model), values);
  }

  /** Writes Adam's running means, [layout.size] each. */
  loadMoments(m: Float32Array<ArrayBuffer>, v: Float32Array<ArrayBuffer>): void {
    this.#queue.writeBuffer(this.m, 0, m);
    this.#queue.writeBuffer(this.v, 0, v);
  }
}
