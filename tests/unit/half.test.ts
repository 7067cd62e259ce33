import { describe, expect, it } from 'vitest';
import { fromHalf, toBfloat, toHalf } from '../../src/lib/half.ts';
import { createRandom } from '../reference/random.ts';

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);
function fromBfloat(bits: number): number {
  word[0] = bits << 16;
  return float[0] ?? NaN;
}

describe.each([
  { name: 'half precision', to: toHalf, from: fromHalf, infinite: 0x7c00 },
  { name: 'bfloat16', to: toBfloat, from: fromBfloat, infinite: 0x7f80 },
])('$name', ({ to, from, infinite }) => {
  const finite = Array.from({ length: infinite }, (_, bits) => bits);

  it('is every number of its own, of either sign', () => {
    const wrong = (bits: number) => to(from(bits)) !== bits || to(-from(bits)) !== (bits | 0x8000);
    expect(finite.filter(wrong)).toEqual([]);
    expect([Infinity, -Infinity, NaN].map(to).map(from)).toEqual([Infinity, -Infinity, NaN]);
  });

  it('is the nearer of two neighbours, of two equally near the even one, however little decides', () => {
    const wrong = (bits: number) => {
      const middle = (from(bits) + from(bits + 1)) / 2;
      const little = middle * 2 ** -45;
      const even = bits + (bits % 2);
      return to(middle - little) !== bits || to(middle) !== even || to(middle + little) !== bits + 1;
    };
    expect(finite.slice(0, -1).filter(wrong)).toEqual([]);
    const largest = from(infinite - 1);
    const step = largest - from(infinite - 2);
    expect([largest + 0.49 * step, largest + 0.5 * step, 1e300].map(to)).toEqual([
      infinite - 1,
      infinite,
      infinite,
    ]);
  });

  it('is no further from a number than its neighbours are', () => {
    const random = createRandom(5);
    for (let i = 0; i < 2000; i++) {
      const value = (random.uniform() - 0.5) * 2 ** Math.floor(30 * random.uniform() - 20);
      const bits = to(value);
      const distance = (other: number) => Math.abs(from(other) - value);
      for (const other of [bits - 1, bits + 1].filter((each) => (each & 0x7fff) < infinite && each >= 0))
        expect(distance(bits)).toBeLessThanOrEqual(distance(other));
    }
  });
});
