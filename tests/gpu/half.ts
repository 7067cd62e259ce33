import { fromHalf } from '../../src/lib/half.ts';

/** A number as the bits of the nearest half, ties to even. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65_520) return sign | 0x7c00;
  // Multiples of the spacing, counted from 0: a carry out of the fraction goes on into the exponent by itself.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const spacing = 2 ** (exponent - 10);
  const steps = Math.floor(size / spacing);
  const rest = size / spacing - steps;
  const rounded = steps + (rest > 0.5 || (rest === 0.5 && steps % 2 === 1) ? 1 : 0);
  return sign | (1024 * (exponent + 14) + rounded);
}

/** Halves side by side, two to a word. */
export function packHalves(values: Float32Array): Uint32Array<ArrayBuffer> {
  return new Uint32Array(Uint16Array.from(values, toHalf).buffer);
}

export function unpackHalves(words: Uint32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return Float32Array.from(new Uint16Array(words.buffer, words.byteOffset, 2 * words.length), fromHalf);
}
