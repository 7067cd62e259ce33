import type { ModelConfig } from './config.ts';

/** A tensor's place in the flat parameter buffer; offset and length in floats, offsets multiples of 4. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Offsets of one decoder layer, in floats. q, k, v and gate, up lie side by side: one product each. */
export interface LayerOffsets {
  readonly inputNorm: number;
  readonly qkv: number;
  readonly queryNorm: number;
  readonly keyNorm: number;
  readonly output: number;
  readonly postAttentionNorm: number;
  readonly gateUp: number;
  readonly down: number;
}

/** Where everything lies in one flat buffer. Matrices come first: weight decay ends at `matrixFloats`. */
export interface Layout {
  readonly tensors: readonly Tensor[];
  readonly layers: readonly LayerOffsets[];
  readonly embedding: number;
  readonly finalNorm: number;
  /** Equals `embedding` when tied. */
  readonly head: number;
  readonly matrixFloats: number;
  /** Floats of the whole buffer, padding included. */
  readonly size: number;
  /** Parameters proper, without padding. */
  readonly parameterCount: number;
}

/** Lays out a model's tensors, under Hugging Face's names, in one flat buffer. */
export function layoutOf(config: ModelConfig): Layout {
  const { hidden_size: H, intermediate_size: I, head_dim: D, vocab_size: V } = config;
  const queries = config.num_attention_heads * D;
  const keys = config.num_key_value_heads * D;
  const tensors: Tensor[] = [];
  let offset = 0;
  let parameterCount = 0;
  const place = (name: string, ...shape: number[]): number => {
    const at = offset;
    const length = shape.reduce((product, n) => product * n, 1);
    tensors.push({ name, shape, offset: at, length });
    parameterCount += length;
    offset += Math.ceil(length / 4) * 4;
    return at;
  };

  const embedding = place('model.embed_tokens.weight', V, H);
  const head = config.tie_word_embeddings ? embedding : place('lm_head.weight', V, H);
  const indices = Array.from({ length: config.num_hidden_layers }, (_, index) => index);
  const matrices = indices.map((index) => {
    const name = (part: string) => `model.layers.${String(index)}.${part}.weight`;
    const qkv = place(name('self_attn.q_proj'), queries, H);
    place(name('self_attn.k_proj'), keys, H);
    place(name('self_attn.v_proj'), keys, H);
    const output = place(name('self_attn.o_proj'), H, queries);
    const gateUp = place(name('mlp.gate_proj'), I, H);
    place(name('mlp.up_proj'), I, H);
    const down = place(name('mlp.down_proj'), H, I);
    return { qkv, output, gateUp, down };
  });
  const matrixFloats = offset;
  const layers = indices.map((index) => {
    const name = (part: string) => `model.layers.${String(index)}.${part}.weight`;
    return {
      ...(matrices[index] ?? { qkv: 0, output: 0, gateUp: 0, down: 0 }),
      inputNorm: place(name('input_layernorm'), H),
      postAttentionNorm: place(name('post_attention_layernorm'), H),
      queryNorm: place(name('self_attn.q_norm'), D),
      keyNorm: place(name('self_attn.k_norm'), D),
    };
  });
  const finalNorm = place('model.norm.weight', H);
  return { tensors, layers, embedding, finalNorm, head, matrixFloats, size: offset, parameterCount };
}
