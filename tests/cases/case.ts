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

/**
 * What float32 is good for over sums of a few hundred terms near 1: rounding is 6e-8 per term,
 * and the order of the sum is the kernel's own business.
 */
export const float32Tolerance = 1e-5;
