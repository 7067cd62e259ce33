import into from '../../../shaders/frozen/adapter_into.wgsl';
import out from '../../../shaders/frozen/adapter_out.wgsl';
import type { Buffers } from '../../gpu/buffer.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import type { Live, ParamValue, Program } from '../../gpu/program.ts';
import { LabError } from '../../lib/labError.ts';
import type { Adapter } from '../../model/pretrained/adapter.ts';
import type { ModelNames } from '../../model/pretrained/tensors.ts';
import {
  adapterLayout,
  innerWidth,
  packAdapter,
  type AdaptedPart,
  type AdapterLayout,
  type AdapterRoom,
} from './adapterLayout.ts';

/** Row of no adapter, in lists of slots. */
export const noAdapter = -1;

/** 32-bit words of what a pass of so many rows takes beside the factors. */
export function adapterWords(layout: AdapterLayout, rows: number) {
  return { rowAdapters: 2 * rows, inner: rows * innerWidth(layout) };
}

/** Adapters beside a frozen model on the device, each in a slot. */
export class AdapterSlots {
  readonly layout: AdapterLayout;
  /** [slots, layout.size] */
  readonly factors: GPUBuffer;
  readonly #queue: GPUQueue;
  /** NaN where a slot is empty. */
  readonly #scales: Float32Array;

  /** @throws LabError `does-not-fit` */
  constructor(buffers: Buffers, names: ModelNames, room: AdapterRoom) {
    this.layout = adapterLayout(names, room);
    this.factors = buffers.storage('adapters', room.slots * this.layout.size);
    this.#queue = buffers.gpu.device.queue;
    this.#scales = new Float32Array(room.slots).fill(NaN);
  }

  /** Puts an adapter into a slot. @throws LabError `does-not-fit`, `bad-file` */
  async load(slot: number, adapter: Adapter): Promise<void> {
    this.write(slot, await packAdapter(this.layout, adapter), adapter.config.scale);
  }

  /** Puts factors into a slot, [layout.size]. @param scale 0: rows that go through it are the base's, bit for bit */
  write(slot: number, factors: Float32Array<ArrayBuffer>, scale: number): void {
    if (this.#scales[slot] === undefined) throw this.#empty(slot);
    this.#queue.writeBuffer(this.factors, 4 * slot * this.layout.size, factors);
    this.#scales[slot] = scale;
  }

  /** @throws LabError `bug` where a slot is empty */
  scaleOf(slot: number): number {
    const scale = this.#scales[slot] ?? NaN;
    if (Number.isNaN(scale)) throw this.#empty(slot);
    return scale;
  }

  #empty(slot: number): LabError {
    return new LabError(
      'bug',
      `Slot ${String(slot)} holds no adapter; the engine has ${String(this.#scales.length)}.`,
      'Load one into it first.',
    );
  }
}

/** Which adapter every row of a pass goes through, and what lies between its factors. */
export class AdaptedRows {
  readonly slots: AdapterSlots;
  /** [rows]: see shaders/lib/row_adapter. */
  readonly rowAdapters: GPUBuffer;
  /** What lies between the factors, [rows, innerStride]. */
  readonly inner: GPUBuffer;
  readonly innerStride: number;
  readonly #queue: GPUQueue;

  constructor(buffers: Buffers, slots: AdapterSlots, rows: number) {
    this.slots = slots;
    const words = adapterWords(slots.layout, rows);
    this.rowAdapters = buffers.storage('adapters of rows', words.rowAdapters);
    this.inner = buffers.storage('between factors', words.inner);
    this.innerStride = innerWidth(slots.layout);
    this.#queue = buffers.gpu.device.queue;
  }

  /** Says which slot each row of the passes to come goes through, the first row first. @throws LabError `bug` */
  set(slots: Int32Array): void {
    const words = new Uint32Array(2 * slots.length);
    const scales = new Float32Array(words.buffer);
    slots.forEach((slot, row) => {
      if (slot === noAdapter) return;
      words[2 * row] = (slot * this.slots.layout.size) / 4;
      scales[2 * row + 1] = this.slots.scaleOf(slot);
    });
    this.#queue.writeBuffer(this.rowAdapters, 0, words);
  }
}

/** Where dispatches are recorded, and for how many rows. */
export interface AdapterRecorder {
  readonly program: Program;
  readonly kernels: Kernels;
  readonly rows: Live;
  readonly adapters: AdaptedRows;
}

/** One factor of each part of a product: where it begins, its columns, and those of the rows that it meets. */
export interface FactorPart {
  readonly matrixAt: number;
  readonly width: number;
  readonly column: number;
}

/** Fields of a vec4 of parts, in vec4s. */
export function quarters(parts: readonly FactorPart[], of: (part: FactorPart) => number): ParamValue {
  return [0, 1, 2, 3].map((i) => {
    const part = parts[i];
    return part === undefined ? 0 : of(part) / 4;
  });
}

/** t = m·x of every part, into `inner` or a buffer like it. @param stride of x, in floats */
export function recordInto(
  { program, kernels, rows, adapters }: AdapterRecorder,
  parts: readonly FactorPart[],
  io: { readonly x: GPUBuffer; readonly t: GPUBuffer },
  { stride, scaled }: { readonly stride: number; readonly scaled: boolean },
): void {
  const { rank } = adapters.slots.layout;
  program.dispatch(
    kernels.get(into),
    { ...io, adapters: adapters.slots.factors, row_adapters: adapters.rowAdapters },
    {
      rows,
      rank,
      parts: parts.length,
      stride4: stride / 4,
      t_stride: adapters.innerStride,
      scaled: scaled ? 1 : 0,
      width4: quarters(parts, ({ width }) => width),
      from4: quarters(parts, ({ column }) => column),
      matrix4: quarters(parts, ({ matrixAt }) => matrixAt),
    },
    () => 64 * rows.value * Math.ceil((rank * parts.length) / 4),
  );
}

/** y += mᵀ·t of every part. @param stride of y, in floats */
export function recordOut(
  { program, kernels, rows, adapters }: AdapterRecorder,
  parts: readonly FactorPart[],
  io: { readonly t: GPUBuffer; readonly y: GPUBuffer },
  { stride, scaled, rank }: { readonly stride: number; readonly scaled: boolean; readonly rank: number },
): void {
  const all4 = parts.reduce((sum, { width }) => sum + width / 4, 0);
  program.dispatch(
    kernels.get(out),
    { ...io, adapters: adapters.slots.factors, row_adapters: adapters.rowAdapters },
    {
      rows,
      rank,
      stride4: stride / 4,
      t_stride: adapters.innerStride,
      scaled: scaled ? 1 : 0,
      all4,
      width4: quarters(parts, ({ width }) => width),
      to4: quarters(parts, ({ column }) => column),
      matrix4: quarters(parts, ({ matrixAt }) => matrixAt),
    },
    () => rows.value * all4,
  );
}

/** The A's of a product: all read the same columns. */
export function aFactors(parts: readonly AdaptedPart[]): FactorPart[] {
  return parts.map(({ aAt, inputs }) => ({ matrixAt: aAt, width: inputs, column: 0 }));
}

/** The Bᵀ's of a product, each with outputs of its own. */
export function bFactors(parts: readonly AdaptedPart[]): FactorPart[] {
  return parts.map(({ bAt, outputs, first }) => ({ matrixAt: bAt, width: outputs, column: first }));
}

/** y += scale·B·(A·x) for the parts of a product that are adapted. Strides in floats. */
export function recordAdapted(
  r: AdapterRecorder,
  parts: readonly AdaptedPart[],
  io: { readonly x: GPUBuffer; readonly y: GPUBuffer },
  strides: { readonly x: number; readonly y: number },
): void {
  if (parts.length === 0) return;
  const t = r.adapters.inner;
  recordInto(r, aFactors(parts), { x: io.x, t }, { stride: strides.x, scaled: false });
  recordOut(
    r,
    bFactors(parts),
    { t, y: io.y },
    { stride: strides.y, scaled: true, rank: r.adapters.slots.layout.rank },
  );
}
