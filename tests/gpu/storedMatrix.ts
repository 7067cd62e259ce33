import {
  packRows,
  paddedWidth,
  tilesOf,
  type FrozenMatrix,
  type FrozenType,
} from '../../src/engine/frozen/matrix.ts';
import { floatsOf } from '../../src/model/pretrained/numbers.ts';
import type { StoredType } from '../../src/model/pretrained/weights.ts';
import { createRandom } from '../reference/random.ts';
import { packHalves } from './half.ts';
import type { Workbench } from './workbench.ts';

/** Numbers as a file has them. */
const toFile: Readonly<Record<StoredType, (values: Float32Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>>> = {
  F32: (values) => new Uint8Array(values.slice().buffer),
  F16: (values) => new Uint8Array(packHalves(values).buffer),
  // Cut off, not rounded: any numbers do.
  BF16: (values) =>
    new Uint8Array(Uint16Array.from(new Uint32Array(values.slice().buffer), (word) => word >>> 16).buffer),
};
const files: Readonly<Record<FrozenType, StoredType>> = { f32: 'F32', bf16: 'BF16', f16: 'F16', int8: 'F32' };

/** A matrix in tiles, and the numbers that it stands for. */
export function matrixOf(
  on: Workbench,
  type: FrozenType,
  outputs: number,
  inputs: number,
  tileBytes: number,
  seed: number,
) {
  const values = Float32Array.from(createRandom(seed).normals(outputs * inputs));
  const bytes = toFile[files[type]](values);
  const numbers = type === 'int8' ? new Float32Array(outputs * inputs) : floatsOf(bytes, files[type]);
  const row = bytes.length / outputs;
  const none = on.input('no scales', new Float32Array(4));
  const tiles = tilesOf({ outputs, inputs }, type, tileBytes).map((size) => {
    const part = bytes.slice(size.first * row, (size.first + size.outputs) * row);
    const { words, scales } = packRows(part, files[type], type, size.outputs, inputs);
    if (scales !== null) {
      const width = paddedWidth(inputs);
      const bytesOf = new Int8Array(words.buffer);
      for (let i = 0; i < size.outputs * inputs; i++) {
        const at = Math.floor(i / inputs) * width + (i % inputs);
        numbers[size.first * inputs + i] = (bytesOf[at] ?? NaN) * (scales[Math.floor(at / 32)] ?? NaN);
      }
    }
    return {
      ...size,
      weights: on.input('weights', new Uint32Array(words.buffer)),
      scales: scales === null ? none : on.input('scales', scales),
    };
  });
  const matrix: FrozenMatrix = { type, outputs, inputs, tiles, load: () => Promise.resolve() };
  return { matrix, numbers, values };
}
