import { LabError } from '../lib/labError.ts';
import type { Buffers } from './buffer.ts';
import type { Kernel } from './kernel.ts';
import type { Work } from './pacedWork.ts';

/** A number that changes between replays: set `value`, and every dispatch that names it follows. */
export interface Live {
  value: number;
}

export function live(value = 0): Live {
  return { value };
}

/** Value of a field of `Params`: fixed when recorded, or live; four of them for a vec4. */
export type ParamValue = number | Live | readonly (number | Live)[];

/** A range of a buffer; a whole buffer where only that is given. */
export type Binding =
  GPUBuffer | { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number };

interface Dispatch {
  readonly kernel: Kernel;
  readonly tensors: GPUBindGroup;
  readonly params: GPUBindGroup;
  readonly threads: () => number;
}

const maxGroups = 65_535;

/**
 * Dispatches recorded once and replayed at every step: bind groups are made here, and a replay only rewrites
 * the uniform block (in one write) and encodes. One slot of that block per dispatch.
 */
export class Program implements Work {
  readonly #buffers: Buffers;
  readonly #label: string;
  readonly #slotBytes: number;
  readonly #capacity: number;
  readonly #uniform: GPUBuffer;
  readonly #block: DataView<ArrayBuffer>;
  readonly #dispatches: Dispatch[] = [];
  readonly #lives: { readonly offset: number; readonly type: string; readonly source: Live }[] = [];
  #written = false;

  /** @param capacity dispatches it can hold */
  constructor(buffers: Buffers, label: string, capacity: number) {
    this.#buffers = buffers;
    this.#label = label;
    this.#slotBytes = Math.max(256, buffers.gpu.device.limits.minUniformBufferOffsetAlignment);
    this.#capacity = capacity;
    this.#uniform = buffers.uniform(`${label} params`, this.#slotBytes * capacity);
    this.#block = new DataView(new ArrayBuffer(this.#slotBytes * capacity));
  }

  /** Dispatches recorded; a replay may be cut between any two. */
  get units(): number {
    return this.#dispatches.length;
  }

  /**
   * Records a dispatch. Tensors and params are bound by the names the shader gives them.
   * @param threads threads wanted, in whole workgroups; a function is asked at every replay, 0 skips the dispatch
   * @throws LabError `bug` naming what is missing or unknown, and what there is
   */
  dispatch(
    kernel: Kernel,
    tensors: Readonly<Record<string, Binding>>,
    params: Readonly<Record<string, ParamValue>>,
    threads: number | (() => number),
  ): void {
    const { device } = this.#buffers.gpu;
    const { shader } = kernel;
    const slot = this.#dispatches.length * this.#slotBytes;
    if (this.#dispatches.length === this.#capacity) {
      throw new LabError(
        'bug',
        `${this.#label} holds ${String(this.#capacity)} dispatches.`,
        'Raise its capacity.',
      );
    }
    const fields = shader.params?.fields ?? {};
    sameNames(`${shader.name}: params`, Object.keys(params), Object.keys(fields));
    const wanted = shader.bindings.filter(({ group }) => group === 0);
    sameNames(
      `${shader.name}: tensors`,
      Object.keys(tensors),
      wanted.map(({ name }) => name),
    );
    for (const [name, value] of Object.entries(params)) {
      const field = fields[name];
      if (field === undefined) continue;
      const parts = Array.isArray(value) ? (value as readonly (number | Live)[]) : [value as number | Live];
      const type = field.type.startsWith('vec4') ? (field.type.endsWith('u') ? 'u32' : 'f32') : field.type;
      parts.forEach((part, index) => {
        const offset = slot + field.offset + 4 * index;
        if (typeof part === 'number') write(this.#block, offset, type, part);
        else this.#lives.push({ offset, type, source: part });
      });
    }
    this.#dispatches.push({
      kernel,
      tensors: device.createBindGroup({
        label: kernel.label,
        layout: kernel.tensorsLayout,
        entries: wanted.map(({ name, binding }) => ({ binding, resource: resourceOf(tensors[name]) })),
      }),
      params: device.createBindGroup({
        label: kernel.label,
        layout: kernel.paramsLayout,
        entries: shader.bindings
          .filter(({ access }) => access === 'uniform')
          .map(({ binding }) => ({
            binding,
            resource: { buffer: this.#uniform, offset: slot, size: shader.params?.size ?? this.#slotBytes },
          })),
      }),
      threads: typeof threads === 'number' ? () => threads : threads,
    });
    this.#written = false;
  }

  /** Brings the uniform block up to date; call before encoding a replay, never between encode and submit. */
  upload(): void {
    let changed = !this.#written;
    for (const { offset, type, source } of this.#lives) {
      changed = write(this.#block, offset, type, source.value) || changed;
    }
    if (!changed) return;
    this.#buffers.gpu.device.queue.writeBuffer(this.#uniform, 0, this.#block.buffer);
    this.#written = true;
  }

  prepare(first: number): void {
    if (first === 0) this.upload();
  }

  /** Encodes dispatches [first, end) into a pass. @returns how many were encoded */
  encode(pass: GPUComputePassEncoder, first = 0, end = this.#dispatches.length): number {
    let encoded = 0;
    for (const { kernel, tensors, params, threads } of this.#dispatches.slice(first, end)) {
      const groups = Math.ceil(threads() / kernel.workgroupSize);
      if (groups === 0) continue;
      pass.setPipeline(kernel.pipeline());
      pass.setBindGroup(0, tensors);
      pass.setBindGroup(1, params);
      pass.dispatchWorkgroups(Math.min(groups, maxGroups), Math.ceil(groups / maxGroups));
      encoded++;
    }
    return encoded;
  }
}

function resourceOf(binding: Binding | undefined): GPUBufferBinding {
  if (binding === undefined)
    throw new LabError('bug', 'A tensor is missing.', 'See the names in the shader.');
  return 'buffer' in binding ? binding : { buffer: binding };
}

/** @returns whether the bits changed */
function write(block: DataView, offset: number, type: string, value: number): boolean {
  const before = block.getUint32(offset, true);
  if (type === 'f32') block.setFloat32(offset, value, true);
  else block.setUint32(offset, value, true);
  return block.getUint32(offset, true) !== before;
}

function sameNames(what: string, given: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.filter((name) => !given.includes(name));
  const unknown = given.filter((name) => !wanted.includes(name));
  if (missing.length + unknown.length === 0) return;
  throw new LabError(
    'bug',
    `${what}: missing ${missing.join(', ') || 'none'}, unknown ${unknown.join(', ') || 'none'}.`,
    `The shader has: ${wanted.join(', ')}.`,
  );
}
