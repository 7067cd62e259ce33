/**
 * One set of inputs of an operation with the oracle's answers. The name says why it is there.
 * Inputs are float32 or u32, so that both sides start from the same numbers; arrays are row-major
 * with the shapes their reference documents. Expected arrays carry the names of what they are,
 * gradients included (`dx` for the given `dy`).
 */
export interface Case {
  readonly name: string;
  /** Shapes and scalar parameters, by name. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, Float32Array | Uint32Array>>;
  readonly expected: Readonly<Record<string, Float64Array>>;
  /** For `compare`: allowed |difference| / (1 + |expected|). */
  readonly tolerance: number;
}

/** Normals as f16 holds them: what is stored as an activation is the same number in either type. */
export function halves(values: Iterable<number>): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (value) => {
    const spacing = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value)))) - 10);
    return spacing * Math.round(value / spacing);
  });
}

/**
 * What float32 is good for over sums of a few hundred terms near 1: rounding is 6e-8 per term,
 * and the order of the sum is the kernel's own business.
 */
export const float32Tolerance = 1e-5;
