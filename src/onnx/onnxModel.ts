import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type * as ort from 'onnxruntime-web/wasm';
import type { ModelConfig } from '../model/config.ts';
import { joined, type Message } from './protobuf.ts';
import { cacheNames } from './qwen3.ts';

// As evaluation beside training has it: it shares the cores with what trains. Before the first model another number may be set.
env.wasm.numThreads = 1;

/** Has ONNX Runtime compute on several threads, which takes shared memory. @param count set before the first model is opened */
export function onThreads(count: number): void {
  env.wasm.numThreads = count;
}

/** What was read of some texts so far. */
export interface Context {
  /** Padding in front of each text, [B]. */
  readonly padding: readonly number[];
  /** Tokens of each text, padding included. */
  readonly length: number;
  /** Keys and values of every layer, by the names under which they go in. */
  readonly cache: Readonly<Record<string, Tensor>>;
}

/** A build of ONNX Runtime, and which of its execution providers computes. Each build takes its own tensors alone. */
export interface OnnxRuntime {
  readonly InferenceSession: typeof ort.InferenceSession;
  readonly Tensor: typeof ort.Tensor;
  readonly provider: ort.InferenceSession.ExecutionProviderConfig;
}

const onCpu: OnnxRuntime = { InferenceSession, Tensor, provider: 'wasm' };

/**
 * ONNX Runtime on a GPU, by WebGPU; what no kernel of it does, as the positions, is computed on the CPU.
 * @throws where its file can't be fetched, or the browser has no JavaScript Promise Integration
 */
export async function onGpu(): Promise<OnnxRuntime> {
  const built = await import('onnxruntime-web/jspi');
  built.env.wasm.numThreads = 1;
  // WGSL's own may be off by 2⁻¹¹ (Accuracy of built-in functions, W3C), a hundred times what all else is off by together.
  const provider = { name: 'webgpu', forceCpuNodeNames: ['cos', 'sin'] } as const;
  return { InferenceSession: built.InferenceSession, Tensor: built.Tensor, provider };
}

/** An ONNX model of `writeOnnx` in ONNX Runtime. */
export class OnnxModel {
  readonly #session: InferenceSession;
  readonly #config: ModelConfig;
  readonly #tensor: OnnxRuntime['Tensor'];

  private constructor(session: InferenceSession, config: ModelConfig, tensor: OnnxRuntime['Tensor']) {
    this.#session = session;
    this.#config = config;
    this.#tensor = tensor;
  }

  /** @param file of `writeOnnx`, of a model of this config @param runtime the CPU's, by WebAssembly, if none is given */
  static async open(file: Message, config: ModelConfig, runtime: OnnxRuntime = onCpu): Promise<OnnxModel> {
    const session = await runtime.InferenceSession.create(joined(file), {
      executionProviders: [runtime.provider],
      // Threads that wait leave their cores to whoever trains.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      // Errors alone: on a GPU it would warn that positions are the CPU's.
      logSeverityLevel: 3,
    });
    return new OnnxModel(session, config, runtime.Tensor);
  }

  /** Tokens that a logit is given for. */
  get vocabulary(): number {
    return this.#config.vocab_size;
  }

  /**
   * Reads on.
   * @param texts token ids [B][S]; the first ones may differ in length, and are padded in front
   * @param before what was read of the same texts; null: nothing
   * @returns logits [B, S, V], S being that of the longest
   */
  async read(
    texts: readonly (readonly number[])[],
    before: Context | null,
  ): Promise<{ readonly logits: Float32Array; readonly context: Context }> {
    const longest = Math.max(...texts.map(({ length }) => length));
    const padding = before?.padding ?? texts.map(({ length }) => longest - length);
    const past = before?.length ?? 0;
    const total = past + longest;
    const ids = texts.flatMap((tokens) => [...zeros(longest - tokens.length), ...tokens]);
    const places = padding.map((pads) =>
      Array.from({ length: total }, (_, place) => ({
        position: Math.max(0, place - pads),
        real: place >= pads ? 1 : 0,
      })),
    );
    const found = await this.#session.run({
      input_ids: this.#whole(ids, [texts.length, longest]),
      attention_mask: this.#whole(
        places.flatMap((row) => row.map(({ real }) => real)),
        [texts.length, total],
      ),
      position_ids: this.#whole(
        places.flatMap((row) => row.slice(past).map(({ position }) => position)),
        [texts.length, longest],
      ),
      ...(before?.cache ?? this.#nothing(texts.length)),
    });
    const logits = found['logits']?.data;
    if (!(logits instanceof Float32Array)) throw new Error('the ONNX model gave no logits');
    const cache = Object.fromEntries(
      this.#cache().map(({ past: name, present }) => {
        const tensor = found[present];
        if (tensor === undefined) throw new Error(`the ONNX model gave no ${present}`);
        return [name, tensor];
      }),
    );
    return { logits, context: { padding, length: total, cache } };
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #cache() {
    return Array.from({ length: this.#config.num_hidden_layers }, (_, layer) => cacheNames(layer)).flat();
  }

  #nothing(batch: number): Context['cache'] {
    const { num_key_value_heads: heads, head_dim: width } = this.#config;
    return Object.fromEntries(
      this.#cache().map(({ past }) => [
        past,
        new this.#tensor('float32', new Float32Array(0), [batch, heads, 0, width]),
      ]),
    );
  }

  #whole(values: readonly number[], dims: readonly number[]): Tensor {
    return new this.#tensor('int64', BigInt64Array.from(values, BigInt), dims);
  }
}

/** What was read of some of the texts on the CPU, each as often as it is named. */
export function rowsOf({ padding, length, cache }: Context, rows: readonly number[]): Context {
  const same = rows.length === padding.length && rows.every((row, at) => row === at);
  if (same) return { padding, length, cache };
  const some = Object.entries(cache).map(([name, tensor]) => {
    const [texts = 0, ...of] = tensor.dims;
    const each = tensor.size / texts;
    const from = tensor.data;
    if (!(from instanceof Float32Array)) throw new Error('keys and values are f32');
    const to = new Float32Array(rows.length * each);
    rows.forEach((row, at) => {
      to.set(from.subarray(row * each, (row + 1) * each), at * each);
    });
    return [name, new Tensor('float32', to, [rows.length, ...of])] as const;
  });
  return { padding: rows.map((row) => padding[row] ?? 0), length, cache: Object.fromEntries(some) };
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}
