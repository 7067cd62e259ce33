import { Buffers } from '../gpu/buffer.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { Readback, type Source } from '../gpu/readback.ts';
import { LabError } from '../lib/labError.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Layout } from '../model/layout.ts';
import { readReport, type OptimizerSettings } from './optimizer.ts';
import { models, Parameters, type ModelName } from './parameters.ts';
import { fixedPlan, type Plan } from './plan.ts';
import type { PlannedModel } from './recorder.ts';
import { Sampler, type Completion, type RolloutCapacity, type RolloutRequest } from './rollout.ts';
import type { TrainingGroup } from './rows.ts';
import { statWidth, Updater, type LossSettings, type UpdateCapacity } from './update.ts';

export interface EngineCapacity {
  readonly update: UpdateCapacity;
  readonly rollout?: RolloutCapacity;
  /** Larger calls of greedy and sampled completions; null where nothing is evaluated. */
  readonly evaluation?: RolloutCapacity;
}

/** What one optimiser update reported, summed over its trained tokens where it says so. */
export interface UpdateReport {
  /** Global norm before clipping; NaN or infinite means that nothing was changed. */
  readonly gradNorm: number;
  /** ‖θq − θk‖ ÷ ‖θq‖ */
  readonly anchorDistance: number;
  readonly loss: number;
  /** Means over trained tokens, NaN when there were none. */
  readonly klReference: number;
  readonly klAnchor: number;
  readonly clippedShare: number;
  /** Mean log-probability of the trained tokens, nats. */
  readonly logProb: number;
  readonly trainedTokens: number;
}

/** A submitted call of the sampler, to be read. */
interface PendingRollout {
  readonly rowOf: readonly number[];
}

/** GPU milliseconds of the last rollout and update; NaN where the device has no timestamps. */
export interface PhaseTimes {
  readonly rolloutMs: number;
  readonly updateMs: number;
}

const queries = 4;

type Range =
  'stats' | 'report' | 'tokens' | 'rolloutStats' | 'times' | 'evaluationTokens' | 'evaluationStats';

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
  readonly #queries: GPUQuerySet | null;
  readonly #times: GPUBuffer;
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
    plan: Plan = fixedPlan,
  ) {
    this.#gpu = gpu;
    this.config = model.config;
    this.#buffers = new Buffers(gpu);
    try {
      this.parameters = new Parameters(this.#buffers, model.layout);
      for (const name of models) this.parameters.load(name, model.weights);
      const { config, layout } = model;
      const parts: PlannedModel = { config, layout, parameters: this.parameters, plan };
      this.#updater = new Updater(this.#buffers, kernels, parts, capacity.update);
      const sampler = (of: RolloutCapacity | undefined) =>
        of === undefined ? null : new Sampler(this.#buffers, kernels, parts, of);
      this.#sampler = sampler(capacity.rollout);
      this.#evaluator = sampler(capacity.evaluation);
      this.#queries = gpu.hasTimestamps
        ? gpu.device.createQuerySet({ type: 'timestamp', count: queries })
        : null;
      this.#times = this.#buffers.queryResults('times', 8 * queries);
      const nothing: Source = { buffer: this.#times, bytes: 0 };
      const whole = (buffer: GPUBuffer | undefined): Source =>
        buffer === undefined ? nothing : { buffer, bytes: buffer.size };
      this.#readback = new Readback(this.#buffers, 'engine', {
        stats: whole(this.#updater.stats),
        report: whole(this.#updater.optimizer.report),
        tokens: whole(this.#sampler?.tokens),
        rolloutStats: whole(this.#sampler?.stats),
        times: whole(this.#times),
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
    const { dispatches, rows } = this.#updater.submit(
      groups,
      first,
      loss,
      optimizer,
      this.#queries === null ? undefined : { querySet: this.#queries, begin: 2, end: 3 },
    );
    this.#dispatches += dispatches;
    this.#updatedRows = rows;
  }

  /** Submits a rollout of policy and anchor (see Sampler.submit). */
  rollout(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random: { readonly seed: number; readonly step: number },
  ): PendingRollout {
    const { dispatches, rowOf } = present(this.#sampler).submit(
      prompts,
      requests,
      random,
      this.#queries === null
        ? undefined
        : { querySet: this.#queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    );
    this.#dispatches += dispatches;
    return { rowOf };
  }

  /** The one wait of a step: what the update reported and what the rollout sampled, in one readback. */
  async read<P extends PendingRollout | null>(
    pending: P,
    updated: boolean,
  ): Promise<{
    report: UpdateReport | null;
    completions: P extends null ? null : Completion[];
    times: PhaseTimes;
  }> {
    const names: Range[] = [
      ...(updated ? (['stats', 'report'] as const) : []),
      ...(pending === null ? [] : (['tokens', 'rolloutStats'] as const)),
      ...(this.#queries === null ? [] : (['times'] as const)),
    ];
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'readback' });
    if (this.#queries !== null) encoder.resolveQuerySet(this.#queries, 0, queries, this.#times, 0);
    this.#readback.copy(encoder, names);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const bytes = await this.#readback.take(names);
    const completions =
      pending === null ? null : present(this.#sampler).read(bytes.tokens, bytes.rolloutStats, pending.rowOf);
    return {
      report: updated ? summarise(bytes.stats, this.#updatedRows, bytes.report) : null,
      completions: completions as P extends null ? null : Completion[],
      times: this.#queries === null ? { rolloutMs: NaN, updateMs: NaN } : phaseTimes(bytes.times),
    };
  }

  /** Samples completions for evaluation and waits for them. */
  async evaluate(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random: { readonly seed: number; readonly step: number },
  ): Promise<Completion[]> {
    const evaluator = present(this.#evaluator);
    const { dispatches, rowOf } = evaluator.submit(prompts, requests, random);
    this.#dispatches += dispatches;
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'evaluation readback' });
    const names = ['evaluationTokens', 'evaluationStats'] as const;
    this.#readback.copy(encoder, names);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const bytes = await this.#readback.take(names);
    return evaluator.read(bytes.evaluationTokens, bytes.evaluationStats, rowOf);
  }

  /** A model's parameters, [layout.size]. Allocates its staging buffer: for saving, not for steps. */
  async readParameters(model: ModelName): Promise<Float32Array<ArrayBuffer>> {
    const { size } = this.parameters.layout;
    const buffers = new Buffers(this.#gpu);
    const copy = buffers.storage('parameters to read', size);
    const readback = new Readback(buffers, 'parameters', { values: { buffer: copy, bytes: 4 * size } });
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'read parameters' });
    encoder.copyBufferToBuffer(this.parameters.slabs, 4 * this.parameters.offsetOf(model), copy, 0, 4 * size);
    readback.copy(encoder, ['values']);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const { values } = await readback.take(['values']);
    buffers.destroy();
    return new Float32Array(values);
  }

  destroy(): void {
    this.#buffers.destroy();
    this.#queries?.destroy();
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

/** Sums per-token statistics in row order: the same bits every time. */
function summarise(stats: ArrayBuffer, rowCount: number, report: ArrayBuffer): UpdateReport {
  const rows = new Float32Array(stats, 0, rowCount * statWidth);
  const sums = new Float64Array(statWidth);
  for (let at = 0; at < rows.length; at += statWidth) {
    if (rows[at + 7] !== 1) continue;
    for (let i = 0; i < statWidth; i++) sums[i] = (sums[i] ?? 0) + (rows[at + i] ?? NaN);
  }
  const tokens = sums[7] ?? 0;
  const mean = (column: number) => (tokens === 0 ? NaN : (sums[column] ?? NaN) / tokens);
  return {
    ...readReport(report),
    loss: sums[0] ?? NaN,
    logProb: mean(1),
    clippedShare: mean(3),
    klReference: mean(4),
    klAnchor: mean(5),
    trainedTokens: tokens,
  };
}

function phaseTimes(bytes: ArrayBuffer): PhaseTimes {
  const [rolloutBegin = 0n, rolloutEnd = 0n, updateBegin = 0n, updateEnd = 0n] = new BigUint64Array(bytes);
  const milliseconds = (begin: bigint, end: bigint) => Number(end - begin) / 1e6;
  return {
    rolloutMs: milliseconds(rolloutBegin, rolloutEnd),
    updateMs: milliseconds(updateBegin, updateEnd),
  };
}
