import { models, Parameters, type ModelName } from '../../src/engine/parameters.ts';
import { activationWords } from '../../src/engine/activations.ts';
import { fixedPlan, padRows, type ActivationType, type MatmulForm } from '../../src/engine/plan.ts';
import type { Recorder, RowSpace } from '../../src/engine/recorder.ts';
import { Buffers } from '../../src/gpu/buffer.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Kernel, Kernels } from '../../src/gpu/kernel.ts';
import { live, Program, type Binding, type ParamValue } from '../../src/gpu/program.ts';
import { Readback } from '../../src/gpu/readback.ts';
import type { ModelConfig } from '../../src/model/config.ts';
import type { Layout } from '../../src/model/layout.ts';
import { packHalves, unpackHalves } from './half.ts';

/** Words before and behind every tensor; 256 bytes, the strictest alignment of a binding. */
const guardWords = 64;
/** Two NaNs that no kernel computes, also as two halves: read by mistake, they show in the result too. */
const guardBits = 0xffc5_ffc5;
const unwrittenBits = 0x7fc1_7fc1;

/**
 * Every storage buffer lies between guard zones and starts as NaN. The zone behind is inside the binding: bounds
 * checks move stray accesses onto its last words instead of hiding them.
 */
class GuardedBuffers extends Buffers {
  readonly lengths = new Map<GPUBuffer, number>();

  override storage(label: string, length: number): GPUBuffer {
    const buffer = super.storage(label, length + 2 * guardWords);
    this.lengths.set(buffer, length);
    const bits = new Uint32Array(buffer.size / 4).fill(guardBits);
    bits.fill(unwrittenBits, guardWords, guardWords + length);
    this.gpu.device.queue.writeBuffer(buffer, 0, bits);
    return buffer;
  }
}

class GuardedProgram extends Program {
  /** Shader and threads of each dispatch, as the caller asked for them. */
  readonly threads: { readonly shader: string; readonly count: () => number }[] = [];

  override dispatch(
    kernel: Kernel,
    tensors: Readonly<Record<string, Binding>>,
    params: Readonly<Record<string, ParamValue>>,
    threads: number | (() => number),
  ): void {
    const behindGuard = Object.entries(tensors).map(([name, binding]) => {
      const { buffer, size } = 'buffer' in binding ? binding : { buffer: binding, size: binding.size };
      return [name, { buffer, offset: 4 * guardWords, size: size - 4 * guardWords }];
    });
    this.threads.push({
      shader: kernel.shader.name,
      count: typeof threads === 'number' ? () => threads : threads,
    });
    super.dispatch(kernel, Object.fromEntries(behindGuard) as Record<string, Binding>, params, threads);
  }
}

/** Places in a flat buffer of parameters, for one operation at a time. */
export function layoutFor(size: number, places: Partial<Layout> = {}): Layout {
  const nowhere = { tensors: [], layers: [], embedding: 0, finalNorm: 0, head: 0, matrixFloats: 0 };
  return { ...nowhere, parameterCount: size, ...places, size };
}

/** A config of which one operation reads only some keys. */
export function configFor(keys: Partial<ModelConfig>): ModelConfig {
  return {
    model_type: 'qwen3',
    hidden_size: 4,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    head_dim: 8,
    intermediate_size: 4,
    vocab_size: 1,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    tie_word_embeddings: false,
    ...keys,
  };
}

/** `values` of [rows, width] as `copies` blocks of padded rows of `stride` columns, zero where padded. */
export function padded(
  values: Float32Array,
  rows: number,
  copies = 1,
  stride = values.length / rows,
): Float32Array<ArrayBuffer> {
  const width = values.length / rows;
  const block = padRows(rows) * stride;
  const all = new Float32Array(copies * block);
  for (let copy = 0; copy < copies; copy++) {
    for (let r = 0; r < rows; r++) {
      all.set(values.subarray(r * width, (r + 1) * width), copy * block + r * stride);
    }
  }
  return all;
}

/** [rows, width] with rows of `stride`, zero behind. */
export function strided(values: Float32Array, rows: number, stride: number): Float32Array<ArrayBuffer> {
  const width = values.length / rows;
  const all = new Float32Array(rows * stride);
  for (let r = 0; r < rows; r++) all.set(values.subarray(r * width, (r + 1) * width), r * stride);
  return all;
}

/** Columns [from, from + width) of rows [first, first + rows) of a matrix with `stride` columns. */
export function cut(
  values: Float32Array,
  stride: number,
  rows: number,
  { first = 0, from = 0, width = stride }: { first?: number; from?: number; width?: number } = {},
): Float32Array {
  const part = new Float32Array(rows * width);
  for (let r = 0; r < rows; r++) {
    const at = (first + r) * stride + from;
    part.set(values.subarray(at, at + width), r * width);
  }
  return part;
}

/** What every tensor holds after a run. */
export interface Contents {
  readonly floats: (buffer: GPUBuffer) => Float32Array<ArrayBuffer>;
  readonly words: (buffer: GPUBuffer) => Uint32Array<ArrayBuffer>;
  /** A tensor's ordered partial gradients, summed; the rest of `partials` must be untouched (see `broken`). */
  readonly gradient: (offset: number, length: number) => Float64Array;
  /** Guard words that were written, by label; empty when all is well. */
  readonly broken: readonly string[];
  /** Floats outside the given places of `partials` that were written; 0 when all is well. */
  readonly strayInPartials: (places: readonly (readonly [offset: number, length: number])[]) => number;
}

/** In which of its variants an operation is recorded. */
export interface Variant {
  readonly form?: MatmulForm;
  readonly activations?: ActivationType;
}

/** One operation, recorded by its caller in src/engine/ops, with guarded tensors. */
export class Workbench {
  readonly recorder: Recorder;
  readonly buffers: GuardedBuffers;
  readonly program: GuardedProgram;
  readonly #gpu: Gpu;
  /** Tensors that hold halves. */
  readonly #halves = new Set<GPUBuffer>();
  readonly #slabs: Float32Array<ArrayBuffer>;

  constructor(
    gpu: Gpu,
    kernels: Kernels,
    config: ModelConfig,
    layout: Layout,
    { form = fixedPlan.matmul.forward, activations = fixedPlan.activations }: Variant = {},
  ) {
    this.#gpu = gpu;
    this.buffers = new GuardedBuffers(gpu);
    this.program = new GuardedProgram(this.buffers, 'test', 48);
    const parameters = new Parameters(this.buffers, layout);
    const plan = { ...fixedPlan, activations, matmul: { forward: form, backward: form, weight: form } };
    this.recorder = { program: this.program, kernels, config, layout, parameters, plan };
    this.#slabs = new Float32Array(models.length * layout.size).fill(NaN);
  }

  /** A tensor that a kernel fills. */
  output(label: string, length: number): GPUBuffer {
    return this.buffers.storage(label, length);
  }

  /** A tensor that holds `values`. */
  input(label: string, values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.buffers.storage(label, values.length);
    this.write(buffer, values);
    return buffer;
  }

  /** A tensor of `count` activations that a kernel fills. */
  activations(label: string, count: number): GPUBuffer {
    const type = this.recorder.plan.activations;
    const buffer = this.buffers.storage(label, activationWords(type, count));
    if (type === 'f16') this.#halves.add(buffer);
    return buffer;
  }

  /** A tensor of activations that holds `values`. */
  activationInput(label: string, values: Float32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.activations(label, values.length);
    this.write(buffer, this.#halves.has(buffer) ? packHalves(values) : values);
    return buffer;
  }

  write(buffer: GPUBuffer, values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    this.#gpu.device.queue.writeBuffer(buffer, 4 * guardWords, values);
  }

  /** Puts a weight at `offset` of every model, scaled by powers of two so that expectations scale exactly. */
  weight(offset: number, values: Float32Array, scales: Readonly<Record<ModelName, number>>): void {
    for (const model of models)
      this.load(
        model,
        offset,
        values.map((value) => value * scales[model]),
      );
  }

  /** Puts numbers at `offset` of one model. */
  load(model: ModelName, offset: number, values: Float32Array): void {
    this.#slabs.set(values, models.indexOf(model) * this.recorder.layout.size + offset);
  }

  /** Rows of `count` models, `rows` each when padded. */
  space(rows: number, count: number = models.length): RowSpace {
    const block = padRows(rows);
    const { policy, anchor, reference } = this.recorder.parameters;
    return {
      rows: live(count * block),
      split: [live(block), live(2 * block)],
      weights: [policy, anchor, reference],
    };
  }

  /** Replays the program `times` times. @returns dispatches of the last replay */
  async run(times = 1): Promise<number> {
    this.write(this.recorder.parameters.slabs, this.#slabs);
    await this.recorder.kernels.compile();
    let dispatches = 0;
    for (let time = 0; time < times; time++) dispatches = this.replay();
    return dispatches;
  }

  /** Replays with the parameters as they are on the device. */
  replay(): number {
    const { device } = this.#gpu;
    this.program.upload();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const dispatches = this.program.encode(pass);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return dispatches;
  }

  /** Threads asked for, by shader. */
  threads(): Record<string, number> {
    return Object.fromEntries(this.program.threads.map(({ shader, count }) => [shader, count()]));
  }

  async contents(): Promise<Contents> {
    const all = [...this.buffers.lengths];
    const names = all.map((_, index) => String(index));
    const plain = new Buffers(this.#gpu);
    const readback = new Readback(
      plain,
      'contents',
      Object.fromEntries(all.map(([buffer], index) => [String(index), { buffer, bytes: buffer.size }])),
    );
    const encoder = this.#gpu.device.createCommandEncoder();
    readback.copy(encoder, names);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const bytes = await readback.take(names);
    plain.destroy();
    const bits = new Map(all.map(([buffer], index) => [buffer, new Uint32Array(bytes[String(index)] ?? [])]));
    const words = (buffer: GPUBuffer): Uint32Array<ArrayBuffer> =>
      (bits.get(buffer) ?? new Uint32Array()).slice(
        guardWords,
        guardWords + (this.buffers.lengths.get(buffer) ?? 0),
      );
    const { layout } = this.recorder;
    const { partials, splits } = this.recorder.parameters.policy;
    return {
      words,
      floats: (buffer) =>
        this.#halves.has(buffer) ? unpackHalves(words(buffer)) : new Float32Array(words(buffer).buffer),
      gradient: (offset, length) => {
        const parts = new Float32Array(words(partials).buffer);
        return Float64Array.from({ length }, (_, i) => {
          let sum = 0;
          for (let part = 0; part < splits; part++) sum += parts[part * layout.size + offset + i] ?? NaN;
          return sum;
        });
      },
      broken: all
        .filter(([buffer, length]) =>
          bits
            .get(buffer)
            ?.some((word, i) => (i < guardWords || i >= guardWords + length) && word !== guardBits),
        )
        .map(([{ label }]) => label),
      strayInPartials: (places) => {
        const inside = (i: number) => places.some(([offset, length]) => i >= offset && i < offset + length);
        return words(partials).filter((word, i) => !inside(i % layout.size) && word !== unwrittenBits).length;
      },
    };
  }
}

/** Weights of the three models: what is linear in them scales exactly, and a wrong slab shows. */
export const scales = { policy: 1, anchor: 2, reference: -1 };
export const alike = { policy: 1, anchor: 1, reference: 1 };
export const factors = Object.values(scales);

/** How the rows of a case are summed into ordered parts, as the engine does. */
export function gradientRows(bench: Workbench, rows: number) {
  const chunk = 4 * Math.ceil(rows / bench.recorder.parameters.policy.splits / 4);
  return { rows: live(rows), chunk: live(chunk), accumulate: live(0) };
}
