import groupShader from '../../../shaders/rollout/group.wgsl';
import type { Buffers } from '../../gpu/buffer.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import type { Work } from '../../gpu/pacedWork.ts';
import { live, Program } from '../../gpu/program.ts';
import { LabError } from '../../lib/labError.ts';
import type { ModelConfig } from '../../model/config.ts';
import { widthsOf } from '../activations.ts';
import type { RolloutLayout } from '../plan.ts';
import { quarter, type PlannedModel } from '../recorder.ts';
import type { RolloutCall, RolloutCapacity, RolloutPath } from './call.ts';
import { FusedRollout } from './fused.ts';

/** Sequences of a workgroup, each with the threads that serve them. */
const threadsFor = { 1: 64, 8: 128 } as const;
export type GroupSize = keyof typeof threadsFor;

type Lengths = Pick<RolloutCapacity, 'maxPromptLength' | 'maxCompletionLength'>;

/** Slots of keys and values, in fours as attention takes them. */
function slotsOf({ maxPromptLength, maxCompletionLength }: Lengths) {
  const padded = (slots: number) => 4 * Math.ceil(slots / 4);
  return { prefix: padded(maxPromptLength - 1), own: padded(maxCompletionLength) };
}

/** Where the regions of `kept` begin and end, in vec4s (see shaders/rollout/group.wgsl). */
function regionsOf(config: ModelConfig, lengths: Lengths, size: GroupSize) {
  const width = widthsOf(config);
  const slots = slotsOf(lengths);
  const widest = Math.max(width.qkv, width.heads * (slots.prefix + slots.own), width.inner, width.logits);
  const INPUT = size * quarter(width.hidden);
  const WIDE = INPUT + size * quarter(Math.max(width.hidden, width.queries));
  return { INPUT, WIDE, KEPT: WIDE + size * quarter(widest) };
}

/** Workgroup memory that a rollout in groups takes: `kept`, `scratch`, `peak`, and five small ones. */
export function groupBytes(config: ModelConfig, lengths: Lengths, size: GroupSize): number {
  const { KEPT } = regionsOf(config, lengths, size);
  const perSequence = 16 * Math.ceil((4 * size) / 16);
  return 16 * KEPT + 16 * threadsFor[size] + 64 * size + 4 * perSequence + 16;
}

/** Whether the sequences of a layout have room in a workgroup; layouts that keep none there always have. */
export function hasRoom(
  rollout: RolloutLayout,
  config: ModelConfig,
  lengths: Lengths,
  { maxComputeWorkgroupStorageSize }: Pick<GPUSupportedLimits, 'maxComputeWorkgroupStorageSize'>,
): boolean {
  const size = rollout === 'group1' ? 1 : rollout === 'group8' ? 8 : null;
  return size === null || groupBytes(config, lengths, size) <= maxComputeWorkgroupStorageSize;
}

/**
 * A whole rollout in two dispatches, a workgroup per `size` sequences (shaders/rollout/group.wgsl). For real GPUs:
 * one sequence a workgroup spreads a small batch over the device, eight share every load of a weight.
 */
export class GroupRollout implements RolloutPath {
  readonly rowBlock: number;
  readonly tokens: GPUBuffer;
  readonly stats: GPUBuffer;
  readonly work: Work;
  readonly #fused: FusedRollout;
  readonly #size: GroupSize;
  readonly #chunks = live();
  readonly #prefix4 = live();

  /** @throws LabError `does-not-fit` where the sequences of a workgroup need more memory than it has */
  constructor(
    size: GroupSize,
    buffers: Buffers,
    kernels: Kernels,
    model: PlannedModel,
    capacity: RolloutCapacity,
  ) {
    const { config } = model;
    const { limits } = buffers.gpu.device;
    const bytes = groupBytes(config, capacity, size);
    if (bytes > limits.maxComputeWorkgroupStorageSize) {
      throw new LabError(
        'does-not-fit',
        `A rollout of ${String(size)} sequences a workgroup needs ${String(bytes)} bytes of workgroup memory; this device has ${String(limits.maxComputeWorkgroupStorageSize)}.`,
        'Choose the rollout "operations", a smaller model, or shorter prompts and completions.',
      );
    }
    this.#size = size;
    this.rowBlock = size;
    // A prompt is a workgroup of its own in prefilling.
    const fused = new FusedRollout(buffers, model, capacity, { rowBlock: size, promptBlock: 1 });
    this.#fused = fused;
    this.tokens = fused.tokens;
    this.stats = fused.stats;
    const slots = slotsOf(capacity);
    const perSlot = 2 * config.num_hidden_layers * widthsOf(config).keys;
    const prefix = buffers.storage('prefix cache', fused.promptRows * slots.prefix * perSlot);
    const cache = buffers.storage('rollout cache', fused.rows * slots.own * perSlot);
    const nothing = buffers.storage('no prefix', 4);

    const THREADS = threadsFor[size];
    const overrides = { THREADS, ...regionsOf(config, capacity, size) };
    const prelude = `const SEQUENCES = ${String(size)}u;`;
    const program = new Program(buffers, 'rollout', 2);
    program.dispatch(
      kernels.get(groupShader, { PREFILL: true, ...overrides }, prelude),
      { ...fused.tensors, sequence: fused.prompt, prefix: nothing, cache: prefix },
      {
        ...fused.params('prefill'),
        first: 0,
        count: this.#chunks,
        prefix4: 0,
        prefix_slots: 0,
        slots: slots.prefix,
      },
      () => (this.#chunks.value === 0 ? 0 : fused.prefill.rows.value * THREADS),
    );
    program.dispatch(
      kernels.get(groupShader, { PREFILL: false, ...overrides }, prelude),
      { ...fused.tensors, sequence: fused.sequence, prefix, cache },
      {
        ...fused.params('decode'),
        first: fused.decode.first,
        count: fused.decode.count,
        prefix4: this.#prefix4,
        prefix_slots: slots.prefix,
        slots: slots.own,
      },
      () => (fused.decode.count.value === 0 ? 0 : (fused.decode.rows.value / size) * THREADS),
    );
    this.work = fused.work(program);
  }

  write(call: RolloutCall): void {
    this.#fused.write(call);
    const slots = this.#fused.prefixSlots.value;
    this.#chunks.value = Math.ceil(slots / this.#size);
    this.#prefix4.value = Math.ceil(slots / 4);
  }
}
