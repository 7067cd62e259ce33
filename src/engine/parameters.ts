import type { Buffers } from '../gpu/buffer.ts';
import type { Layout } from '../model/layout.ts';
import { Frozen, RunningAverage, Trainable } from './trainable.ts';

/** The three models of a run; each is a slab of one buffer, in this order. */
export const models = ['policy', 'anchor', 'reference'] as const;
export type ModelName = (typeof models)[number];

/** The weights of a run's models, all of the same layout. */
export class Parameters {
  readonly layout: Layout;
  /** [3, layout.size]: the slabs of policy, anchor and reference. */
  readonly slabs: GPUBuffer;
  readonly policy: Trainable;
  readonly anchor: RunningAverage;
  readonly reference: Frozen;

  constructor(buffers: Buffers, layout: Layout) {
    this.layout = layout;
    this.slabs = buffers.storage('parameters', models.length * layout.size);
    const offsetOf = (model: ModelName): number => models.indexOf(model) * layout.size;
    this.policy = new Trainable(buffers, this.slabs, offsetOf('policy'), layout);
    this.anchor = new RunningAverage(buffers, this.slabs, offsetOf('anchor'));
    this.reference = new Frozen(buffers, this.slabs, offsetOf('reference'));
  }
}
