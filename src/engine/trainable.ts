import type { Buffers } from '../gpu/buffer.ts';
import type { Layout } from '../model/layout.ts';
import { gradientSplits } from './plan.ts';

/** Where a model's weights lie on the device: all that a forward pass needs of them. */
export interface Weights {
  /** Of all models of a run: the kernels of a pass serve several from one binding. */
  readonly slabs: GPUBuffer;
  /** First float of the model's own slab, [layout.size]. */
  readonly offset: number;
}

/** One slab of f32. What may change it is said by the classes below, so that no model takes another's place. */
abstract class Slab implements Weights {
  readonly slabs: GPUBuffer;
  readonly offset: number;
  readonly #queue: GPUQueue;

  constructor(buffers: Buffers, slabs: GPUBuffer, offset: number) {
    this.slabs = slabs;
    this.offset = offset;
    this.#queue = buffers.gpu.device.queue;
  }

  /** Writes the weights, [layout.size] floats. */
  load(values: Float32Array<ArrayBuffer>): void {
    this.#queue.writeBuffer(this.slabs, 4 * this.offset, values);
  }
}

/** Weights that no update changes: no gradient, no moments. */
export class Frozen extends Slab {
  readonly changedBy = 'nothing';
}

/** A running average of trained weights, which the optimizer moves after them; no gradient of its own. */
export class RunningAverage extends Slab {
  readonly changedBy = 'average';
}

/** Weights that are trained, with their gradient and AdamW's running means, all of one layout. */
export class Trainable extends Slab {
  readonly changedBy = 'gradient';
  /** [splits, layout.size]: weight gradients in ordered parts (see matmul.backward_weight). */
  readonly partials: GPUBuffer;
  readonly splits: number;
  /** [layout.size] each. */
  readonly gradient: GPUBuffer;
  readonly m: GPUBuffer;
  readonly v: GPUBuffer;
  readonly #queue: GPUQueue;

  constructor(buffers: Buffers, slabs: GPUBuffer, offset: number, layout: Pick<Layout, 'size'>) {
    super(buffers, slabs, offset);
    this.splits = gradientSplits(layout);
    this.partials = buffers.storage('partial gradients', this.splits * layout.size);
    this.gradient = buffers.storage('gradient', layout.size);
    this.m = buffers.storage('Adam m', layout.size);
    this.v = buffers.storage('Adam v', layout.size);
    this.#queue = buffers.gpu.device.queue;
  }

  /** Writes Adam's running means, [layout.size] each. */
  loadMoments(m: Float32Array<ArrayBuffer>, v: Float32Array<ArrayBuffer>): void {
    this.#queue.writeBuffer(this.m, 0, m);
    this.#queue.writeBuffer(this.v, 0, v);
  }
}
