import sample from '../../../shaders/rollout/sample.wgsl';
import type { Buffers } from '../../gpu/buffer.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import { live, Program } from '../../gpu/program.ts';
import { cachedLayers, widthsOf } from '../activations.ts';
import { recordLayers, recordLogits, type Pass } from '../forward.ts';
import { stride4 } from '../ops/matmul.ts';
import { ropeTable } from '../ops/qk_norm_rope.ts';
import { padRows, rowBlock } from '../plan.ts';
import type { PlannedModel, RowSpace } from '../recorder.ts';
import {
  rowsFor,
  type RolloutCall,
  type RolloutCapacity,
  type RolloutPath,
  type RolloutRequest,
} from './call.ts';
import { tokenStats } from './tokenStats.ts';

/**
 * One dispatch per operation, with the kernels of the update: the prompts' prefixes once per prompt and model,
 * then one token of every rollout at a time over a cache of keys and values. For models of any size.
 */
export class OperationsRollout implements RolloutPath {
  readonly rowBlock = rowBlock;
  readonly tokens: GPUBuffer;
  readonly stats: GPUBuffer;
  readonly work: Program;
  readonly #capacity: RolloutCapacity;
  readonly #queue: GPUQueue;
  readonly #prefix = { rows: live(), split: [live(), live(0xffff_ffff)] as const };
  readonly #decode = { rows: live(), split: [live(), live(0xffff_ffff)] as const };
  readonly #random = { step: live(), seed_low: live(), seed_high: live() };
  readonly #inputs: Readonly<
    Record<'prefixToken' | 'prefixMeta' | 'rolloutMeta' | 'current' | 'sampler_of', GPUBuffer>
  >;
  readonly #prefixRows: number;

  constructor(buffers: Buffers, kernels: Kernels, model: PlannedModel, capacity: RolloutCapacity) {
    const { config, parameters } = model;
    const { maxCompletionLength: length, maxPromptLength } = capacity;
    this.#capacity = capacity;
    this.#queue = buffers.gpu.device.queue;
    // Policy and anchor rows are padded apart, so that a block of rows has one model.
    this.#prefixRows = 2 * padRows(capacity.prompts * (maxPromptLength - 1));
    const rows = rowsFor(capacity.rollouts, rowBlock);

    const program = new Program(buffers, 'rollout', (2 + length) * (4 + 7 * config.num_hidden_layers));
    this.work = program;
    const r = { program, kernels, ...model };
    const layers = cachedLayers(
      buffers,
      model,
      Math.max(this.#prefixRows, rows),
      this.#prefixRows + rows * length,
    );
    const rope = buffers.storage('rope', (maxPromptLength + length) * config.head_dim);
    this.#queue.writeBuffer(rope, 0, ropeTable(config, maxPromptLength + length));
    this.#inputs = {
      prefixToken: buffers.storage('prefix token', this.#prefixRows),
      prefixMeta: buffers.storage('prefix meta', 4 * this.#prefixRows),
      rolloutMeta: buffers.storage('rollout meta', 4 * rows),
      current: buffers.storage('current token', rows),
      sampler_of: buffers.storage('sampler', 4 * rows),
    };
    this.tokens = buffers.storage('rollout tokens', rows * length);
    this.stats = buffers.storage('rollout stats', tokenStats.floats * rows * length);
    const logits = buffers.storage('rollout logits', rows * widthsOf(config).logits);
    const rstd = buffers.storage('rollout final rstd', rows);
    const done = buffers.storage('done', rows);
    const weights = [parameters.policy, parameters.anchor, parameters.policy] as const;

    const prefix: Pass = {
      space: { ...this.#prefix, weights },
      place: { stride: 1, offset: 0 },
      layers,
      token: this.#inputs.prefixToken,
      row_meta: this.#inputs.prefixMeta,
      rope,
    };
    recordLayers(r, prefix, 'keys');
    const space: RowSpace = { ...this.#decode, weights };
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

  write({ prompts, requests, rowOf, anchorRow, rows, models, random }: RolloutCall): void {
    this.#random.seed_low.value = random.seed;
    this.#random.seed_high.value = 0;
    this.#random.step.value = random.step;

    // Prefixes: all prompts under the policy, then (padded) under the anchor.
    const starts: Record<RolloutRequest['model'], number[]> = { policy: [], anchor: [] };
    const prefixToken = new Uint32Array(this.#prefixRows);
    const prefixMeta = new Uint32Array(4 * this.#prefixRows);
    let row = 0;
    for (const model of models) {
      for (const prompt of prompts) {
        const start = row;
        starts[model].push(start);
        for (const id of prompt.slice(0, -1)) {
          prefixToken[row] = id;
          prefixMeta.set([start, 0, start, 0], 4 * row);
          row++;
        }
      }
      for (; row % rowBlock !== 0; row++) prefixMeta.set([row, 0, row, 0], 4 * row);
      if (model === 'policy') this.#prefix.split[0].value = row;
    }
    this.#prefix.rows.value = row;

    this.#decode.rows.value = rows;
    this.#decode.split[0].value = anchorRow;
    const rolloutMeta = new Uint32Array(4 * rows);
    const current = new Uint32Array(rows);
    const samplerOf = new Uint32Array(4 * rows);
    const temperatures = new Float32Array(samplerOf.buffer);
    const length = this.#capacity.maxCompletionLength;
    for (let r = 0; r < rows; r++) rolloutMeta[4 * r + 2] = this.#prefixRows + r * length;
    requests.forEach((request, index) => {
      const r = rowOf[index] ?? 0;
      const prompt = prompts[request.prompt] ?? [];
      rolloutMeta[4 * r] = starts[request.model][request.prompt] ?? 0;
      rolloutMeta[4 * r + 1] = prompt.length - 1;
      current[r] = prompt.at(-1) ?? 0;
      temperatures[4 * r] = request.temperature;
      samplerOf[4 * r + 1] = request.rollout;
      samplerOf[4 * r + 2] = request.purpose;
    });
    this.#queue.writeBuffer(this.#inputs.prefixToken, 0, prefixToken);
    this.#queue.writeBuffer(this.#inputs.prefixMeta, 0, prefixMeta);
    this.#queue.writeBuffer(this.#inputs.rolloutMeta, 0, rolloutMeta);
    this.#queue.writeBuffer(this.#inputs.current, 0, current);
    this.#queue.writeBuffer(this.#inputs.sampler_of, 0, samplerOf);
  }
}
