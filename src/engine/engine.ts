import { Buffers } from '../gpu/buffer.ts';
import { Clock, type Wait } from '../gpu/clock.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { submissionMs } from '../gpu/pacedWork.ts';
import { Readback, type ReadbackRange } from '../gpu/readback.ts';
import { LabError } from '../lib/labError.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Layout } from '../model/layout.ts';
import type { OptimizerSettings } from './optimizer.ts';
import { models, Parameters, type ModelName } from './parameters.ts';
import { fixedPlan, type Plan } from './plan.ts';
import type { PlannedModel } from './recorder.ts';
import type { RolloutCapacity, RolloutRandom, RolloutRequest } from './rollout/call.ts';
import { Sampler, type Completion } from './rollout/sampler.ts';
import type { TrainingGroup } from './rows.ts';
import { learnedTokens, summarise, type LearnedTokens, type UpdateReport } from './updateReport.ts';
import { Updater, type LossSettings, type UpdateCapacity } from './update.ts';

export interface EngineCapacity {
  readonly update: UpdateCapacity;
  readonly rollout?: RolloutCapacity;
  /** Larger calls of greedy and sampled completions; null where nothing is evaluated. */
  readonly evaluation?: RolloutCapacity;
}

export interface EngineOptions {
  /** Which kernels to use. */
  readonly plan?: Plan;
  /** Milliseconds that a submission may last; where it is cut changes no bit. */
  readonly submissionMs?: number;
}

/** A submitted call of the sampler, to be read. */
export interface PendingRollout {
  readonly rowOf: readonly number[];
}

/** Milliseconds on the device since the last read, NaN where it has no timestamps; and of the wait for them. */
export interface PhaseTimes extends Wait {
  readonly rolloutMs: number;
  readonly updateMs: number;
}

/** What an update changes: parameters of policy and anchor, and AdamW's running means, [layout.size] each. */
export interface TrainingState {
  readonly policy: Float32Array<ArrayBuffer>;
  readonly anchor: Float32Array<ArrayBuffer>;
  readonly m: Float32Array<ArrayBuffer>;
  readonly v: Float32Array<ArrayBuffer>;
}

/** A buffer that updates change, and its copy. */
interface Kept {
  readonly of: GPUBuffer;
  readonly copy: GPUBuffer;
  readonly bytes: number;
}

type Range =
  'stats' | 'report' | 'tokens' | 'rolloutStats' | 'times' | 'evaluationTokens' | 'evaluationStats';

/** What training needs of an engine: a whole model, or adapters beside a frozen one. */
export type TrainingEngine = Pick<
  Engine,
  | 'counts'
  | 'update'
  | 'rollout'
  | 'read'
  | 'evaluate'
  | 'readState'
  | 'loadState'
  | 'keep'
  | 'goBack'
  | 'leave'
  | 'destroy'
>;

/** One model in training: parameters, sampler, updater and the readback they share. Knows no algorithm. */
export class Engine {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  readonly #gpu: Gpu;
  readonly #buffers: Buffers;
  readonly #updater: Updater;
  readonly #sampler: Sampler | null;
  readonly #evaluator: Sampler | null;
  readonly #readback: Readback<Range>;
  readonly #clock: Clock;
  #stateReadback: Readback<'models' | 'm' | 'v'> | null = null;
  #kept: readonly Kept[] | null = null;
  #dispatches = 0;
  #updatedRows = 0;

  /**
   * Makes all buffers and records all programs; await `kernels.compile()` before using them.
   * @param weights [layout.size], loaded as policy, anchor and reference
   * @throws LabError `does-not-fit`
   */
  constructor(
    gpu: Gpu,
    kernels: Kernels,
    model: {
      readonly config: ModelConfig;
      readonly layout: Layout;
      readonly weights: Float32Array<ArrayBuffer>;
    },
    capacity: EngineCapacity,
    options: EngineOptions = {},
  ) {
    this.#gpu = gpu;
    this.config = model.config;
    this.#buffers = new Buffers(gpu);
    try {
      this.parameters = new Parameters(this.#buffers, model.layout);
      for (const name of models) this.parameters[name].load(model.weights);
      const { config, layout } = model;
      const parts: PlannedModel = {
        config,
        layout,
        parameters: this.parameters,
        plan: options.plan ?? fixedPlan,
      };
      this.#clock = new Clock(this.#buffers);
      const pace = { clock: this.#clock, limitMs: options.submissionMs ?? submissionMs };
      this.#updater = new Updater(this.#buffers, kernels, parts, capacity.update, pace);
      const sampler = (of: RolloutCapacity | undefined) =>
        of === undefined ? null : new Sampler(this.#buffers, kernels, parts, of, pace);
      this.#sampler = sampler(capacity.rollout);
      this.#evaluator = sampler(capacity.evaluation);
      const nothing: ReadbackRange = { buffer: this.parameters.slabs, bytes: 0 };
      const whole = (buffer: GPUBuffer | undefined): ReadbackRange =>
        buffer === undefined ? nothing : { buffer, bytes: buffer.size };
      this.#readback = new Readback(this.#buffers, 'engine', {
        stats: whole(this.#updater.stats),
        report: whole(this.#updater.optimizer.report),
        tokens: whole(this.#sampler?.tokens),
        rolloutStats: whole(this.#sampler?.stats),
        times: this.#clock.source ?? nothing,
        evaluationTokens: whole(this.#evaluator?.tokens),
        evaluationStats: whole(this.#evaluator?.stats),
      });
    } catch (error) {
      // What does not fit leaves nothing behind.
      this.#buffers.destroy();
      throw error;
    }
  }

  /** Counts since the engine was made; a test asserts what a step adds to them. */
  get counts(): { dispatches: number; readbacks: number; allocations: number; bytes: number } {
    return {
      dispatches: this.#dispatches,
      readbacks: this.#readback.waits,
      allocations: this.#buffers.count,
      bytes: this.#buffers.sizeBytes,
    };
  }

  /** Submits one optimiser update (see Updater.submit). */
  update(
    groups: readonly TrainingGroup[],
    first: boolean,
    loss: LossSettings,
    optimizer: OptimizerSettings,
  ): void {
    const { dispatches, rows } = this.#updater.submit(groups, first, loss, optimizer);
    this.#dispatches += dispatches;
    this.#updatedRows = rows;
  }

  /** Submits a rollout of policy and anchor (see Sampler.submit). */
  rollout(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random: RolloutRandom,
  ): PendingRollout {
    const { dispatches, rowOf } = present(this.#sampler).submit(prompts, requests, random);
    this.#dispatches += dispatches;
    return { rowOf };
  }

  /** The one wait of a step: what the update reported and what the rollout sampled, in one readback. */
  async read<P extends PendingRollout | null>(
    pending: P,
    updated: boolean,
  ): Promise<{
    report: UpdateReport | null;
    tokens: LearnedTokens | null;
    completions: P extends null ? null : Completion[];
    times: PhaseTimes;
  }> {
    const names: Range[] = [
      ...(updated ? (['stats', 'report'] as const) : []),
      ...(pending === null ? [] : (['tokens', 'rolloutStats'] as const)),
    ];
    const { bytes, wait } = await this.#wait('readback', names);
    const completions =
      pending === null ? null : present(this.#sampler).read(bytes.tokens, bytes.rolloutStats, pending.rowOf);
    return {
      report: updated ? summarise(bytes.stats, this.#updatedRows, bytes.report) : null,
      tokens: updated ? learnedTokens(bytes.stats, this.#updatedRows) : null,
      completions: completions as P extends null ? null : Completion[],
      times: {
        ...wait,
        rolloutMs: this.#measured(this.#sampler?.takeMs()),
        updateMs: this.#measured(this.#updater.takeMs()),
      },
    };
  }

  /** Samples completions for evaluation and waits for them. */
  async evaluate(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random: RolloutRandom,
  ): Promise<Completion[]> {
    const evaluator = present(this.#evaluator);
    const { dispatches, rowOf } = evaluator.submit(prompts, requests, random);
    this.#dispatches += dispatches;
    const { bytes } = await this.#wait('evaluation readback', ['evaluationTokens', 'evaluationStats']);
    return evaluator.read(bytes.evaluationTokens, bytes.evaluationStats, rowOf);
  }

  /**
   * Everything that the next update builds on. A wait of its own, and staging made by the first call: for
   * checkpoints, not for every step.
   */
  async readState(): Promise<TrainingState> {
    const { layout, slabs } = this.parameters;
    const { m, v } = this.parameters.policy;
    const bytes = 4 * layout.size;
    this.#stateReadback ??= new Readback(this.#buffers, 'state', {
      models: { buffer: slabs, bytes: 2 * bytes },
      m: { buffer: m, bytes },
      v: { buffer: v, bytes },
    });
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'read state' });
    this.#stateReadback.copy(encoder, ['models', 'm', 'v']);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const read = await this.#stateReadback.take(['models', 'm', 'v']);
    const models = new Float32Array(read.models);
    return {
      policy: models.slice(0, layout.size),
      anchor: models.slice(layout.size),
      m: new Float32Array(read.m),
      v: new Float32Array(read.v),
    };
  }

  /** Goes on from a state; what was submitted before comes first. */
  loadState({ policy, anchor, m, v }: TrainingState): void {
    this.parameters.policy.load(policy);
    this.parameters.anchor.load(anchor);
    this.parameters.policy.loadMoments(m, v);
  }

  /**
   * Keeps a copy of everything that updates change, on the device, for `goBack`. Its buffers are made by the first
   * call: only steps of several updates have a use for them.
   */
  keep(): void {
    const { layout, slabs } = this.parameters;
    const { m, v } = this.parameters.policy;
    this.#kept ??= [
      { of: slabs, floats: 2 * layout.size },
      { of: m, floats: layout.size },
      { of: v, floats: layout.size },
    ].map(({ of, floats }) => ({
      of,
      copy: this.#buffers.storage(`${of.label} kept`, floats),
      bytes: 4 * floats,
    }));
    this.#copy(this.#kept.map(({ of, copy, bytes }) => ({ from: of, to: copy, bytes })));
  }

  /** Undoes all updates since the last `keep`. */
  goBack(): void {
    this.#copy((this.#kept ?? []).map(({ of, copy, bytes }) => ({ from: copy, to: of, bytes })));
  }

  #copy(ranges: readonly { from: GPUBuffer; to: GPUBuffer; bytes: number }[]): void {
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'keep' });
    for (const { from, to, bytes } of ranges) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  /** A model's parameters, [layout.size]. Allocates its staging buffer: for saving, not for steps. */
  async readParameters(model: ModelName): Promise<Float32Array<ArrayBuffer>> {
    const { size } = this.parameters.layout;
    const { slabs, offset } = this.parameters[model];
    const buffers = new Buffers(this.#gpu);
    const copy = buffers.storage('parameters to read', size);
    const readback = new Readback(buffers, 'parameters', { values: { buffer: copy, bytes: 4 * size } });
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'read parameters' });
    encoder.copyBufferToBuffer(slabs, 4 * offset, copy, 0, 4 * size);
    readback.copy(encoder, ['values']);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const { values } = await readback.take(['values']);
    buffers.destroy();
    return new Float32Array(values);
  }

  /** A step is over, and others may step: their waits for this one end here (see gpu/turns). */
  leave(): void {
    this.#clock.leave();
  }

  destroy(): void {
    this.#buffers.destroy();
    this.#clock.destroy();
  }

  /** Shares of a wait are good enough to pace by, not to report. */
  #measured(ms = NaN): number {
    return this.#clock.source === null ? NaN : ms;
  }

  /** Brings back the named ranges, and the times of everything submitted since the last wait. */
  async #wait(
    label: string,
    names: readonly Range[],
  ): Promise<{ bytes: Record<Range, ArrayBuffer>; wait: Wait }> {
    const clock = this.#clock;
    const wanted: Range[] = clock.source === null ? [...names] : [...names, 'times'];
    const encoder = this.#gpu.device.createCommandEncoder({ label });
    clock.resolve(encoder);
    this.#readback.copy(encoder, wanted);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const bytes = await this.#readback.take(wanted);
    return { bytes, wait: clock.tell(clock.source === null ? null : bytes.times) };
  }
}

function present(sampler: Sampler | null): Sampler {
  if (sampler === null) {
    throw new LabError(
      'bug',
      'This engine was made without that sampler.',
      'Give its capacity to the constructor.',
    );
  }
  return sampler;
}
