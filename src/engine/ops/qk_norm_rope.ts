import backward from '../../../shaders/ops/qk_norm_rope.backward.wgsl';
import backwardGain from '../../../shaders/ops/qk_norm_rope.backward_gain.wgsl';
import forward from '../../../shaders/ops/qk_norm_rope.forward.wgsl';
import type { ModelConfig } from '../../model/config.ts';
import type { LayerOffsets } from '../../model/layout.ts';
import { activationPrelude } from '../activations.ts';
import { modelsOf, quarter, type CachePlace, type Recorder, type RowSpace } from '../recorder.ts';
import { partialParams, type GradientRows } from '../partials.ts';

/** Constants of the head shape: private arrays cannot be sized by an override. */
export function headPrelude({ head_dim }: ModelConfig): string {
  return `const HALF4 = ${String(head_dim / 8)}u;`;
}

/** Cosines then sines per position, [positions, head_dim]. Computed in float64. */
export function ropeTable(
  { head_dim, rope_theta }: Pick<ModelConfig, 'head_dim' | 'rope_theta'>,
  positions: number,
): Float32Array<ArrayBuffer> {
  const table = new Float32Array(positions * head_dim);
  const half = head_dim / 2;
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * rope_theta ** ((-2 * i) / head_dim);
      table[position * head_dim + i] = Math.cos(angle);
      table[position * head_dim + half + i] = Math.sin(angle);
    }
  }
  return table;
}

function heads({ num_attention_heads, num_key_value_heads }: ModelConfig) {
  return { heads: num_attention_heads, kv_heads: num_key_value_heads };
}

/** Normalised and rotated q [rows, heads·D]; k and v into their caches. qkv [rows, (heads + 2·kv_heads)·D]. */
export function qkNormRopeForward(
  r: Recorder,
  space: RowSpace,
  layer: LayerOffsets,
  place: CachePlace,
  io: Readonly<Record<'qkv' | 'row_meta' | 'rope' | 'q' | 'k' | 'v', GPUBuffer>>,
): void {
  const shape = heads(r.config);
  r.program.dispatch(
    r.kernels.get(forward, {}, `${activationPrelude(r.plan.activations)}\n${headPrelude(r.config)}`),
    { parameters: r.parameters.slabs, ...io },
    {
      rows: space.rows,
      ...shape,
      q_gain4: quarter(layer.queryNorm),
      k_gain4: quarter(layer.keyNorm),
      eps: r.config.rms_norm_eps,
      ...place,
      ...modelsOf(space),
    },
    () => space.rows.value * (shape.heads + 2 * shape.kv_heads),
  );
}

/** Gradient of qkv, and of both gains in ordered parts; dq and dk are used up. */
export function qkNormRopeBackward(
  r: Recorder,
  of: GradientRows,
  layer: LayerOffsets,
  io: Readonly<Record<'qkv' | 'row_meta' | 'rope' | 'dq' | 'dk' | 'dv' | 'dqkv', GPUBuffer>>,
): void {
  const shape = heads(r.config);
  const gains = { q_gain4: quarter(layer.queryNorm), k_gain4: quarter(layer.keyNorm) };
  const prelude = headPrelude(r.config);
  r.program.dispatch(
    r.kernels.get(backward, {}, `${activationPrelude(r.plan.activations)}\n${prelude}`),
    { parameters: r.parameters.slabs, ...io },
    { rows: of.rows, ...shape, ...gains, eps: r.config.rms_norm_eps },
    () => of.rows.value * (shape.heads + 2 * shape.kv_heads),
  );
  r.program.dispatch(
    r.kernels.get(backwardGain, {}, prelude),
    { q_terms: io.dq, k_terms: io.dk, partials: r.parameters.policy.partials },
    { ...partialParams(r, of), ...shape, ...gains },
    r.parameters.policy.splits * 2 * quarter(r.config.head_dim),
  );
}
