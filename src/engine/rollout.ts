import sample from '../../shaders/rollout/sample.wgsl';
import type { Buffers } from '../gpu/buffer.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { live, Program } from '../gpu/program.ts';
import { cachedLayers, widthsOf } from './activations.ts';
import { recordLayers, recordLogits, type Pass } from './forward.ts';
import { stride4 } from './ops/matmul.ts';
import { ropeTable } from './ops/qk_norm_rope.ts';
import { padRows } from './plan.ts';
import type { PlannedModel, RowSpace } from './recorder.ts';

/** The most a call can hold; buffers are made for it once. */
export interface RolloutCapacity {
  readonly prompts: number;
  readonly rollouts: number;
  readonly maxPromptLength: number;
  readonly maxCompletionLength: number;
  readonly endToken: number;
}

/** One completion to sample. */
export interface RolloutRequest {
  /** Index into the call's prompts. */
  readonly prompt: number;
  readonly model: 'policy' | 'anchor';
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Words of the random counter (see lib/philox): which rollout, and what the numbers are for. */
  readonly rollout: number;
  readonly purpose: number;
}

/** One sampled completion. */
export interface Completion {
  /** [L], end token included when there is one. */
  readonly tokens: readonly number[];
  readonly truncated: boolean;
  /** Per token, nats, [L]. */
  readonly logProbs: Float32Array;
  readonly entropies: Float32Array;
  readonly selfCertainties: Float32Array;
}

/**
 * Sampling of policy and anchor together, entirely on the device: the prompts' prefixes once per prompt and
 * model, then one token of every rollout at a time over a cache of keys and values.
 */
export class Sampler {
  /** [rollouts, maxCompletionLength] */
  readonly tokens: GPUBuffer;
  /** [rollouts, maxCompletionLength, 4]: ln π, entropy, self-certainty, 0 */
  readonly stats: GPUBuffer;
  /** Rows that `tokens` and `stats` hold, padding included. */
  readonly rows: number;
  readonly #capacity: RolloutCapacity;
  readonly #device: GPUDevice;
  readonly #program: Program;
  readonly #prefix = { rows: live(), split: [live(), live(0xffff_ffff)] as const };
  readonly #decode = { rows: live(), split: [live(), live(0xffff_ffff)] as const };
  readonly #random = { step: live(), seed_low: live(), seed_high: live() };
  readonly #inputs: Readonly<
    Record<'prefixToken' | 'prefixMeta' | 'rolloutMeta' | 'current' | 'sampler_of', GPUBuffer>
  >;
  readonly #prefixRows: number;

  constructor(
    buffers: Buffers,
    kernels: Kernels,
    model: PlannedModel,
    capacity: RolloutCapacity,
  ) {
    const { config, parameters } = model;
    const { maxCompletionLength: length, maxPromptLength } = capacity;
    this.#capacity = capacity;
    this.#device = buffers.gpu.device;
    // Policy and anchor rows are padded apart, so that a block of rows has one model.
    this.#prefixRows = 2 * padRows(capacity.prompts * (maxPromptLength - 1));
    this.rows = padRows(capacity.rollouts) + padRows(1);

    const program = new Program(buffers, 'rollout', (2 + length) * (4 + 7 * config.num_hidden_layers));
    this.#program = program;
    const r = { program, kernels, ...model };
    const layers = cachedLayers(
      buffers,
      config,
      Math.max(this.#prefixRows, this.rows),
      this.#prefixRows + this.rows * length,
    );
    const rope = buffers.storage('rope', (maxPromptLength + length) * config.head_dim);
    this.#device.queue.writeBuffer(rope, 0, ropeTable(config, maxPromptLength + length));
    this.#inputs = {
      prefixToken: buffers.storage('prefix token', this.#prefixRows),
      prefixMeta: buffers.storage('prefix meta', 4 * this.#prefixRows),
      rolloutMeta: buffers.storage('rollout meta', 4 * this.rows),
      current: buffers.storage('current token', this.rows),
      sampler_of: buffers.storage('sampler', 4 * this.rows),
    };
    this.tokens = buffers.storage('rollout tokens', this.rows * length);
    this.stats = buffers.storage('rollout stats', 4 * this.rows * length);
    const logits = buffers.storage('rollout logits', this.rows * widthsOf(config).logits);
    const rstd = buffers.storage('rollout final rstd', this.rows);
    const done = buffers.storage('done', this.rows);
    const slabs = [parameters.offsetOf('policy'), parameters.offsetOf('anchor'), 0] as const;

    const prefix: Pass = {
      space: { ...this.#prefix, slabs },
      place: { stride: 1, offset: 0 },
      layers,
      token: this.#inputs.prefixToken,
      row_meta: this.#inputs.prefixMeta,
      rope,
    };
    recordLayers(r, prefix, 'keys');
    const space: RowSpace = { ...this.#decode, slabs };
    for (let position = 0; position < length; position++) {
      const pass: Pass = {
        space,
        place: { stride: length, offset: this.#prefixRows + position },
        layers,
        token: this.#inputs.current,
        row_meta: this.#inputs.rolloutMeta,
        rope,
      };
      recordLayers(r, pass, 'output');
      recordLogits(r, space, { x: layers.at(-1)?.next ?? logits, y: logits, rstd });
      program.dispatch(
        kernels.get(sample),
        {
          logits,
          sampler_of: this.#inputs.sampler_of,
          token: this.tokens,
          stats: this.stats,
          current: this.#inputs.current,
          done,
        },
        {
          rows: space.rows,
          vocab: config.vocab_size,
          stride4: stride4(config.vocab_size),
          position,
          max_length: length,
          end_token: capacity.endToken,
          ...this.#random,
        },
        () => space.rows.value,
      );
    }
  }

  /**
   * Submits a call. Requests list the policy's rollouts first.
   * @param random seed and step: the same words give the same completions, whatever else is in flight
   * @returns dispatches, and the row of each request, for `read`
   */
  submit(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random: { readonly seed: number; readonly step: number },
    timestampWrites?: GPUComputePassTimestampWrites,
  ): { dispatches: number; rowOf: readonly number[] } {
    const rowOf = this.#write(prompts, requests);
    this.#random.seed_low.value = random.seed;
    this.#random.seed_high.value = 0;
    this.#random.step.value = random.step;
    this.#program.upload();
    const encoder = this.#device.createCommandEncoder({ label: 'rollout' });
    const pass = encoder.beginComputePass({
      label: 'rollout',
      ...(timestampWrites === undefined ? {} : { timestampWrites }),
    });
    const dispatches = this.#program.encode(pass);
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
    return { dispatches, rowOf };
  }

  #write(prompts: readonly (readonly number[])[], requests: readonly RolloutRequest[]): number[] {
    const policies = requests.filter(({ model }) => model === 'policy').length;
    const anchors = requests.length - policies;
    const used = anchors > 0 ? (['policy', 'anchor'] as const) : (['policy'] as const);

    // Prefixes: all prompts under the policy, then (padded) under the anchor.
    const starts: Record<RolloutRequest['model'], number[]> = { policy: [], anchor: [] };
    const prefixToken = new Uint32Array(this.#prefixRows);
    const prefixMeta = new Uint32Array(4 * this.#prefixRows);
    let row = 0;
    for (const model of used) {
      for (const prompt of prompts) {
        const start = row;
        starts[model].push(start);
        for (const id of prompt.slice(0, -1)) {
          prefixToken[row] = id;
          prefixMeta.set([start, 0, start, 0], 4 * row);
          row++;
        }
      }
      for (; row % padRows(1) !== 0; row++) prefixMeta.set([row, 0, row, 0], 4 * row);
      if (model === 'policy') this.#prefix.split[0].value = row;
    }
    this.#prefix.rows.value = row;

    const anchorRow = padRows(policies);
    const rows = anchorRow + padRows(anchors);
    this.#decode.rows.value = rows;
    this.#decode.split[0].value = anchorRow;
    const rolloutMeta = new Uint32Array(4 * rows);
    const current = new Uint32Array(rows);
    const samplerOf = new Uint32Array(4 * rows);
    const temperatures = new Float32Array(samplerOf.buffer);
    const length = this.#capacity.maxCompletionLength;
    for (let r = 0; r < rows; r++) rolloutMeta[4 * r + 2] = this.#prefixRows + r * length;
    let nextPolicy = 0;
    let nextAnchor = anchorRow;
    const rowOf = requests.map((request) => {
      const r = request.model === 'policy' ? nextPolicy++ : nextAnchor++;
      const prompt = prompts[request.prompt] ?? [];
      rolloutMeta[4 * r] = starts[request.model][request.prompt] ?? 0;
      rolloutMeta[4 * r + 1] = prompt.length - 1;
      current[r] = prompt.at(-1) ?? 0;
      temperatures[4 * r] = request.temperature;
      samplerOf[4 * r + 1] = request.rollout;
      samplerOf[4 * r + 2] = request.purpose;
      return r;
    });
    const { queue } = this.#device;
    queue.writeBuffer(this.#inputs.prefixToken, 0, prefixToken);
    queue.writeBuffer(this.#inputs.prefixMeta, 0, prefixMeta);
    queue.writeBuffer(this.#inputs.rolloutMeta, 0, rolloutMeta);
    queue.writeBuffer(this.#inputs.current, 0, current);
    queue.writeBuffer(this.#inputs.sampler_of, 0, samplerOf);
    return rowOf;
  }

  /** The completions at `rowOf` from the bytes of `tokens` and `stats`. */
  read(tokens: ArrayBuffer, stats: ArrayBuffer, rowOf: readonly number[]): Completion[] {
    const ids = new Uint32Array(tokens);
    const values = new Float32Array(stats);
    const { maxCompletionLength: length, endToken } = this.#capacity;
    return rowOf.map((row) => {
      const all = ids.subarray(row * length, (row + 1) * length);
      const end = all.indexOf(endToken);
      const count = end < 0 ? length : end + 1;
      const column = (which: number) =>
        Float32Array.from({ length: count }, (_, t) => values[4 * (row * length + t) + which] ?? NaN);
      return {
        tokens: [...all.subarray(0, count)],
        truncated: end < 0,
        logProbs: column(0),
        entropies: column(1),
        selfCertainties: column(2),
      };
    });
  }
}
