import backward from '../../../shaders/ops/swiglu.backward.wgsl';
import forward from '../../../shaders/ops/swiglu.forward.wgsl';
import type { Live } from '../../gpu/program.ts';
import { activationPrelude } from '../activations.ts';
import { modelsOf, quarter, type Recorder, type RowSpace } from '../recorder.ts';
import { formOverrides, tileThreads, type NormedWeight, type Weight } from './matmul.ts';

/**
 * y = silu(gate)·up with [gate, up] = norm(x)·wᵀ, in one dispatch.
 * @param weight [2·I, H], gate first
 * @param io x [rows, H], y [rows, I], rstd [rows]; gate_up [rows, 2·I] of the first model's rows, for the backward pass
 */
export function swigluForward(
  r: Recorder,
  space: RowSpace,
  weight: NormedWeight,
  io: Readonly<Record<'x' | 'gate_up' | 'y' | 'rstd', GPUBuffer>>,
): void {
  const form = r.plan.matmul.forward;
  r.program.dispatch(
    r.kernels.get(forward, formOverrides(form), activationPrelude(r.plan.activations)),
    { parameters: r.parameters.slabs, ...io },
    {
      rows: space.rows,
      k4: quarter(weight.k),
      inner4: quarter(weight.n / 2),
      weight4: quarter(weight.offset),
      gain4: quarter(weight.gain),
      eps: r.config.rms_norm_eps,
      ...modelsOf(space),
    },
    tileThreads(form, weight.n, space.rows, space.split),
  );
}

/**
 * Gradients of gate and up through the product behind them, in one dispatch.
 * @param weight [H, I], of that product
 * @param io dz [rows, H], gate_up and dgate_up [rows, 2·I]
 */
export function swigluBackward(
  r: Recorder,
  rows: Live,
  weight: Weight,
  io: Readonly<Record<'dz' | 'gate_up' | 'dgate_up', GPUBuffer>>,
): void {
  const form = r.plan.matmul.backward;
  r.program.dispatch(
    r.kernels.get(backward, formOverrides(form), activationPrelude(r.plan.activations)),
    { parameters: r.parameters.slabs, ...io },
    { rows, inner4: quarter(weight.k), n4: quarter(weight.n), weight4: quarter(weight.offset) },
    tileThreads(form, weight.k, rows),
  );
}
