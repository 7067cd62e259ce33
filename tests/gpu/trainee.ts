import type { OptimizerSettings } from '../../src/engine/optimizer.ts';
import { models, Parameters } from '../../src/engine/parameters.ts';
import { fixedPlan, type ActivationType, type Plan } from '../../src/engine/plan.ts';
import type { TrainingGroup } from '../../src/engine/rows.ts';
import { rowStats } from '../../src/engine/ops/policy_loss.ts';
import { Updater, type LossSettings, type UpdateCapacity } from '../../src/engine/update.ts';
import { Buffers } from '../../src/gpu/buffer.ts';
import { Clock } from '../../src/gpu/clock.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Kernels } from '../../src/gpu/kernel.ts';
import { Readback } from '../../src/gpu/readback.ts';
import { parseConfig, type ModelConfig } from '../../src/model/config.ts';
import { layoutOf, type Layout } from '../../src/model/layout.ts';
import type { TrainedRollout } from '../reference/policy_gradient.ts';
import type { Qwen3Config, Weights } from '../reference/weights.ts';

/** An update that changes nothing. */
export const still: OptimizerSettings = {
  update: 1,
  learningRate: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxNorm: 1,
  anchorMomentum: null,
};

/** Tensors by Hugging Face name → the engine's flat buffer. */
export function flat(weights: Weights, layout: Layout): Float32Array<ArrayBuffer> {
  const values = new Float32Array(layout.size);
  for (const { name, offset } of layout.tensors) values.set(weights.get(name) ?? [NaN], offset);
  return values;
}

/** The engine's flat buffer → tensors by Hugging Face name. */
export function named(values: Float32Array, layout: Layout): Map<string, Float64Array> {
  return new Map(
    layout.tensors.map(({ name, offset, length }) => [
      name,
      Float64Array.from(values.subarray(offset, offset + length)),
    ]),
  );
}

/** Neighbouring rollouts of the same prompt share it. */
export function grouped(rollouts: readonly TrainedRollout[]): TrainingGroup[] {
  const groups: { prompt: readonly number[]; completions: TrainingGroup['completions'][number][] }[] = [];
  for (const { prompt, completion, advantage, weight } of rollouts) {
    const last = groups.at(-1);
    const group = last?.prompt === prompt ? last : { prompt, completions: [] };
    if (group !== last) groups.push(group);
    group.completions.push({ tokens: completion, advantage, weight });
  }
  return groups;
}

/** What one trained token's row of `stats` says. */
export type Column = keyof typeof rowStats.at;

/** A whole model with its updater, on the device. */
export class Trainee {
  readonly config: ModelConfig;
  readonly layout: Layout;
  readonly parameters: Parameters;
  readonly plan: Plan;
  readonly updater: Updater;
  readonly buffers: Buffers;
  readonly #gpu: Gpu;
  readonly #kernels: Kernels;
  /** Rows of `stats` that the last update wrote. */
  #rows = 0;
  readonly #readback: Readback<'gradient' | 'slabs' | 'm' | 'v' | 'stats' | 'report'>;

  constructor(
    gpu: Gpu,
    kernels: Kernels,
    config: Qwen3Config,
    capacity: UpdateCapacity,
    activations: ActivationType = 'f32',
  ) {
    this.plan = { ...fixedPlan, activations };
    this.#gpu = gpu;
    this.#kernels = kernels;
    this.config = parseConfig({ ...config, model_type: 'qwen3' });
    this.layout = layoutOf(this.config);
    this.buffers = new Buffers(gpu);
    this.parameters = new Parameters(this.buffers, this.layout);
    this.updater = new Updater(this.buffers, kernels, this, capacity, {
      clock: new Clock(this.buffers),
      limitMs: Infinity,
    });
    const whole = (buffer: GPUBuffer) => ({ buffer, bytes: buffer.size });
    const { gradient, slabs, m, v } = this.parameters.policy;
    this.#readback = new Readback(this.buffers, 'trainee', {
      gradient: whole(gradient),
      slabs: whole(slabs),
      m: whole(m),
      v: whole(v),
      stats: whole(this.updater.stats),
      report: whole(this.updater.optimizer.report),
    });
  }

  load(weights: Partial<Record<(typeof models)[number], Weights>>): void {
    for (const model of models) {
      const values = weights[model];
      if (values !== undefined) this.parameters[model].load(flat(values, this.layout));
    }
  }

  async update(
    rollouts: readonly TrainedRollout[],
    first: boolean,
    loss: LossSettings,
    optimizer: OptimizerSettings,
  ): Promise<{ dispatches: number; rows: number }> {
    await this.#kernels.compile();
    const submitted = this.updater.submit(grouped(rollouts), first, loss, optimizer);
    this.#rows = submitted.rows;
    return submitted;
  }

  /** Waits for what was submitted. */
  async read() {
    const names = ['gradient', 'slabs', 'm', 'v', 'stats', 'report'] as const;
    const encoder = this.#gpu.device.createCommandEncoder();
    this.#readback.copy(encoder, names);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const bytes = await this.#readback.take(names);
    const { size } = this.layout;
    const slabs = new Float32Array(bytes.slabs);
    const stats = new Float32Array(bytes.stats);
    const trained = Array.from({ length: this.#rows }, (_, row) => row * rowStats.floats).filter(
      (at) => stats[at + rowStats.at.trained] === 1,
    );
    return {
      gradient: new Float32Array(bytes.gradient, 0, size),
      m: new Float32Array(bytes.m, 0, size),
      v: new Float32Array(bytes.v, 0, size),
      policy: slabs.slice(0, size),
      anchor: slabs.slice(size, 2 * size),
      reference: slabs.slice(2 * size, 3 * size),
      report: bytes.report,
      /** One number per trained token, rollout after rollout. */
      stat: (column: Column) => trained.map((at) => stats[at + rowStats.at[column]] ?? NaN),
    };
  }
}
