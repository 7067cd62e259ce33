/** The number that 16 bits of IEEE 754 half precision stand for. */
export function fromHalf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The 16 bits of IEEE 754 half precision nearest to a number; of two equally near the even ones, infinite from 65,520 on. */
export function toHalf(value: number): number {
  return nearest(value, 10, -24);
}

/** The upper 16 bits of the nearest f32 whose others are zero (bfloat16), as `toHalf`. */
export function toBfloat(value: number): number {
  return nearest(value, 7, -133);
}

const double = new DataView(new ArrayBuffer(8));

/**
 * @param fraction bits of the fraction
 * @param least the exponent of the last bit of subnormal numbers
 */
function nearest(value: number, fraction: number, least: number): number {
  double.setFloat64(0, value);
  const sign = (double.getUint8(0) >> 7) << 15;
  const infinite = (2 ** (15 - fraction) - 1) << fraction;
  if (Number.isNaN(value)) return infinite | 1;
  const exponent = Math.max(least, ((double.getUint16(0) >> 4) & 0x7ff) - 1023 - fraction);
  const steps = Math.abs(value) / 2 ** exponent;
  const down = Math.floor(steps);
  const up = steps - down > 0.5 || (steps - down === 0.5 && down % 2 === 1) ? 1 : 0;
  // A normal number's leading bit, which is not written, counts as one more exponent; a carry goes on into the next.
  return sign | Math.min(infinite, (exponent - least) * 2 ** fraction + down + up);
}
