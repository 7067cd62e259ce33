import { fromHalf, toBfloat, toHalf } from '../../lib/half.ts';
import type { StoredType } from './weights.ts';

/** The numbers of a file, exact in f32. */
export function floatsOf(bytes: Uint8Array<ArrayBuffer>, type: StoredType): Float32Array<ArrayBuffer> {
  if (type === 'F32') return new Float32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer);
  const values = new Float32Array(halves.length);
  if (type === 'F16') {
    for (let i = 0; i < halves.length; i++) values[i] = fromHalf(halves[i] ?? 0);
    return values;
  }
  const bits32 = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) bits32[i] = (halves[i] ?? 0) << 16;
  return values;
}

/** Numbers as a file has them, each rounded once to the nearest, of two the even one; beyond its range, infinite. */
export function storedOf(values: Float64Array, type: StoredType): Uint8Array<ArrayBuffer> {
  if (type === 'F32') return new Uint8Array(Float32Array.from(values).buffer);
  return new Uint8Array(Uint16Array.from(values, type === 'F16' ? toHalf : toBfloat).buffer);
}
