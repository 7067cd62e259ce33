/** A tiny deterministic generator for test inputs: nothing of the lab's own random streams. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  readonly uniform: () => number;
  /** Uniform integer in [0, below). */
  readonly integer: (below: number) => number;
  /** Standard normal (Box–Muller). */
  readonly normal: () => number;
  /** `count` normals of the given spread. */
  readonly normals: (count: number, spread?: number) => Float64Array;
  /** `count` integers in [0, below). */
  readonly integers: (count: number, below: number) => Uint32Array;
}

/** Mulberry32 by Tommy Ettinger: state += 0x6D2B79F5, then two xor-multiply rounds. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number): number => Math.floor(uniform() * below);
  // 1 − u lies in (0, 1], so the logarithm is finite.
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    integer,
    normal,
    normals: (count, spread = 1) => Float64Array.from({ length: count }, () => spread * normal()),
    integers: (count, below) => Uint32Array.from({ length: count }, () => integer(below)),
  };
}
