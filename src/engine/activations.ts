import type { Buffers } from '../gpu/buffer.ts';
import type { ModelConfig } from '../model/config.ts';
import type { ActivationType } from './plan.ts';
import type { PlannedModel } from './recorder.ts';

/** What the shaders call an activation in storage: every one is loaded into f32 and rounded when stored. */
export function activationPrelude(type: ActivationType): string {
  const enable = type === 'f16' ? 'enable f16;\n' : '';
  return `${enable}alias Activation = ${type};\nalias Activation4 = vec4<Activation>;`;
}

/** 32-bit words that `count` activations take, a multiple of four. */
export function activationWords(type: ActivationType, count: number): number {
  return type === 'f16' ? count / 2 : count;
}

/**
 * What one layer reads and writes. `x` is its input, `next` its output: the input of the layer after it.
 * rstd and lse, a number per row or head, are f32; the rest are activations.
 */
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

/** Widths of the tensors of a layer, numbers per row. */
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
export function keptLayers(
  buffers: Buffers,
  { config, plan }: Pick<PlannedModel, 'config' | 'plan'>,
  rows: number,
): LayerBuffers[] {
  const width = widthsOf(config);
  const stream = (index: number) =>
    buffers.storage(`layer ${String(index)} x`, activationWords(plan.activations, rows * width.hidden));
  let x = stream(0);
  return Array.from({ length: config.num_hidden_layers }, (_, index) => {
    const floats = (name: string, count: number) =>
      buffers.storage(`layer ${String(index)} ${name}`, rows * count);
    const of = (name: string, count: number) => floats(name, activationWords(plan.activations, count));
    const layer: LayerBuffers = {
      x,
      inputRstd: floats('input rstd', 1),
      qkv: of('qkv', width.qkv),
      q: of('q', width.queries),
      k: of('k', width.keys),
      v: of('v', width.keys),
      out: of('out', width.queries),
      lse: floats('lse', width.heads),
      mid: of('mid', width.hidden),
      midRstd: floats('mid rstd', 1),
      gateUp: of('gate_up', 2 * width.inner),
      act: of('act', width.inner),
      next: stream(index + 1),
    };
    x = layer.next;
    return layer;
  });
}

/** Only keys and values are kept per layer; all else is shared, as sampling needs no backward pass. */
export function cachedLayers(
  buffers: Buffers,
  { config, plan }: Pick<PlannedModel, 'config' | 'plan'>,
  rows: number,
  cacheRows: number,
): LayerBuffers[] {
  const width = widthsOf(config);
  const words = (count: number) => activationWords(plan.activations, count);
  const floats = (name: string, count: number) => buffers.storage(`rollout ${name}`, rows * count);
  const of = (name: string, count: number) => floats(name, words(count));
  const x = of('x', width.hidden);
  const rstd = floats('rstd', 1);
  const shared = {
    x,
    next: x,
    inputRstd: rstd,
    midRstd: rstd,
    qkv: of('qkv', width.qkv),
    q: of('q', width.queries),
    out: of('out', width.queries),
    lse: floats('lse', width.heads),
    mid: of('mid', width.hidden),
    gateUp: of('gate_up', 2 * width.inner),
    act: of('act', width.inner),
  };
  return Array.from({ length: config.num_hidden_layers }, (_, index) => ({
    ...shared,
    k: buffers.storage(`layer ${String(index)} key cache`, words(cacheRows * width.keys)),
    v: buffers.storage(`layer ${String(index)} value cache`, words(cacheRows * width.keys)),
  }));
}
