import backward from '../../../shaders/ops/rms_norm.backward.wgsl';
import { activationPrelude } from '../activations.ts';
import { quarter, type Recorder } from '../recorder.ts';
import { partialParams, type GradientRows } from '../partials.ts';

/** A norm's tensors: dy the gradient of its output, x its input, rstd kept by the forward pass (fused into matmul). */
export interface NormBackward {
  /** Offset of the gain, floats. */
  readonly gain: number;
  readonly dy: GPUBuffer;
  readonly x: GPUBuffer;
  readonly rstd: GPUBuffer;
  /** Gradient of the residual stream, added to; written where `fresh`. */
  readonly dx: GPUBuffer;
  readonly fresh?: boolean;
}

/** dx += the norm's input gradient, and dgain in ordered parts, in one dispatch. All [rows, H]. */
export function rmsNormBackward(r: Recorder, of: GradientRows, norm: NormBackward): void {
  const { gain, dy, x, rstd, dx } = norm;
  const hidden4 = quarter(r.config.hidden_size);
  const gainThreads = 64 * Math.ceil((r.parameters.policy.splits * hidden4) / 64);
  r.program.dispatch(
    r.kernels.get(backward, {}, activationPrelude(r.plan.activations)),
    { parameters: r.parameters.slabs, partials: r.parameters.policy.partials, dy, x, rstd, dx },
    { ...partialParams(r, of), hidden4, gain4: quarter(gain), fresh: norm.fresh === true ? 1 : 0 },
    () => gainThreads + of.rows.value,
  );
}
