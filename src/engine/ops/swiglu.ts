import backward from '../../../shaders/ops/swiglu.backward.wgsl';
import forward from '../../../shaders/ops/swiglu.forward.wgsl';
import type { Live } from '../../gpu/program.ts';
import { quarter, type Recorder } from '../recorder.ts';

/** y = silu(gate)·up. gate_up [rows, 2·I], y [rows, I]. */
export function swigluForward(r: Recorder, rows: Live, gateUp: GPUBuffer, y: GPUBuffer): void {
  const width4 = quarter(r.config.intermediate_size);
  r.program.dispatch(
    r.kernels.get(forward),
    { gate_up: gateUp, y },
    { rows, width4 },
    () => rows.value * width4,
  );
}

/** Gradients of gate and up, [rows, 2·I], from dy [rows, I]. */
export function swigluBackward(
  r: Recorder,
  rows: Live,
  gateUp: GPUBuffer,
  dy: GPUBuffer,
  dGateUp: GPUBuffer,
): void {
  const width4 = quarter(r.config.intermediate_size);
  r.program.dispatch(
    r.kernels.get(backward),
    { gate_up: gateUp, dy, dgate_up: dGateUp },
    { rows, width4 },
    () => rows.value * width4,
  );
}
