import { layoutOf } from '../../src/model/layout.ts';

/** What every contestant does: the model, the batches, the optimiser. Written once. */

const shared = {
  model_type: 'qwen3',
  vocab_size: 23,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
};

/** Models by size, in Hugging Face's keys: 0.12 and 9.8 million parameters. */
export const models = {
  small: {
    ...shared,
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    intermediate_size: 256,
  },
  large: {
    ...shared,
    hidden_size: 320,
    num_hidden_layers: 8,
    num_attention_heads: 10,
    num_key_value_heads: 5,
    head_dim: 32,
    intermediate_size: 960,
  },
};

/** AdamW without decay, and the EMA copy; no clipping. */
export const optimizer = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentum: 0.99 };

/** Tokens of a sequence that are predicted, each from those before it. */
export const length = 16;

export const generation = { prompts: 8, samples: 16, promptLength: 6, tokens: 10 };

/** mulberry32: uniform in [0, 1). */
function randomReals(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Initial weights by Hugging Face name: matrices N(0, 0.02·√(768/hidden)), gains near 1 and not equal, so that a
 * forgotten gain shows in the loss.
 * @returns name → { shape, values }
 */
export function initialWeights(config) {
  const random = randomReals(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const scale = 0.02 * Math.sqrt(768 / config.hidden_size);
  return new Map(
    layoutOf(config).tensors.map(({ name, shape, length: size }) => [
      name,
      {
        shape,
        values: Float32Array.from({ length: size }, () =>
          shape.length === 1 ? 1 + 0.1 * normal() : scale * normal(),
        ),
      },
    ]),
  );
}

/**
 * Sequences of a walk round the vocabulary with a step that differs from one to the next and some noise: learnt
 * in part within twenty steps.
 * @returns batch sequences of `length` + 1 token ids
 */
export function drawBatch(batch, step) {
  const random = randomReals(1000 * step + batch);
  const below = (n) => Math.floor(n * random());
  return Array.from({ length: batch }, () => {
    const stride = 1 + below(3);
    const start = below(shared.vocab_size);
    return Array.from({ length: length + 1 }, (_, i) =>
      random() < 0.1 ? below(shared.vocab_size) : (start + i * stride) % shared.vocab_size,
    );
  });
}

/** @returns `generation.prompts` prompts of `generation.promptLength` token ids */
export function drawPrompts() {
  return drawBatch(generation.prompts, 0).map((tokens) => tokens.slice(0, generation.promptLength));
}

/** Cosines and sines of the rotary embedding, [positions, head_dim / 2] each, computed in float64. */
export function rotary({ head_dim: D, rope_theta: theta }, positions) {
  const half = D / 2;
  const angle = (at) => Math.floor(at / half) * theta ** ((-2 * (at % half)) / D);
  const table = (f) => Float32Array.from({ length: positions * half }, (_, at) => f(angle(at)));
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/**
 * The weights as both peers keep them, in the order of the forward pass: [in, out], with projections of one input
 * side by side, so that a layer has four matrix products as in the lab.
 * @returns name → { shape, values }
 */
export function packWeights(config, weights) {
  const transposed = (...names) => {
    const parts = names.map((name) => weights.get(name));
    const inputs = parts[0].shape[1];
    const outputs = parts.reduce((sum, { shape }) => sum + shape[0], 0);
    const values = new Float32Array(inputs * outputs);
    let column = 0;
    for (const part of parts) {
      for (let out = 0; out < part.shape[0]; out++, column++) {
        for (let i = 0; i < inputs; i++) values[i * outputs + column] = part.values[out * inputs + i];
      }
    }
    return { shape: [inputs, outputs], values };
  };
  const packed = { embedding: weights.get('model.embed_tokens.weight') };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const full = (part) => `model.layers.${layer}.${part}.weight`;
    packed[`inputNorm${layer}`] = weights.get(full('input_layernorm'));
    packed[`qkv${layer}`] = transposed(
      full('self_attn.q_proj'),
      full('self_attn.k_proj'),
      full('self_attn.v_proj'),
    );
    packed[`queryNorm${layer}`] = weights.get(full('self_attn.q_norm'));
    packed[`keyNorm${layer}`] = weights.get(full('self_attn.k_norm'));
    packed[`output${layer}`] = transposed(full('self_attn.o_proj'));
    packed[`postNorm${layer}`] = weights.get(full('post_attention_layernorm'));
    packed[`gateUp${layer}`] = transposed(full('mlp.gate_proj'), full('mlp.up_proj'));
    packed[`down${layer}`] = transposed(full('mlp.down_proj'));
  }
  packed.finalNorm = weights.get('model.norm.weight');
  return packed;
}
