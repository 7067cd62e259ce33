import type { Buffers } from '../../gpu/buffer.ts';
import type { Work } from '../../gpu/pacedWork.ts';
import { live, type Binding, type Live, type ParamValue, type Program } from '../../gpu/program.ts';
import { widthsOf } from '../activations.ts';
import { ropeTable } from '../ops/qk_norm_rope.ts';
import { modelsOf, quarter, type PlannedModel, type RowSpace } from '../recorder.ts';
import { rowsFor, type RolloutCall, type RolloutCapacity, type RolloutRequest } from './call.ts';
import { tokenStats } from './tokenStats.ts';

/** Rows of one dispatch: the policy's first, the anchor's from `split[0]` on. */
interface Rows {
  readonly rows: Live;
  readonly split: readonly [Live, Live];
}

function noRows(): Rows {
  return { rows: live(), split: [live(), live(0xffff_ffff)] };
}

/**
 * What the kernels that hold a whole rollout share: where a model's tensors lie, a row for each prompt and model,
 * a row for each rollout, and what comes of it. One dispatch fills the prompts' prefixes, one decodes.
 */
export class FusedRollout {
  /** [rows, maxCompletionLength] */
  readonly tokens: GPUBuffer;
  /** [rows, maxCompletionLength, 4]: ln π, entropy, self-certainty, 0 */
  readonly stats: GPUBuffer;
  /** Rows at most: of prompts, and of rollouts. */
  readonly promptRows: number;
  readonly rows: number;
  /** Longest prefix of the call. */
  readonly prefixSlots = live();
  readonly prefill = noRows();
  readonly decode = { ...noRows(), first: live(), count: live() };
  /** Tensors that both dispatches bind. */
  readonly tensors: Readonly<Record<string, Binding>>;
  /** [rows, 8] of a prompt (prefix token, prefix length, 0, 1, …) or rollout: `sequence` of the shaders. */
  readonly prompt: GPUBuffer;
  readonly sequence: GPUBuffer;
  readonly #params: Readonly<Record<string, ParamValue>>;
  readonly #weights: RowSpace['weights'];
  readonly #queue: GPUQueue;
  readonly #prefixToken: GPUBuffer;
  readonly #random = { step: live(), seed_low: live(), seed_high: live() };
  readonly #length: number;
  readonly #promptBlock: number;

  /**
   * @param rowBlock rows of rollouts that have one model
   * @param promptBlock rows of prompts that have one model
   */
  constructor(
    buffers: Buffers,
    { config, layout, parameters }: PlannedModel,
    capacity: RolloutCapacity,
    { rowBlock, promptBlock }: { readonly rowBlock: number; readonly promptBlock: number },
  ) {
    const { prompts, maxCompletionLength: length, maxPromptLength } = capacity;
    this.#queue = buffers.gpu.device.queue;
    this.#length = length;
    this.#promptBlock = promptBlock;
    this.rows = rowsFor(capacity.rollouts, rowBlock);
    this.promptRows = rowsFor(2 * prompts, promptBlock);
    this.prompt = buffers.storage('prompts', 8 * this.promptRows);
    this.#prefixToken = buffers.storage('prefix token', Math.max(1, prompts * (maxPromptLength - 1)));
    this.sequence = buffers.storage('sequences', 8 * this.rows);
    this.tokens = buffers.storage('rollout tokens', this.rows * length);
    this.stats = buffers.storage('rollout stats', tokenStats.floats * this.rows * length);
    const rope = buffers.storage('rope', (maxPromptLength + length) * config.head_dim);
    this.#queue.writeBuffer(rope, 0, ropeTable(config, maxPromptLength + length));
    this.tensors = {
      parameters: parameters.slabs,
      prefix_token: this.#prefixToken,
      rope,
      token: this.tokens,
      stats: this.stats,
    };

    const layers = config.num_hidden_layers;
    const width = widthsOf(config);
    const [first, second] = layout.layers;
    const at = (key: 'qkv' | 'inputNorm') => quarter(first?.[key] ?? 0);
    const step = (key: 'qkv' | 'inputNorm') => quarter(second?.[key] ?? 0) - at(key);
    this.#weights = [parameters.policy, parameters.anchor, parameters.policy];
    this.#params = {
      max_length: length,
      end_token: capacity.endToken,
      layers,
      vocab: config.vocab_size,
      hidden: width.hidden,
      queries: width.queries,
      keys: width.keys,
      inner: width.inner,
      head_dim: config.head_dim,
      eps: config.rms_norm_eps,
      embedding4: quarter(layout.embedding),
      final_norm4: quarter(layout.finalNorm),
      head4: quarter(layout.head),
      qkv4: at('qkv'),
      output4: quarter(first?.output ?? 0),
      gate_up4: quarter(first?.gateUp ?? 0),
      down4: quarter(first?.down ?? 0),
      matrix_stride4: layers > 1 ? step('qkv') : 0,
      input_norm4: at('inputNorm'),
      post_norm4: quarter(first?.postAttentionNorm ?? 0),
      q_norm4: quarter(first?.queryNorm ?? 0),
      k_norm4: quarter(first?.keyNorm ?? 0),
      gain_stride4: layers > 1 ? step('inputNorm') : 0,
      ...this.#random,
    };
  }

  /** Params that the kernels share, for one of the two dispatches. */
  params(of: 'prefill' | 'decode'): Readonly<Record<string, ParamValue>> {
    return { ...this.#params, ...modelsOf({ ...this[of], weights: this.#weights }) };
  }

  /** @param program the dispatch that fills the prefixes (unit 0), then the one that decodes (unit 1 + position) */
  work(program: Program): Work {
    return {
      units: 1 + this.#length,
      prepare: (from, end) => {
        this.decode.first.value = Math.max(0, from - 1);
        this.decode.count.value = end - Math.max(1, from);
        program.upload();
      },
      encode: (pass, from) => program.encode(pass, from === 0 ? 0 : 1),
    };
  }

  /** Uploads a call's inputs. */
  write({ prompts, requests, rowOf, anchorRow, rows, models, random }: RolloutCall): void {
    this.#random.seed_low.value = random.seed;
    this.#random.seed_high.value = 0;
    this.#random.step.value = random.step;
    const slots = Math.max(...prompts.map((prompt) => prompt.length)) - 1;
    this.prefixSlots.value = slots;

    const block = this.#promptBlock;
    const promptsOfModel = Math.ceil(prompts.length / block) * block;
    const promptRows = models.length * promptsOfModel;
    this.prefill.rows.value = promptRows;
    this.prefill.split[0].value = promptsOfModel;
    const prefixToken = new Uint32Array(prompts.length * slots);
    const about = new Uint32Array(8 * promptRows);
    prompts.forEach((prompt, index) => {
      prefixToken.set(prompt.slice(0, -1), index * slots);
      models.forEach((_, m) => {
        about.set([index * slots, prompt.length - 1, 0, 1], 8 * (m * promptsOfModel + index));
      });
    });

    this.decode.rows.value = rows;
    this.decode.split[0].value = anchorRow;
    const sequence = new Uint32Array(8 * rows);
    const temperatures = new Float32Array(sequence.buffer);
    const firstOf = (model: RolloutRequest['model']) => models.indexOf(model) * promptsOfModel;
    requests.forEach((request, index) => {
      const at = 8 * (rowOf[index] ?? 0);
      const prompt = prompts[request.prompt] ?? [];
      sequence.set([firstOf(request.model) + request.prompt, prompt.length - 1, prompt.at(-1) ?? 0, 1], at);
      temperatures[at + 4] = request.temperature;
      sequence.set([request.rollout, request.purpose], at + 5);
    });
    this.#queue.writeBuffer(this.prompt, 0, about);
    this.#queue.writeBuffer(this.#prefixToken, 0, prefixToken);
    this.#queue.writeBuffer(this.sequence, 0, sequence);
  }
}
