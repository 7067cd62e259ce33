import type { Random } from './random.ts';

/** The keys of a Hugging Face config.json of Qwen3 that the mathematics needs, unchanged. */
export interface Qwen3Config {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly intermediate_size: number;
  readonly vocab_size: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly tie_word_embeddings: boolean;
}

/** Tensors by Hugging Face name, row-major. */
export type Weights = ReadonlyMap<string, Float64Array>;

/** Every tensor of the model with its shape, [out, in] for matrices; lm_head only when not tied. */
export function tensorShapes(config: Qwen3Config): Map<string, readonly number[]> {
  const { hidden_size: H, head_dim: D, intermediate_size: I, vocab_size: V } = config;
  const queryWidth = config.num_attention_heads * D;
  const keyWidth = config.num_key_value_heads * D;
  const shapes = new Map<string, readonly number[]>([['model.embed_tokens.weight', [V, H]]]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.layers.${layer}.`;
    shapes.set(`${prefix}input_layernorm.weight`, [H]);
    shapes.set(`${prefix}self_attn.q_proj.weight`, [queryWidth, H]);
    shapes.set(`${prefix}self_attn.k_proj.weight`, [keyWidth, H]);
    shapes.set(`${prefix}self_attn.v_proj.weight`, [keyWidth, H]);
    shapes.set(`${prefix}self_attn.q_norm.weight`, [D]);
    shapes.set(`${prefix}self_attn.k_norm.weight`, [D]);
    shapes.set(`${prefix}self_attn.o_proj.weight`, [H, queryWidth]);
    shapes.set(`${prefix}post_attention_layernorm.weight`, [H]);
    shapes.set(`${prefix}mlp.gate_proj.weight`, [I, H]);
    shapes.set(`${prefix}mlp.up_proj.weight`, [I, H]);
    shapes.set(`${prefix}mlp.down_proj.weight`, [H, I]);
  }
  shapes.set('model.norm.weight', [H]);
  if (!config.tie_word_embeddings) shapes.set('lm_head.weight', [V, H]);
  return shapes;
}

/**
 * Weights for tests: matrices wide enough that every path matters, gains scattered around 1
 * so that a forgotten gain shows.
 */
export function randomWeights(config: Qwen3Config, random: Random): Map<string, Float64Array> {
  const weights = new Map<string, Float64Array>();
  for (const [name, shape] of tensorShapes(config)) {
    const size = shape.reduce((product, length) => product * length, 1);
    const fanIn = shape[1];
    const values =
      fanIn === undefined
        ? random.normals(size, 0.2).map((x) => 1 + x)
        : random.normals(size, 1 / Math.sqrt(fanIn));
    // Rounded, so that float32 and float64 implementations start from the same numbers.
    weights.set(name, Float64Array.from(values, Math.fround));
  }
  return weights;
}
