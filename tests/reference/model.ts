import * as attention from './attention.ts';
import * as embed from './embed.ts';
import { add, at, expectLength } from './indexing.ts';
import * as matmul from './matmul.ts';
import * as qkNormRope from './qk_norm_rope.ts';
import * as rmsNorm from './rms_norm.ts';
import * as swiglu from './swiglu.ts';
import type { Qwen3Config, Weights } from './weights.ts';

/** Independent sequences laid one after another: row = token. */
export interface SequenceRows {
  /** [R] */
  readonly tokens: readonly number[];
  /** Position within its sequence, from 0, [R]. */
  readonly positions: readonly number[];
  /** Row of its sequence's first token, [R]. */
  readonly starts: readonly number[];
}

/** Lays sequences of token ids into rows. */
export function layRows(sequences: readonly (readonly number[])[]): SequenceRows {
  const tokens: number[] = [];
  const positions: number[] = [];
  const starts: number[] = [];
  for (const sequence of sequences) {
    const start = tokens.length;
    sequence.forEach((token, position) => {
      tokens.push(token);
      positions.push(position);
      starts.push(start);
    });
  }
  return { tokens, positions, starts };
}

export interface Pass {
  /** [R, V]; row r scores the token after row r. */
  readonly logits: Float64Array;
  /** Gradients by Hugging Face name, for dlogits [R, V]. With tied embeddings both uses add up. */
  readonly backward: (dlogits: Float64Array) => Map<string, Float64Array>;
}

/** Takes the gradient of a layer's output, stores those of its tensors, returns that of its input. */
type BackwardStep = (dy: Float64Array, grads: Map<string, Float64Array>) => Float64Array;

function sum(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + at(b, i));
}

function tensor(weights: Weights, name: string, length: number): Float64Array {
  const values = weights.get(name);
  if (values === undefined) throw new Error(`no tensor ${name}`);
  expectLength(name, values, length);
  return values;
}

/** x + o_proj(attention(qk_norm_rope(qkv(rms_norm(x))))) */
function attentionBlock(
  config: Qwen3Config,
  weights: Weights,
  prefix: string,
  x: Float64Array,
  rows: SequenceRows,
): { y: Float64Array; backward: BackwardStep } {
  const { hidden_size: H, head_dim: D, rms_norm_eps: eps } = config;
  const R = rows.tokens.length;
  const shape = {
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    headDim: D,
    eps,
    theta: config.rope_theta,
  };
  const queryWidth = shape.heads * D;
  const keyWidth = shape.keyValueHeads * D;
  const allWidth = queryWidth + 2 * keyWidth;
  const names = {
    norm: `${prefix}input_layernorm.weight`,
    q: `${prefix}self_attn.q_proj.weight`,
    k: `${prefix}self_attn.k_proj.weight`,
    v: `${prefix}self_attn.v_proj.weight`,
    qGain: `${prefix}self_attn.q_norm.weight`,
    kGain: `${prefix}self_attn.k_norm.weight`,
    o: `${prefix}self_attn.o_proj.weight`,
  };
  const gain = tensor(weights, names.norm, H);
  const qGain = tensor(weights, names.qGain, D);
  const kGain = tensor(weights, names.kGain, D);
  const wo = tensor(weights, names.o, H * queryWidth);
  // Rows of a weight are outputs, so three projections of one input are one product with stacked rows.
  const wqkv = Float64Array.from([
    ...tensor(weights, names.q, queryWidth * H),
    ...tensor(weights, names.k, keyWidth * H),
    ...tensor(weights, names.v, keyWidth * H),
  ]);
  // No prefix sharing here: every row's prefix is empty.
  const attended = {
    prefixStart: new Uint32Array(R),
    prefixLength: new Uint32Array(R),
    ownStart: rows.starts,
  };

  const normed = rmsNorm.forward(x, gain, R, H, eps).y;
  const qkv = matmul.forward(normed, wqkv, R, H, allWidth);
  const { q, k, v } = qkNormRope.forward(qkv, qGain, kGain, rows.positions, shape);
  const { out } = attention.forward(q, k, v, attended, shape);
  const y = sum(x, matmul.forward(out, wo, R, queryWidth, H));

  const backward: BackwardStep = (dy, grads) => {
    const o = matmul.backward(dy, out, wo, R, queryWidth, H);
    const dAttention = attention.backward(o.dx, q, k, v, attended, shape);
    const raw = qkNormRope.backward(dAttention, qkv, qGain, kGain, rows.positions, shape);
    const projections = matmul.backward(raw.dqkv, normed, wqkv, R, H, allWidth);
    const norm = rmsNorm.backward(projections.dx, x, gain, R, H, eps);
    grads.set(names.o, o.dweight);
    grads.set(names.qGain, raw.dqGain);
    grads.set(names.kGain, raw.dkGain);
    grads.set(names.q, projections.dweight.slice(0, queryWidth * H));
    grads.set(names.k, projections.dweight.slice(queryWidth * H, (queryWidth + keyWidth) * H));
    grads.set(names.v, projections.dweight.slice((queryWidth + keyWidth) * H));
    grads.set(names.norm, norm.dgain);
    return sum(dy, norm.dx);
  };
  return { y, backward };
}

/** x + down_proj(silu(gate_proj(n)) · up_proj(n)), n = rms_norm(x) */
function feedForwardBlock(
  config: Qwen3Config,
  weights: Weights,
  prefix: string,
  x: Float64Array,
): { y: Float64Array; backward: BackwardStep } {
  const { hidden_size: H, intermediate_size: I, rms_norm_eps: eps } = config;
  const R = x.length / H;
  const names = {
    norm: `${prefix}post_attention_layernorm.weight`,
    gate: `${prefix}mlp.gate_proj.weight`,
    up: `${prefix}mlp.up_proj.weight`,
    down: `${prefix}mlp.down_proj.weight`,
  };
  const gain = tensor(weights, names.norm, H);
  const wGate = tensor(weights, names.gate, I * H);
  const wUp = tensor(weights, names.up, I * H);
  const wDown = tensor(weights, names.down, H * I);

  const normed = rmsNorm.forward(x, gain, R, H, eps).y;
  const gate = matmul.forward(normed, wGate, R, H, I);
  const up = matmul.forward(normed, wUp, R, H, I);
  const inner = swiglu.forward(gate, up);
  const y = sum(x, matmul.forward(inner, wDown, R, I, H));

  const backward: BackwardStep = (dy, grads) => {
    const down = matmul.backward(dy, inner, wDown, R, I, H);
    const { dgate, dup } = swiglu.backward(down.dx, gate, up);
    const fromGate = matmul.backward(dgate, normed, wGate, R, H, I);
    const fromUp = matmul.backward(dup, normed, wUp, R, H, I);
    const norm = rmsNorm.backward(sum(fromGate.dx, fromUp.dx), x, gain, R, H, eps);
    grads.set(names.down, down.dweight);
    grads.set(names.gate, fromGate.dweight);
    grads.set(names.up, fromUp.dweight);
    grads.set(names.norm, norm.dgain);
    return sum(dy, norm.dx);
  };
  return { y, backward };
}

/**
 * The whole Qwen3 decoder over independent sequences, causal within each.
 * logits = lm_head(rms_norm(layers(embed(tokens)))); lm_head is the embedding when tied.
 * @source Hugging Face transformers, models/qwen3/modeling_qwen3.py
 */
export function forward(config: Qwen3Config, weights: Weights, rows: SequenceRows): Pass {
  const { hidden_size: H, vocab_size: V, rms_norm_eps: eps } = config;
  const R = rows.tokens.length;
  const embedName = 'model.embed_tokens.weight';
  const headName = config.tie_word_embeddings ? embedName : 'lm_head.weight';
  const table = tensor(weights, embedName, V * H);
  const head = tensor(weights, headName, V * H);
  const gain = tensor(weights, 'model.norm.weight', H);

  const steps: BackwardStep[] = [];
  let x = embed.forward(table, rows.tokens, V, H);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.layers.${layer}.`;
    const attended = attentionBlock(config, weights, prefix, x, rows);
    const fed = feedForwardBlock(config, weights, prefix, attended.y);
    steps.push(attended.backward, fed.backward);
    x = fed.y;
  }
  const last = x;
  const normed = rmsNorm.forward(last, gain, R, H, eps).y;
  const logits = matmul.forward(normed, head, R, H, V);

  const backward = (dlogits: Float64Array): Map<string, Float64Array> => {
    const grads = new Map<string, Float64Array>();
    const fromHead = matmul.backward(dlogits, normed, head, R, H, V);
    const norm = rmsNorm.backward(fromHead.dx, last, gain, R, H, eps);
    grads.set('model.norm.weight', norm.dgain);
    const dx = steps.reduceRight((dy, step) => step(dy, grads), norm.dx);
    const dtable = embed.backward(dx, rows.tokens, V, H);
    if (config.tie_word_embeddings) fromHead.dweight.forEach((value, i) => add(dtable, i, value));
    else grads.set(headName, fromHead.dweight);
    grads.set(embedName, dtable);
    return grads;
  };
  return { logits, backward };
}
