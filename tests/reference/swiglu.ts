import { at, expectLength, type Numbers } from './indexing.ts';

/** σ(x) = 1/(1 + e^(−x)) */
function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * y = silu(gate) · up,   silu(x) = x·σ(x), element by element
 * @param gate,up any equal length
 */
export function forward(gate: Numbers, up: Numbers): Float64Array {
  expectLength('up', up, gate.length);
  return Float64Array.from({ length: gate.length }, (_, i) => at(gate, i) * sigmoid(at(gate, i)) * at(up, i));
}

/** dgate = dy·up·σ·(1 + gate·(1 − σ)),   dup = dy·gate·σ,   σ = σ(gate) */
export function backward(
  dy: Numbers,
  gate: Numbers,
  up: Numbers,
): { dgate: Float64Array; dup: Float64Array } {
  expectLength('dy', dy, gate.length);
  expectLength('up', up, gate.length);
  const dgate = new Float64Array(gate.length);
  const dup = new Float64Array(gate.length);
  for (let i = 0; i < gate.length; i++) {
    const x = at(gate, i);
    const s = sigmoid(x);
    dgate[i] = at(dy, i) * at(up, i) * s * (1 + x * (1 - s));
    dup[i] = at(dy, i) * x * s;
  }
  return { dgate, dup };
}
