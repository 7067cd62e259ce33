import type { LayerOffsets } from '../model/layout.ts';
import { widthsOf } from './activations.ts';
import type { NormedWeight, Weight } from './ops/matmul.ts';
import type { Recorder } from './recorder.ts';

/** The matrices of a layer, each with the norm folded in front of it. */
export function layerWeights(
  r: Recorder,
  layer: LayerOffsets,
): Record<'qkv' | 'gateUp', NormedWeight> & Record<'output' | 'down', Weight> {
  const { hidden, queries, qkv, inner } = widthsOf(r.config);
  return {
    qkv: { offset: layer.qkv, n: qkv, k: hidden, gain: layer.inputNorm },
    output: { offset: layer.output, n: hidden, k: queries },
    gateUp: { offset: layer.gateUp, n: 2 * inner, k: hidden, gain: layer.postAttentionNorm },
    down: { offset: layer.down, n: hidden, k: inner },
  };
}

export function headWeight(r: Recorder): Weight {
  return {
    offset: r.layout.head,
    n: r.config.vocab_size,
    k: r.config.hidden_size,
    gain: r.layout.finalNorm,
  };
}
