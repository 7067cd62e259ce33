import lanesShader from '../../../shaders/rollout/lanes.wgsl';
import type { Buffers } from '../../gpu/buffer.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import type { Work } from '../../gpu/pacedWork.ts';
import { live, Program } from '../../gpu/program.ts';
import { LabError } from '../../lib/labError.ts';
import { activationPrelude, activationWords, widthsOf } from '../activations.ts';
import type { PlannedModel } from '../recorder.ts';
import type { RolloutCall, RolloutCapacity, RolloutPath } from './call.ts';
import { FusedRollout } from './fused.ts';

/** Of one variable of a thread's own: the compilers of WGSL take no larger one. */
const mostPrivateBytes = 65_536;

/**
 * Every thread has room for this at least: so small models share a pipeline, among them the self-check's, which then
 * checks the very one that trains. The lab's base models need no more.
 */
const room = { vocab8: 4, headDim: 16, widest: 128 };

/** Sequences of a thread, one in each component of a vec4. */
const perLane = 4;

/**
 * A whole rollout in two dispatches, lanes are sequences (shaders/rollout/lanes.wgsl). For small models: all
 * activations of a sequence are private to its thread.
 */
export class LanesRollout implements RolloutPath {
  readonly rowBlock: number;
  readonly tokens: GPUBuffer;
  readonly stats: GPUBuffer;
  readonly work: Work;
  readonly #fused: FusedRollout;
  readonly #prefillLanes = live();
  readonly #decodeLanes = live();
  readonly #slots = live();

  /** @throws LabError `does-not-fit` where a thread would hold more than a shader may */
  constructor(buffers: Buffers, kernels: Kernels, model: PlannedModel, capacity: RolloutCapacity) {
    const { config, plan } = model;
    const width = widthsOf(config);
    const widest = 8 * Math.ceil(Math.max(width.hidden, width.qkv, width.inner) / 8);
    if (16 * widest > mostPrivateBytes) {
      throw new LabError(
        'does-not-fit',
        `A rollout in lanes needs ${String(16 * widest)} bytes in each thread for the widest layer; a shader may have ${String(mostPrivateBytes)} in a variable.`,
        'Choose the rollout "operations", or a model of fewer or smaller heads.',
      );
    }
    const { maxCompletionLength: length, maxPromptLength } = capacity;
    // Software adapters run lanes one subgroup after another; wider workgroups would only pad more.
    const LANES = buffers.gpu.adapter.software ? 8 : 32;
    const block = perLane * LANES;
    this.rowBlock = block;
    const fused = new FusedRollout(buffers, model, capacity, { rowBlock: block, promptBlock: block });
    this.#fused = fused;
    this.tokens = fused.tokens;
    this.stats = fused.stats;
    const perSlot = activationWords(plan.activations, 2 * config.num_hidden_layers * width.keys);
    const prefixSlots = maxPromptLength - 1;
    const prefix = buffers.storage('prefix cache', fused.promptRows * prefixSlots * perSlot);
    const cache = buffers.storage('rollout cache', fused.rows * (prefixSlots + length) * perSlot);
    const nothing = buffers.storage('no prefix', 4);

    const sizes = [
      ['VOCAB8', Math.max(room.vocab8, Math.ceil(config.vocab_size / 8))],
      ['HEAD_DIM', Math.max(room.headDim, config.head_dim)],
      ['SHARED', config.num_attention_heads / config.num_key_value_heads],
      ['WIDEST', Math.max(room.widest, widest)],
    ]
      .map(([name, value]) => `const ${String(name)} = ${String(value)}u;`)
      .join('\n');
    const prelude = `${activationPrelude(plan.activations)}\n${sizes}`;
    const kernel = kernels.get(lanesShader, { LANES }, prelude);
    const program = new Program(buffers, 'rollout', 2);
    program.dispatch(
      kernel,
      { ...fused.tensors, sequence: fused.prompt, prefix: nothing, cache: prefix },
      {
        ...fused.params('prefill'),
        prefill: 1,
        prefix_slots: fused.prefixSlots,
        slots: fused.prefixSlots,
        lanes: this.#prefillLanes,
        first: 0,
        count: 0,
        prefix_rows: 0,
      },
      () => (fused.prefixSlots.value === 0 ? 0 : this.#prefillLanes.value),
    );
    program.dispatch(
      kernel,
      { ...fused.tensors, sequence: fused.sequence, prefix, cache },
      {
        ...fused.params('decode'),
        prefill: 0,
        prefix_slots: fused.prefixSlots,
        slots: this.#slots,
        lanes: this.#decodeLanes,
        first: fused.decode.first,
        count: fused.decode.count,
        prefix_rows: fused.prefill.rows,
      },
      () => (fused.decode.count.value === 0 ? 0 : this.#decodeLanes.value),
    );
    this.work = fused.work(program);
  }

  write(call: RolloutCall): void {
    this.#fused.write(call);
    this.#prefillLanes.value = this.#fused.prefill.rows.value / perLane;
    this.#decodeLanes.value = this.#fused.decode.rows.value / perLane;
    this.#slots.value = this.#fused.prefixSlots.value + (this.work.units - 1);
  }
}
