import type { Buffers } from '../gpu/buffer.ts';
import type { ModelConfig } from '../model/config.ts';

/** What one layer reads and writes. `x` is its input, `next` its output: the input of the layer after it. */
export interface LayerBuffers {
  readonly x: GPUBuffer;
  readonly inputRstd: GPUBuffer;
  readonly qkv: GPUBuffer;
  readonly q: GPUBuffer;
  readonly k: GPUBuffer;
  readonly v: GPUBuffer;
  readonly out: GPUBuffer;
  readonly lse: GPUBuffer;
  readonly mid: GPUBuffer;
  readonly midRstd: GPUBuffer;
  readonly gateUp: GPUBuffer;
  readonly act: GPUBuffer;
  readonly next: GPUBuffer;
}

/** Widths of the tensors of a layer, floats per row. */
export function widthsOf(config: ModelConfig) {
  const queries = config.num_attention_heads * config.head_dim;
  const keys = config.num_key_value_heads * config.head_dim;
  return {
    hidden: config.hidden_size,
    queries,
    keys,
    qkv: queries + 2 * keys,
    heads: config.num_attention_heads,
    inner: config.intermediate_size,
    logits: Math.ceil(config.vocab_size / 4) * 4,
  };
}

/** Every layer's tensors kept apart, as the backward pass needs them. */
export function keptLayers(buffers: Buffers, config: ModelConfig, rows: number): LayerBuffers[] {
  const width = widthsOf(config);
  let x = buffers.storage('layer 0 x', rows * width.hidden);
  return Array.from({ length: config.num_hidden_layers }, (_, index) => {
    const of = (name: string, floats: number) =>
      buffers.storage(`layer ${String(index)} ${name}`, rows * floats);
    const layer: LayerBuffers = {
      x,
      inputRstd: of('input rstd', 1),
      qkv: of('qkv', width.qkv),
      q: of('q', width.queries),
      k: of('k', width.keys),
      v: of('v', width.keys),
      out: of('out', width.queries),
      lse: of('lse', width.heads),
      mid: of('mid', width.hidden),
      midRstd: of('mid rstd', 1),
      gateUp: of('gate_up', 2 * width.inner),
      act: of('act', width.inner),
      next: buffers.storage(`layer ${String(index + 1)} x`, rows * width.hidden),
    };
    x = layer.next;
    return layer;
  });
}

/** Only keys and values are kept per layer; all else is shared, as sampling needs no backward pass. */
export function cachedLayers(
  buffers: Buffers,
  config: ModelConfig,
  rows: number,
  cacheRows: number,
): LayerBuffers[] {
  const width = widthsOf(config);
  const of = (name: string, floats: number) => buffers.storage(`rollout ${name}`, rows * floats);
  const x = of('x', width.hidden);
  const rstd = of('rstd', 1);
  const shared = {
    x,
    next: x,
    inputRstd: rstd,
    midRstd: rstd,
    qkv: of('qkv', width.qkv),
    q: of('q', width.queries),
    out: of('out', width.queries),
    lse: of('lse', width.heads),
    mid: of('mid', width.hidden),
    gateUp: of('gate_up', 2 * width.inner),
    act: of('act', width.inner),
  };
  return Array.from({ length: config.num_hidden_layers }, (_, index) => ({
    ...shared,
    k: buffers.storage(`layer ${String(index)} key cache`, cacheRows * width.keys),
    v: buffers.storage(`layer ${String(index)} value cache`, cacheRows * width.keys),
  }));
}
