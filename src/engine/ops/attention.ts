import backwardKey from '../../../shaders/ops/attention.backward_key.wgsl';
import backwardQuery from '../../../shaders/ops/attention.backward_query.wgsl';
import forward from '../../../shaders/ops/attention.forward.wgsl';
import type { Live } from '../../gpu/program.ts';
import { activationPrelude } from '../activations.ts';
import type { CachePlace, Recorder } from '../recorder.ts';
import { headPrelude } from './qk_norm_rope.ts';

function preludeOf({ config, plan }: Recorder): string {
  return `${activationPrelude(plan.activations)}\n${headPrelude(config)}`;
}

function shape({ config }: Recorder) {
  return {
    heads: config.num_attention_heads,
    kv_heads: config.num_key_value_heads,
    scale: 1 / Math.sqrt(config.head_dim),
  };
}

/** Causal grouped-query attention over a row's prefix and own keys. q, out [rows, heads·D]; lse [rows, heads]. */
export function attentionForward(
  r: Recorder,
  rows: Live,
  place: CachePlace,
  io: Readonly<Record<'q' | 'k' | 'v' | 'row_meta' | 'out' | 'lse', GPUBuffer>>,
): void {
  r.program.dispatch(
    r.kernels.get(forward, {}, preludeOf(r)),
    io,
    { rows, ...shape(r), ...place },
    () => rows.value * r.config.num_attention_heads,
  );
}

/** dq, dk, dv of training rows (a row is its own cache row). delta [rows, heads] is scratch. */
export function attentionBackward(
  r: Recorder,
  rows: Live,
  io: Readonly<
    Record<'q' | 'k' | 'v' | 'row_meta' | 'out' | 'lse' | 'dout' | 'dq' | 'dk' | 'dv' | 'delta', GPUBuffer>
  >,
): void {
  const { q, k, v, row_meta, out, lse, dout, dq, dk, dv, delta } = io;
  const prelude = preludeOf(r);
  r.program.dispatch(
    r.kernels.get(backwardQuery, {}, prelude),
    { q, k, v, row_meta, out, lse, dout, dq, delta },
    { rows, ...shape(r) },
    () => rows.value * r.config.num_attention_heads,
  );
  r.program.dispatch(
    r.kernels.get(backwardKey, {}, prelude),
    { q, k, v, row_meta, lse, delta, dout, dk, dv },
    { rows, ...shape(r) },
    () => rows.value * r.config.num_key_value_heads,
  );
}
