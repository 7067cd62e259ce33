// Large models that are not trained have an engine of their own beside the trainer's: one buffer a matrix in the bits of
// its file instead of three slabs of floats in one, one recorded position that is replayed instead of all of them, and a
// workgroup a row wherever a row is as long as a vocabulary. Bending the trainer's kernels to both would have put
// branches into every product, and its bits, which records are replayed by, at risk.
import { Buffers } from '../../gpu/buffer.ts';
import { Clock } from '../../gpu/clock.ts';
import type { Gpu } from '../../gpu/device.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import { PacedWork, submissionMs } from '../../gpu/pacedWork.ts';
import { live, Program } from '../../gpu/program.ts';
import { Readback } from '../../gpu/readback.ts';
import { LabError } from '../../lib/labError.ts';
import { keyOf } from '../../lib/philox.ts';
import type { PretrainedConfig } from '../../model/pretrained/config.ts';
import type { Adapter } from '../../model/pretrained/adapter.ts';
import type { Pretrained } from '../../model/pretrained/pretrained.ts';
import { ropeTable } from '../ops/qk_norm_rope.ts';
import { AdaptedRows, AdapterSlots, noAdapter } from './adapters.ts';
import { readCompletions, type FrozenCompletion, type TokenFigures } from './completion.ts';
import { packPrompts, packSequences, type PackedRows } from './pack.ts';
import {
  dispatchCounts,
  recordChoice,
  recordLayers,
  recordLogits,
  recordScore,
  scoredStats,
  type FrozenParts,
} from './record.ts';
import {
  cacheRowsOf,
  rowsOf,
  widthsOf,
  workingWords,
  type FrozenCapacity,
  type WorkingBuffer,
} from './sizes.ts';
import { FrozenWeights } from './weights.ts';
import type { WeightChoice } from './matrix.ts';

/** One completion to sample. */
export interface FrozenRequest {
  /** Index into the call's prompts. */
  readonly prompt: number;
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Words of the random counter: which completion, of which prompt of a file. */
  readonly completion: number;
  readonly stream: number;
  /** What its random numbers are for, of `purposes`; those of asking where it is not said. */
  readonly purpose?: number;
  /** Slot of the adapter that it goes through; without it the model alone. */
  readonly adapter?: number;
}

/** Positions between two looks at whether all completions have ended. */
const lookEvery = 16;
/** Bytes brought to the device before it is waited for, so that copies don't pile up in memory. */
const settleBytes = 2 ** 26;
/** End tokens that a model may have. */
export const mostEndTokens = 16;

/** A model made elsewhere on the device: samples completions, and scores tokens. */
export class FrozenEngine {
  readonly config: PretrainedConfig;
  readonly capacity: FrozenCapacity;
  /** Of the rows that were scored last, [completions, padded vocabulary]. */
  readonly logits: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #buffers: Buffers;
  readonly #clock: Clock;
  readonly #weights: FrozenWeights;
  readonly #adapters: AdaptedRows | null;
  readonly #working: FrozenParts['working'];
  readonly #lives = { rows: live(), step: live() };
  readonly #choice = { position: live(), end_count: live(), seed_low: live(), seed_high: live() };
  readonly #inverseTemperature = live(1);
  /** The same layers, paced apart: prompts and single positions take different times. */
  readonly #prefill: PacedWork;
  readonly #decode: PacedWork;
  readonly #choose: PacedWork;
  readonly #head: PacedWork;
  readonly #score: PacedWork;
  readonly #readback: Readback<'tokens' | 'stats' | 'done' | 'scored' | 'times'>;
  readonly #sampled = { promptTokens: 0, positions: 0 };

  /**
   * Makes all buffers and records all programs; await `kernels.compile()` and `load` before using them.
   * @throws LabError `does-not-fit`
   */
  constructor(gpu: Gpu, kernels: Kernels, model: Pretrained, capacity: FrozenCapacity, choice: WeightChoice) {
    this.#gpu = gpu;
    this.config = model.config;
    this.capacity = capacity;
    const buffers = new Buffers(gpu);
    this.#buffers = buffers;
    try {
      const { config } = model;
      this.#weights = new FrozenWeights(buffers, model, choice);
      const room = capacity.adapters;
      this.#adapters =
        room === undefined
          ? null
          : new AdaptedRows(buffers, new AdapterSlots(buffers, model.names, room), rowsOf(capacity));
      const sizes = Object.entries(workingWords(config, capacity)) as [WorkingBuffer, number][];
      this.#working = Object.fromEntries(
        sizes.map(([name, words]) => [name, buffers.storage(name, words)]),
      ) as FrozenParts['working'];
      const cacheWords = cacheRowsOf(capacity) * widthsOf(config).keys;
      const cache = (name: string, layer: number) =>
        buffers.storage(`layer ${String(layer)} ${name} cache`, cacheWords);
      const parts: FrozenParts = {
        config,
        kernels,
        weights: this.#weights,
        working: this.#working,
        adapters: this.#adapters,
        caches: Array.from({ length: config.layers }, (_, layer) => ({
          k: cache('key', layer),
          v: cache('value', layer),
        })),
      };
      this.logits = this.#working.logits;
      const positions = capacity.maxPromptLength + capacity.maxCompletionLength;
      const rope = ropeTable({ head_dim: config.headDim, rope_theta: config.theta }, positions);
      gpu.device.queue.writeBuffer(this.#working.rope, 0, rope);
      const counts = dispatchCounts(parts);
      const { rows } = this.#lives;
      const layers = new Program(buffers, 'layers', counts.layers);
      recordLayers(parts, layers, this.#lives);
      const choose = new Program(buffers, 'choose', counts.head);
      recordLogits(parts, choose, rows);
      recordChoice(parts, choose, rows, this.#choice, capacity.maxCompletionLength);
      const head = new Program(buffers, 'head', counts.head);
      recordLogits(parts, head, rows);
      const score = new Program(buffers, 'score', 1);
      recordScore(parts, score, rows, this.#inverseTemperature);
      this.#clock = new Clock(buffers);
      const pace = { clock: this.#clock, limitMs: submissionMs };
      const paced = (label: string, work: Program) => new PacedWork(label, gpu.device, work, pace);
      this.#prefill = paced('prefill', layers);
      this.#decode = paced('decode', layers);
      this.#choose = paced('choose', choose);
      this.#head = paced('head', head);
      this.#score = paced('score', score);
      const { tokens, stats, done, scored } = this.#working;
      const whole = (buffer: GPUBuffer) => ({ buffer, bytes: buffer.size });
      this.#readback = new Readback(buffers, 'frozen', {
        tokens: whole(tokens),
        stats: whole(stats),
        done: whole(done),
        scored: whole(scored),
        times: this.#clock.source ?? { buffer: done, bytes: 0 },
      });
    } catch (error) {
      // What does not fit leaves nothing behind.
      buffers.destroy();
      throw error;
    }
  }

  /** What training its adapters builds on. @throws LabError `bug` where there is no room for any */
  get parts(): Pick<FrozenParts, 'config' | 'weights'> & { readonly slots: AdapterSlots } {
    return { config: this.config, weights: this.#weights, slots: this.#adapted().slots };
  }

  /** Milliseconds of sampling on the device since this was last asked, as far as they were waited for. */
  takeMs(): number {
    return this.#prefill.takeMs() + this.#decode.takeMs() + this.#choose.takeMs();
  }

  /** Buffers made, and waits for the device, so far. */
  get counts(): { readonly allocations: number; readonly readbacks: number } {
    return { allocations: this.#buffers.count, readbacks: this.#readback.waits };
  }

  /** Tokens of prompts, and positions of completions, all in flight counted as one, that sampling has computed so far. */
  get sampled(): { readonly promptTokens: number; readonly positions: number } {
    return { ...this.#sampled };
  }

  /** Bytes of all its buffers. */
  get sizeBytes(): number {
    return this.#buffers.sizeBytes;
  }

  /** Brings the weights to the device. @param progress with bytes read so far */
  async load(progress: (bytes: number) => void = () => undefined): Promise<void> {
    let [all, waiting] = [0, 0];
    await this.#weights.load(async (bytes) => {
      all += bytes;
      waiting += bytes;
      progress(all);
      if (waiting < settleBytes) return;
      waiting = 0;
      await this.#take(['done']);
    });
  }

  /**
   * Puts an adapter into a slot, in the place of what was there.
   * @throws LabError `does-not-fit` where room for it was not asked for; `bad-file` where a number is not finite
   */
  async loadAdapter(slot: number, adapter: Adapter): Promise<void> {
    await this.#adapted().slots.load(slot, adapter);
  }

  /**
   * Samples completions of prompts. Each depends on its own words alone, whatever else is in flight.
   * @param prompts token ids, none empty
   * @param ends tokens that end a completion
   * @param look told now and then what there is so far; false ends the call with that
   * @throws LabError `does-not-fit` where the call is larger than the capacity
   */
  async complete(
    prompts: readonly (readonly number[])[],
    requests: readonly FrozenRequest[],
    {
      seed,
      ends,
      maxTokens,
      look,
    }: {
      readonly seed: number;
      readonly ends: readonly number[];
      readonly maxTokens: number;
      readonly look?: (soFar: readonly FrozenCompletion[]) => boolean;
    },
  ): Promise<FrozenCompletion[]> {
    const packed = packPrompts(prompts, requests, this.capacity);
    this.#check('completions', requests.length, this.capacity.completions);
    this.#check('end tokens', ends.length, mostEndTokens);
    this.#check('tokens a completion', maxTokens, this.capacity.maxCompletionLength);
    const { queue } = this.#gpu.device;
    this.#lives.step.value = 0;
    this.#sampled.promptTokens += packed.prefixes.count;
    this.#passes(packed.prefixes, this.capacity.passRows, () => {
      this.#prefill.submit();
    });
    queue.writeBuffer(this.#working.token, 0, packed.current);
    queue.writeBuffer(this.#working.places, 0, packed.places);
    queue.writeBuffer(this.#working.sampler, 0, packed.sampler);
    queue.writeBuffer(this.#working.ends, 0, Uint32Array.from(ends));
    queue.writeBuffer(this.#working.done, 0, new Uint32Array(this.#working.done.size / 4));
    this.#lives.rows.value = requests.length;
    this.#setRows(packed.slots);
    this.#choice.end_count.value = ends.length;
    [this.#choice.seed_low.value, this.#choice.seed_high.value] = keyOf(seed);
    const written = async (count: number): Promise<FrozenCompletion[]> => {
      const { tokens, stats } = await this.#take(['tokens', 'stats']);
      return readCompletions(new Uint32Array(tokens), new Float32Array(stats), {
        completions: requests.length,
        stride: this.capacity.maxCompletionLength,
        maxTokens: count,
        ends,
      });
    };
    for (let position = 0; position < maxTokens; position++) {
      this.#lives.step.value = position;
      this.#choice.position.value = position;
      this.#decode.submit();
      this.#choose.submit();
      this.#sampled.positions++;
      if ((position + 1) % lookEvery !== 0 || position + 1 === maxTokens) continue;
      const { done } = await this.#take(['done']);
      if (new Uint32Array(done).subarray(0, requests.length).every((each) => each === 1)) break;
      if (look === undefined || position + 1 === maxTokens) continue;
      const soFar = await written(position + 1);
      if (!look(soFar)) return soFar;
    }
    return written(maxTokens);
  }

  /**
   * Log-probability of every token of given texts but the first, given those before it, and the entropy of what it was
   * drawn from.
   * @param sequences token ids, of at least two tokens each
   * @param adapter slot of the adapter that all go through; without it the model alone
   * @returns per sequence, [n − 1]
   */
  async score(
    sequences: readonly (readonly number[])[],
    temperature = 1,
    adapter?: number,
  ): Promise<TokenFigures[]> {
    const figures = sequences.map(({ length }) => ({
      logProbs: new Float32Array(length - 1),
      entropies: new Float32Array(length - 1),
    }));
    this.#inverseTemperature.value = 1 / temperature;
    const { floats, at } = scoredStats;
    for (const rows of this.rowsOf(sequences, adapter)) {
      this.#score.submit();
      const { scored } = await this.#take(['scored']);
      const values = new Float32Array(scored);
      rows.forEach(({ sequence, index }, row) => {
        const of = figures[sequence];
        if (of === undefined) return;
        of.logProbs[index] = values[row * floats + at.log_prob] ?? NaN;
        of.entropies[index] = values[row * floats + at.entropy] ?? NaN;
      });
    }
    return figures;
  }

  /**
   * Computes the logits of given texts a few rows at a time; between two of them they lie in `logits`.
   * @param adapter slot of the adapter that all go through; without it the model alone
   * @returns whose rows they are: the token at `index` + 1 of a sequence is predicted
   */
  *rowsOf(
    sequences: readonly (readonly number[])[],
    adapter?: number,
  ): Generator<readonly { readonly sequence: number; readonly index: number }[]> {
    this.#lives.step.value = 0;
    for (const batch of packSequences(sequences, this.capacity, adapter)) {
      const most = Math.min(this.capacity.completions, this.capacity.passRows);
      for (let first = 0; first < batch.count; first += most) {
        this.#writeRows(batch, first, Math.min(most, batch.count - first));
        this.#gpu.device.queue.writeBuffer(
          this.#working.target,
          0,
          batch.target.slice(first, first + this.#lives.rows.value),
        );
        this.#prefill.submit();
        this.#head.submit();
        yield batch.owners.slice(first, first + this.#lives.rows.value);
      }
    }
  }

  destroy(): void {
    this.#clock.destroy();
    this.#buffers.destroy();
  }

  #passes(rows: PackedRows, most: number, submit: () => void): void {
    for (let first = 0; first < rows.count; first += most) {
      this.#writeRows(rows, first, Math.min(most, rows.count - first));
      submit();
    }
  }

  #adapted(): AdaptedRows {
    if (this.#adapters !== null) return this.#adapters;
    throw new LabError('bug', 'This engine has no room for adapters.', 'Ask for it in its capacity.');
  }

  #setRows(slots: Int32Array): void {
    if (this.#adapters !== null || slots.some((slot) => slot !== noAdapter)) this.#adapted().set(slots);
  }

  #writeRows({ token, places, slots }: PackedRows, first: number, count: number): void {
    const { queue } = this.#gpu.device;
    queue.writeBuffer(this.#working.token, 0, token.slice(first, first + count));
    queue.writeBuffer(this.#working.places, 0, places.slice(4 * first, 4 * (first + count)));
    this.#setRows(slots.subarray(first, first + count));
    this.#lives.rows.value = count;
  }

  #check(what: string, wanted: number, most: number): void {
    if (wanted <= most) return;
    throw new LabError(
      'does-not-fit',
      `${String(wanted)} ${what} at once, but the engine was made for ${String(most)}.`,
      'Ask for fewer at a time.',
    );
  }

  async #take<Name extends 'tokens' | 'stats' | 'done' | 'scored'>(
    names: readonly Name[],
  ): Promise<Record<Name, ArrayBuffer>> {
    const { device } = this.#gpu;
    const encoder = device.createCommandEncoder({ label: 'frozen readback' });
    this.#clock.resolve(encoder);
    const all = [...names, 'times'] as const;
    this.#readback.copy(encoder, all);
    device.queue.submit([encoder.finish()]);
    const bytes = await this.#readback.take(all);
    this.#clock.tell(this.#clock.source === null ? null : bytes.times);
    this.#clock.leave();
    return bytes;
  }
}
