import backward from '../../../shaders/ops/rms_norm.backward.wgsl';
import backwardGain from '../../../shaders/ops/rms_norm.backward_gain.wgsl';
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

/** dx += the norm's input gradient, and dgain in ordered parts. All [rows, H]. */
export function rmsNormBackward(r: Recorder, of: GradientRows, norm: NormBackward): void {
  const { gain, dy, x, rstd, dx } = norm;
  const hidden4 = quarter(r.config.hidden_size);
  const gain4 = quarter(gain);
  r.program.dispatch(
    r.kernels.get(backwardGain),
    { dy, x, rstd, partials: r.parameters.partials },
    { ...partialParams(r, of), hidden4, gain4 },
    r.parameters.splits * hidden4,
  );
  r.program.dispatch(
    r.kernels.get(backward),
    { parameters: r.parameters.slabs, dy, x, rstd, dx },
    { rows: of.rows, hidden4, gain4, fresh: norm.fresh === true ? 1 : 0 },
    () => of.rows.value,
  );
}
