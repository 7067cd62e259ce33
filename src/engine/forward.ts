import type { LayerBuffers } from './activations.ts';
import { attentionForward } from './ops/attention.ts';
import { embedForward } from './ops/embed.ts';
import { matmulForward } from './ops/matmul.ts';
import { qkNormRopeForward } from './ops/qk_norm_rope.ts';
import { swigluForward } from './ops/swiglu.ts';
import type { CachePlace, Recorder, RowSpace } from './recorder.ts';
import { headWeight, layerWeights } from './weights.ts';

/** What a pass over some rows works on. */
export interface Pass {
  readonly space: RowSpace;
  readonly place: CachePlace;
  readonly layers: readonly LayerBuffers[];
  readonly token: GPUBuffer;
  readonly row_meta: GPUBuffer;
  readonly rope: GPUBuffer;
}

/** A training row is its own cache row. */
export const ownPlace: CachePlace = { stride: 1, offset: 0 };

/**
 * Embedding and decoder layers (Qwen3: pre-norm, QK-norm, rotary, grouped queries, SwiGLU).
 * @param until 'keys' stops once the last layer's keys and values are cached: all that a prompt's prefix is for
 */
export function recordLayers(r: Recorder, pass: Pass, until: 'output' | 'keys'): void {
  const { space, place, layers, token, row_meta, rope } = pass;
  const [first] = layers;
  if (first === undefined) return;
  embedForward(r, space, token, first.x);
  r.layout.layers.forEach((offsets, index) => {
    const b = layers[index];
    if (b === undefined) return;
    const weights = layerWeights(r, offsets);
    matmulForward(r, space, weights.qkv, { x: b.x, y: b.qkv, rstd: b.inputRstd });
    qkNormRopeForward(r, space, offsets, place, { qkv: b.qkv, row_meta, rope, q: b.q, k: b.k, v: b.v });
    if (until === 'keys' && index === layers.length - 1) return;
    attentionForward(r, space.rows, place, { q: b.q, k: b.k, v: b.v, row_meta, out: b.out, lse: b.lse });
    matmulForward(r, space, weights.output, { x: b.out, y: b.mid, rstd: b.midRstd, residual: b.x });
    swigluForward(r, space, weights.gateUp, { x: b.mid, gate_up: b.gateUp, y: b.act, rstd: b.midRstd });
    matmulForward(r, space, weights.down, { x: b.act, y: b.next, rstd: b.midRstd, residual: b.mid });
  });
}

/** Final norm and vocabulary projection. logits [rows, 4·⌈V/4⌉], padding columns undefined; f32, as losses are differences of them. */
export function recordLogits(
  r: Recorder,
  space: RowSpace,
  io: { readonly x: GPUBuffer; readonly y: GPUBuffer; readonly rstd: GPUBuffer },
): void {
  matmulForward(r, space, headWeight(r), io, 'f32');
}
