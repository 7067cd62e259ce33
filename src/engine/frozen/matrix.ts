import type { Buffers } from '../../gpu/buffer.ts';
import {
  storedBytes,
  type StoredTensor,
  type StoredType,
  type StoredWeights,
} from '../../model/pretrained/weights.ts';
import { floatsOf } from '../../model/pretrained/numbers.ts';
import type { MatrixNames } from '../../model/pretrained/tensors.ts';

/** How a frozen matrix lies on the device, by the number that shaders/lib/stored knows it by. */
export const frozenTypes = { f32: 0, bf16: 1, f16: 2, int8: 3 } as const;
export type FrozenType = keyof typeof frozenTypes;

/** What a user may choose: the bits of the file, or a byte a number. */
export const weightChoices = ['file', 'int8'] as const;
export type WeightChoice = (typeof weightChoices)[number];

/** Rows are padded to whole groups; numbers of a group share a scale in int8. */
export const groupSize = 32;
/** A tile of a matrix is one binding: at most what every adapter binds. */
const tileBytes = 2 ** 27;
/** Read from the file at once. */
const chunkBytes = 2 ** 22;

const bits: Readonly<Record<FrozenType, number>> = { f32: 32, bf16: 16, f16: 16, int8: 8 };
const sameBits: Readonly<Record<StoredType, FrozenType>> = { F32: 'f32', BF16: 'bf16', F16: 'f16' };

/** Numbers of a row with its padding. */
export function paddedWidth(numbers: number): number {
  return Math.ceil(numbers / groupSize) * groupSize;
}

/** Rows of a matrix that lie in a binding of their own; sizes in 32-bit words. */
export interface TileSize {
  readonly first: number;
  readonly outputs: number;
  readonly words: number;
  /** Of int8's scales; 0 elsewhere. */
  readonly scaleWords: number;
}

/** How a matrix is stored: exactly as the file has it where all its parts are alike, in f32 where not; or in int8. */
export function frozenTypeOf(
  { parts }: MatrixNames,
  weights: StoredWeights,
  choice: WeightChoice,
): FrozenType {
  if (choice === 'int8') return 'int8';
  const types = new Set(parts.map(({ name }) => weights.get(name)?.type));
  const [only] = types;
  return types.size === 1 && only !== undefined ? sameBits[only] : 'f32';
}

/** The tiles of a matrix. @param mostBytes of a tile */
export function tilesOf(
  { outputs, inputs }: Pick<MatrixNames, 'outputs' | 'inputs'>,
  type: FrozenType,
  mostBytes = tileBytes,
): TileSize[] {
  const width = paddedWidth(inputs);
  const rowWords = (width * bits[type]) / 32;
  const rows = Math.max(1, Math.floor(mostBytes / (4 * rowWords)));
  return Array.from({ length: Math.ceil(outputs / rows) }, (_, tile) => {
    const first = tile * rows;
    const count = Math.min(rows, outputs - first);
    return {
      first,
      outputs: count,
      words: count * rowWords,
      scaleWords: type === 'int8' ? (count * width) / groupSize : 0,
    };
  });
}

/** A tile on the device. */
export interface Tile extends TileSize {
  readonly weights: GPUBuffer;
  readonly scales: GPUBuffer;
}

/** A frozen matrix [outputs, inputs] on the device. */
export interface FrozenMatrix {
  readonly type: FrozenType;
  readonly outputs: number;
  readonly inputs: number;
  readonly tiles: readonly Tile[];
  /** Brings the numbers from the file to the device, a few megabytes at a time. @param told with bytes read */
  readonly load: (told: (bytes: number) => Promise<void>) => Promise<void>;
}

/** Makes a matrix's buffers. @param noScales bound in the place of scales where there are none */
export function frozenMatrix(
  buffers: Buffers,
  names: MatrixNames,
  weights: StoredWeights,
  choice: WeightChoice,
  noScales: GPUBuffer,
): FrozenMatrix {
  const type = frozenTypeOf(names, weights, choice);
  const label = names.parts[0]?.name ?? '';
  const tiles = tilesOf(names, type).map((size) => ({
    ...size,
    weights: buffers.storage(label, size.words),
    scales: size.scaleWords === 0 ? noScales : buffers.storage(`${label} scales`, size.scaleWords),
  }));
  const { queue } = buffers.gpu.device;
  return {
    type,
    outputs: names.outputs,
    inputs: names.inputs,
    tiles,
    load: async (told) => {
      let before = 0;
      for (const { name } of names.parts) {
        const tensor = weights.get(name);
        if (tensor === undefined) continue;
        const [outputs = 0] = tensor.shape;
        for (const tile of tiles) {
          const begin = Math.max(0, tile.first - before);
          const end = Math.min(outputs, tile.first + tile.outputs - before);
          for (const [first, packed] of rowsOf(tensor, begin, end, type)) {
            const { words, scales, bytes } = await packed();
            const row = before + first - tile.first;
            const width = paddedWidth(names.inputs);
            queue.writeBuffer(tile.weights, (row * width * bits[type]) / 8, words);
            if (scales !== null) queue.writeBuffer(tile.scales, (4 * row * width) / groupSize, scales);
            await told(bytes);
          }
        }
        before += outputs;
      }
    },
  };
}

/** Rows [begin, end) of a tensor, a few at a time: the first of them, and how to read and pack them. */
function* rowsOf(tensor: StoredTensor, begin: number, end: number, type: FrozenType) {
  const [, inputs = 1] = tensor.shape;
  const each = storedBytes[tensor.type] * inputs;
  const most = Math.max(1, Math.floor(chunkBytes / each));
  for (let first = begin; first < end; first += most) {
    const count = Math.min(most, end - first);
    const packed = async () => {
      const bytes = await tensor.read(first * inputs, (first + count) * inputs);
      return { ...packRows(bytes, tensor.type, type, count, inputs), bytes: bytes.length };
    };
    yield [first, packed] as const;
  }
}

/**
 * Rows of numbers as the device has them, padded with zeros.
 * @param bytes [rows, inputs] of the file's type
 */
export function packRows(
  bytes: Uint8Array<ArrayBuffer>,
  from: StoredType,
  to: FrozenType,
  rows: number,
  inputs: number,
): { readonly words: Uint8Array<ArrayBuffer>; readonly scales: Float32Array<ArrayBuffer> | null } {
  const width = paddedWidth(inputs);
  if (to === sameBits[from]) {
    if (width === inputs) return { words: bytes, scales: null };
    const [own, whole] = [storedBytes[from] * inputs, storedBytes[from] * width];
    const words = new Uint8Array(rows * whole);
    for (let row = 0; row < rows; row++) words.set(bytes.subarray(row * own, (row + 1) * own), row * whole);
    return { words, scales: null };
  }
  const values = floatsOf(bytes, from);
  if (to !== 'int8') {
    const words = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      words.set(values.subarray(row * inputs, (row + 1) * inputs), row * width);
    }
    return { words: new Uint8Array(words.buffer), scales: null };
  }
  const numbers = new Int8Array(rows * width);
  const scales = new Float32Array((rows * width) / groupSize);
  for (let group = 0; group < scales.length; group++) {
    const row = Math.floor((group * groupSize) / width);
    const column = (group * groupSize) % width;
    const count = Math.min(groupSize, Math.max(0, inputs - column));
    const start = row * inputs + column;
    // Loops, as hundreds of millions of numbers go through them.
    let largest = 0;
    for (let i = start; i < start + count; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0));
    const scale = Math.fround(largest / 127);
    scales[group] = scale;
    if (scale === 0) continue;
    for (let i = 0; i < count; i++) {
      numbers[group * groupSize + i] = Math.round((values[start + i] ?? 0) / scale);
    }
  }
  return { words: new Uint8Array(numbers.buffer), scales };
}
