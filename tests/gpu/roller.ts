import type { RolloutCapacity, RolloutRequest } from '../../src/engine/rollout/call.ts';
import { Sampler, type Completion } from '../../src/engine/rollout/sampler.ts';
import { fixedPlan, type Plan } from '../../src/engine/plan.ts';
import type { PlannedModel } from '../../src/engine/recorder.ts';
import { Buffers } from '../../src/gpu/buffer.ts';
import { Clock } from '../../src/gpu/clock.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Kernels } from '../../src/gpu/kernel.ts';
import { Readback } from '../../src/gpu/readback.ts';

/** A sampler that is waited for. */
export class Roller {
  readonly buffers: Buffers;
  readonly #gpu: Gpu;
  readonly #kernels: Kernels;
  readonly #clock: Clock;
  readonly #sampler: Sampler;
  /** Dispatches of the last call. */
  dispatches = 0;
  readonly #readback: Readback<'tokens' | 'stats'>;

  constructor(
    gpu: Gpu,
    kernels: Kernels,
    model: Omit<PlannedModel, 'plan'>,
    capacity: RolloutCapacity,
    { plan = fixedPlan, limitMs = Infinity }: { readonly plan?: Plan; readonly limitMs?: number } = {},
  ) {
    this.#gpu = gpu;
    this.#kernels = kernels;
    this.buffers = new Buffers(gpu);
    this.#clock = new Clock(this.buffers);
    this.#sampler = new Sampler(this.buffers, kernels, { ...model, plan }, capacity, {
      clock: this.#clock,
      limitMs,
    });
    const { tokens, stats } = this.#sampler;
    this.#readback = new Readback(this.buffers, 'rollout', {
      tokens: { buffer: tokens, bytes: tokens.size },
      stats: { buffer: stats, bytes: stats.size },
    });
  }

  async roll(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random = { seed: 1, step: 0 },
  ): Promise<Completion[]> {
    await this.#kernels.compile();
    const { rowOf, dispatches } = this.#sampler.submit(prompts, requests, random);
    this.dispatches = dispatches;
    const names = ['tokens', 'stats'] as const;
    const encoder = this.#gpu.device.createCommandEncoder();
    this.#readback.copy(encoder, names);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const { tokens, stats } = await this.#readback.take(names);
    // As if every unit had taken as long as another.
    this.#clock.tell(null);
    return this.#sampler.read(tokens, stats, rowOf);
  }
}
