import { Buffers } from '../../gpu/buffer.ts';
import type { Wait } from '../../gpu/clock.ts';
import type { Gpu } from '../../gpu/device.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import { Readback } from '../../gpu/readback.ts';
import type { Pretrained } from '../../model/pretrained/pretrained.ts';
import type { EngineCapacity, PendingRollout, PhaseTimes, TrainingEngine, TrainingState } from '../engine.ts';
import type { OptimizerSettings } from '../optimizer.ts';
import type { RolloutRandom, RolloutRequest } from '../rollout/call.ts';
import type { Completion } from '../rollout/sampler.ts';
import type { TrainingGroup } from '../rows.ts';
import type { LossSettings } from '../update.ts';
import type { LearnedTokens, UpdateReport } from '../updateReport.ts';
import { adapterLayout, type AdapterRoom } from './adapterLayout.ts';
import { FrozenEngine } from './engine.ts';
import { rolloutCalls, textsInFlight } from './rolloutCalls.ts';
import type { WeightChoice } from './matrix.ts';
import { needOf, widthsOf, type FrozenCapacity, type FrozenNeed } from './sizes.ts';
import { AdapterUpdater, runSlots } from './update.ts';
import { trainedSize, updateNeed, type TrainedFactors } from './updateSizes.ts';

/** How an adapter is trained. */
export interface AdapterTraining extends Omit<AdapterRoom, 'slots'> {
  readonly trains: TrainedFactors;
  /** What its product is scaled by. */
  readonly scale: number;
  /** Completions in flight at once, at most. */
  readonly inFlight: number;
  readonly weights: WeightChoice;
}

/** What training computes. */
export interface AdapterWork {
  /** Tokens of prompts, once for each model that completes them. */
  readonly promptTokens: number;
  /** Positions of completions, all in flight counted as one. */
  readonly positions: number;
  /** Rows of micro-batches, once an update. */
  readonly updateRows: number;
}

/** Rows of a pass over prompts. */
const passRows = 128;
/** Bytes of the logits in flight, one binding. */
const logitsBytes = 2 ** 27;

/**
 * What the frozen model must hold for rollouts of a run: policy and anchor each with prompts of their own, as many as the
 * completions in flight of a step are of. An evaluation, whose prompts have fewer completions each, has fewer in flight.
 */
export function rolloutRoom(
  { config }: Pick<Pretrained, 'config'>,
  { rollout, evaluation }: EngineCapacity,
  { rank, targets, inFlight }: AdapterTraining,
): FrozenCapacity {
  const calls = [rollout, evaluation].filter((call) => call !== undefined);
  const most = (of: (call: (typeof calls)[number]) => number) => Math.max(1, ...calls.map(of));
  const completions = Math.max(
    1,
    Math.min(
      inFlight,
      most((call) => call.rollouts),
      Math.floor(logitsBytes / (4 * widthsOf(config).logits)),
    ),
  );
  const maxPromptLength = most((call) => call.maxPromptLength);
  const texts = rollout === undefined ? completions : textsInFlight(rollout, completions);
  return {
    completions,
    passRows,
    promptTokens: texts * Math.max(1, maxPromptLength - 1),
    maxPromptLength,
    maxCompletionLength: most((call) => call.maxCompletionLength),
    adapters: { slots: Object.keys(runSlots).length, rank, targets },
  };
}

/** Bytes that the engine takes beside the frozen model and the update: factors and moments as they were, and on their way out. */
function keptBytes({ names }: Pick<Pretrained, 'names'>, training: AdapterTraining): number {
  const layout = adapterLayout(names, training);
  const slots = Object.keys(runSlots).length;
  return 2 * 4 * (slots * layout.size + 2 * trainedSize(layout, training.trains));
}

/** What a run needs on the device, bytes: the frozen model with room for rollouts, and the update. */
export interface AdapterNeed extends FrozenNeed {
  readonly updateBytes: number;
  readonly room: FrozenCapacity;
}

/** What training an adapter takes, from sizes alone. */
export function trainingNeed(
  model: Pretrained,
  training: AdapterTraining,
  capacity: EngineCapacity,
): AdapterNeed {
  const room = rolloutRoom(model, capacity, training);
  const rolls = needOf(model, training.weights, room);
  const slots = Object.keys(runSlots).length;
  const update = updateNeed(model, { slots, ...training }, training.trains, capacity.update);
  const updateBytes = update.totalBytes + keptBytes(model, training);
  return {
    ...rolls,
    totalBytes: rolls.totalBytes + updateBytes,
    largest: update.largest.bytes > rolls.largest.bytes ? update.largest : rolls.largest,
    updateBytes,
    room,
  };
}

/** A call of the sampler that waits to be read. */
interface Call {
  readonly prompts: readonly (readonly number[])[];
  readonly requests: readonly RolloutRequest[];
  readonly random: RolloutRandom;
}

/**
 * An adapter of a frozen model in training, as the trainer knows engines: policy and anchor are factors, the reference is the
 * model without any. `load` brings the model to the device.
 */
export class AdapterEngine implements TrainingEngine {
  readonly frozen: FrozenEngine;
  readonly updater: AdapterUpdater;
  readonly #gpu: Gpu;
  readonly #buffers: Buffers;
  readonly #scale: number;
  readonly #ends: readonly number[];
  readonly #state: Readback<'factors' | 'm' | 'v'>;
  readonly #kept: readonly { readonly of: GPUBuffer; readonly copy: GPUBuffer }[];
  #pending: Call | null = null;
  #dispatches = 0;
  #updateRows = 0;

  /**
   * @param factors policy and anchor to begin with, [layout.size]
   * @throws LabError `does-not-fit`
   */
  constructor(
    gpu: Gpu,
    kernels: Kernels,
    model: Pretrained,
    factors: Float32Array<ArrayBuffer>,
    capacity: EngineCapacity,
    training: AdapterTraining,
  ) {
    this.#gpu = gpu;
    this.#scale = training.scale;
    this.#ends = model.endTokens;
    this.frozen = new FrozenEngine(
      gpu,
      kernels,
      model,
      rolloutRoom(model, capacity, training),
      training.weights,
    );
    this.#buffers = new Buffers(gpu);
    try {
      this.updater = new AdapterUpdater(gpu, kernels, this.frozen, capacity.update, training);
      const { factors: slots } = this.frozen.parts.slots;
      const { m, v } = this.updater.policy;
      const whole = (buffer: GPUBuffer) => ({ buffer, bytes: buffer.size });
      this.#state = new Readback(this.#buffers, 'state', { factors: whole(slots), m: whole(m), v: whole(v) });
      this.#kept = [slots, m, v].map((of) => ({
        of,
        copy: this.#buffers.storage(`${of.label} kept`, of.size / 4),
      }));
    } catch (error) {
      // What does not fit leaves nothing behind.
      this.#buffers.destroy();
      this.frozen.destroy();
      throw error;
    }
    this.#write(factors, factors);
  }

  /** Brings the model to the device. @param progress with bytes read so far */
  load(progress?: (bytes: number) => void): Promise<void> {
    return this.frozen.load(progress);
  }

  /** What it has computed so far. */
  get work(): AdapterWork {
    return { ...this.frozen.sampled, updateRows: this.#updateRows };
  }

  get counts(): { dispatches: number; readbacks: number; allocations: number; bytes: number } {
    const all = [this.frozen.counts, this.updater.counts];
    const sum = (of: (counts: (typeof all)[number]) => number) =>
      all.reduce((total, each) => total + of(each), 0);
    return {
      dispatches: this.#dispatches,
      readbacks: sum(({ readbacks }) => readbacks),
      allocations: sum(({ allocations }) => allocations) + this.#buffers.count,
      bytes: this.frozen.sizeBytes + this.updater.sizeBytes + this.#buffers.sizeBytes,
    };
  }

  update(
    groups: readonly TrainingGroup[],
    first: boolean,
    loss: LossSettings,
    optimizer: OptimizerSettings,
  ): void {
    const { dispatches, rows } = this.updater.submit(groups, first, loss, optimizer);
    this.#dispatches += dispatches;
    this.#updateRows += rows;
  }

  /** Remembers what is to be sampled; `read` samples it, behind the update. */
  rollout(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random: RolloutRandom,
  ): PendingRollout {
    this.#pending = { prompts, requests, random };
    return { rowOf: requests.map((_, row) => row) };
  }

  /** What the update reported, in one wait; then what was to be sampled, in waits of its own: completions end early. */
  async read<P extends PendingRollout | null>(
    pending: P,
    updated: boolean,
  ): Promise<{
    report: UpdateReport | null;
    tokens: LearnedTokens | null;
    completions: P extends null ? null : Completion[];
    times: PhaseTimes;
  }> {
    const update = updated ? await this.updater.read() : null;
    const wait: Wait = update?.times ?? { waitMs: 0, othersMs: 0 };
    const call = pending === null ? null : this.#pending;
    this.#pending = null;
    const completions = call === null ? null : await this.#sample(call);
    return {
      report: update?.report ?? null,
      tokens: update?.tokens ?? null,
      completions: completions as P extends null ? null : Completion[],
      times: { ...wait, rolloutMs: this.frozen.takeMs(), updateMs: update?.times.updateMs ?? NaN },
    };
  }

  async evaluate(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random: RolloutRandom,
  ): Promise<Completion[]> {
    return this.#sample({ prompts, requests, random });
  }

  async readState(): Promise<TrainingState> {
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'read state' });
    const names = ['factors', 'm', 'v'] as const;
    this.#state.copy(encoder, names);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const read = await this.#state.take(names);
    const { size } = this.frozen.parts.slots.layout;
    const factors = new Float32Array(read.factors);
    const of = (slot: number) => factors.slice(slot * size, (slot + 1) * size);
    return {
      policy: of(runSlots.policy),
      anchor: of(runSlots.anchor),
      m: new Float32Array(read.m),
      v: new Float32Array(read.v),
    };
  }

  loadState({ policy, anchor, m, v }: TrainingState): void {
    this.#write(policy, anchor);
    const { trainedSize } = this.updater;
    // A run that begins has zeros for all factors, trained or not.
    this.updater.policy.loadMoments(m.slice(0, trainedSize), v.slice(0, trainedSize));
  }

  keep(): void {
    this.#copy(this.#kept.map(({ of, copy }) => [of, copy]));
  }

  goBack(): void {
    this.#copy(this.#kept.map(({ of, copy }) => [copy, of]));
  }

  /** Waits of this engine end with their readbacks: nothing is left to give way with. */
  leave(): void {
    return undefined;
  }

  destroy(): void {
    this.updater.destroy();
    this.#buffers.destroy();
    this.frozen.destroy();
  }

  #write(policy: Float32Array<ArrayBuffer>, anchor: Float32Array<ArrayBuffer>): void {
    const { slots } = this.frozen.parts;
    slots.write(runSlots.policy, policy, this.#scale);
    slots.write(runSlots.anchor, anchor, this.#scale);
  }

  #copy(pairs: readonly (readonly [from: GPUBuffer, to: GPUBuffer])[]): void {
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'keep' });
    for (const [from, to] of pairs) encoder.copyBufferToBuffer(from, 0, to, 0, from.size);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  /** As many completions at a time as are in flight; what each becomes depends on its own words alone. */
  async #sample({ prompts, requests, random }: Call): Promise<Completion[]> {
    const { capacity } = this.frozen;
    const all: Completion[] = [];
    const length = (prompt: number): number => prompts[prompt]?.length ?? 0;
    for (const part of rolloutCalls(requests, length, capacity)) {
      const own = [...new Set(part.map(({ prompt }) => prompt))];
      const sampled = await this.frozen.complete(
        own.map((prompt) => prompts[prompt] ?? []),
        part.map(({ prompt, model, temperature, rollout, purpose }) => ({
          ...{ prompt: own.indexOf(prompt), temperature, completion: rollout, stream: random.step, purpose },
          adapter: runSlots[model],
        })),
        { seed: random.seed, ends: this.#ends, maxTokens: capacity.maxCompletionLength },
      );
      all.push(...sampled);
    }
    return all;
  }
}
