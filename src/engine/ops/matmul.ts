import backward from '../../../shaders/ops/matmul.backward.wgsl';
import backwardWeight from '../../../shaders/ops/matmul.backward_weight.wgsl';
import forward from '../../../shaders/ops/matmul.forward.wgsl';
import type { Live } from '../../gpu/program.ts';
import { rowBlock } from '../plan.ts';
import { modelsOf, quarter, type Recorder, type RowSpace } from '../recorder.ts';
import { partialParams, type GradientRows } from '../partials.ts';

/** Outputs per thread; rows per thread is `rowBlock`. */
const columnBlock = 8;

/** A weight matrix [n, k] at `offset` floats, and the gain of the norm in front of it, if any. */
export interface Weight {
  readonly offset: number;
  readonly n: number;
  readonly k: number;
  readonly gain?: number;
}

/** Row length of a result of n columns, in vec4s. */
export function stride4(n: number): number {
  return Math.ceil(n / 4);
}

/**
 * y = norm(x)·wᵀ (+ residual). x [rows, k], y and residual [rows, 4·⌈n/4⌉].
 * @param io `rstd` [rows] is written where the weight has a gain, and only bound where it has none
 */
export function matmulForward(
  r: Recorder,
  space: RowSpace,
  weight: Weight,
  io: {
    readonly x: GPUBuffer;
    readonly y: GPUBuffer;
    readonly rstd: GPUBuffer;
    readonly residual?: GPUBuffer;
  },
): void {
  r.program.dispatch(
    r.kernels.get(forward, { NORMED: weight.gain !== undefined, RESIDUAL: io.residual !== undefined }),
    { parameters: r.parameters.slabs, x: io.x, y: io.y, rstd: io.rstd, residual: io.residual ?? io.x },
    {
      rows: space.rows,
      k4: quarter(weight.k),
      n: weight.n,
      stride4: stride4(weight.n),
      weight4: quarter(weight.offset),
      gain4: quarter(weight.gain ?? 0),
      eps: r.config.rms_norm_eps,
      ...modelsOf(space),
    },
    () => (space.rows.value / rowBlock) * Math.ceil(weight.n / columnBlock),
  );
}

/** dx = dy·w. dy [rows, 4·⌈n/4⌉] with zero padding, dx [rows, k]. */
export function matmulBackward(r: Recorder, rows: Live, weight: Weight, dy: GPUBuffer, dx: GPUBuffer): void {
  r.program.dispatch(
    r.kernels.get(backward),
    { parameters: r.parameters.slabs, dy, dx },
    { rows, k4: quarter(weight.k), n: weight.n, n4: stride4(weight.n), weight4: quarter(weight.offset) },
    () => (rows.value / rowBlock) * Math.ceil(weight.k / columnBlock),
  );
}

/** dw = dyᵀ·norm(x), in ordered parts. */
export function matmulBackwardWeight(
  r: Recorder,
  of: GradientRows,
  weight: Weight,
  io: { readonly dy: GPUBuffer; readonly x: GPUBuffer; readonly rstd: GPUBuffer },
): void {
  r.program.dispatch(
    r.kernels.get(backwardWeight, { NORMED: weight.gain !== undefined }),
    { parameters: r.parameters.slabs, partials: r.parameters.partials, ...io },
    {
      ...partialParams(r, of),
      k4: quarter(weight.k),
      n: weight.n,
      n4: stride4(weight.n),
      weight4: quarter(weight.offset),
      gain4: quarter(weight.gain ?? 0),
    },
    r.parameters.splits * Math.ceil(weight.k / columnBlock) * Math.ceil(weight.n / columnBlock),
  );
}
