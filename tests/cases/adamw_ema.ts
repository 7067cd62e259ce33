import { update, type OptimizerSettings, type OptimizerState } from '../reference/adamw_ema.ts';
import { clipFactor, norm } from '../reference/grad_norm.ts';
import { createRandom } from '../reference/random.ts';
import { float32Tolerance, type Case } from './case.ts';

interface Sizes extends OptimizerSettings {
  readonly size: number;
  readonly steps: number;
  readonly maxNorm: number;
}

/** `spread` of the gradients in each step; 0 gives a step without gradient. */
function build(name: string, seed: number, sizes: Sizes, spread: (step: number) => number): Case {
  const random = createRandom(seed);
  const { size, steps, maxNorm } = sizes;
  const policy = Float32Array.from(random.normals(size));
  const anchor = Float32Array.from(policy, (value) => value + 0.1 * random.normal());
  // Matrices lie before gains, whole vec4s of them.
  const matrices = 4 * Math.ceil((0.7 * size) / 4);
  const decays = Float32Array.from({ length: size }, (_, i) => (i < matrices ? 1 : 0));
  const gradients = new Float32Array(steps * size);
  let state: OptimizerState = {
    policy: Float64Array.from(policy),
    anchor: Float64Array.from(anchor),
    m: new Float64Array(size),
    v: new Float64Array(size),
  };
  const norms = new Float64Array(steps);
  for (let step = 1; step <= steps; step++) {
    const gradient = Float32Array.from(random.normals(size, spread(step)));
    gradients.set(gradient, (step - 1) * size);
    const length = norm(gradient);
    norms[step - 1] = length;
    state = update(state, gradient, decays, sizes, step, clipFactor(length, maxNorm));
  }
  return {
    name,
    sizes: { ...sizes },
    inputs: { policy, anchor, decays, gradients },
    expected: { ...state, norms },
    tolerance: float32Tolerance,
  };
}

const usual = {
  steps: 5,
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
  anchorMomentum: 0.99,
  maxNorm: 1,
};

/**
 * One update at a time: gradients are [steps, size]; expected policy, anchor, m and v are those after
 * the last step, and norms [steps] those before clipping.
 */
export const cases: readonly Case[] = [
  build('one parameter', 1101, { ...usual, size: 1 }, () => 1),
  build('65 parameters, one more than a workgroup of 64, clipped', 1102, { ...usual, size: 65 }, () => 1),
  build(
    '257 parameters, clipped in every second step',
    1103,
    { ...usual, size: 257 },
    (t) => (t % 2) * 0.1 + 1e-3,
  ),
  build('pretraining’s second moment', 1104, { ...usual, size: 99, beta2: 0.95 }, () => 0.05),
  build('strong decay, only where it applies', 1105, { ...usual, size: 33, weightDecay: 5 }, () => 0.1),
  build('anchor momentum 1: frozen', 1106, { ...usual, size: 33, anchorMomentum: 1 }, () => 0.1),
  build('anchor momentum 0: the policy', 1107, { ...usual, size: 33, anchorMomentum: 0 }, () => 0.1),
  build('a step without gradient still moves by momentum', 1108, { ...usual, size: 33 }, (t) =>
    t === 3 ? 0 : 0.1,
  ),
  build('no gradient at all: only decay and anchor', 1109, { ...usual, size: 33 }, () => 0),
  build('gradients as small as eps', 1110, { ...usual, size: 33 }, () => 1e-8),
];
