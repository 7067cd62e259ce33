import { LabError } from '../lib/labError.ts';
import type { BaseModel } from '../model/baseModel.ts';
import type { ModelConfig } from '../model/config.ts';
import { elements, Graph } from './graph.ts';
import type { Message } from './protobuf.ts';

/** Names of sizes that differ from call to call. */
const sizes = {
  batch: 'batch_size',
  sequence: 'sequence_length',
  past: 'past_sequence_length',
  total: 'past_sequence_length + sequence_length',
} as const;

/** A message of Protocol Buffers ends at 2 GiB: weights beyond half of that lie in a file of their own. */
const mostBytes = 2 ** 30;

/** Names of a layer's part of the KV cache, as it goes in and as it comes out. */
export function cacheNames(layer: number): readonly { readonly past: string; readonly present: string }[] {
  return ['key', 'value'].map((part) => ({
    past: `past_key_values.${layer}.${part}`,
    present: `present.${layer}.${part}`,
  }));
}

/**
 * A Qwen3 decoder as an ONNX model, its inputs and outputs named as Hugging Face's exporters name them:
 * `input_ids` [B, S], `attention_mask` [B, P + S] (0 for padding), `position_ids` [B, S], and of each layer
 * `past_key_values.N.key` and `.value` [B, KV heads, P, D], P being 0 at first; out come `logits` [B, S, V] and
 * `present.N.key` and `.value` [B, KV heads, P + S, D], to be the next call's past. Weights keep Hugging Face's names.
 * @param version of this lab
 * @returns the file, in chunks
 * @throws LabError `does-not-fit` for weights of more than 1 GiB (`writeOnnxApart`)
 */
export function writeOnnx(model: BaseModel, version: string): Message {
  if (!fitsOnnx(model)) {
    const { parameterCount } = model.layout;
    throw new LabError(
      'does-not-fit',
      `The model has ${parameterCount} parameters: as one ONNX file it may have ${mostBytes / 4}.`,
      'Export it by npm run export, which writes its weights into a second file, or as a Hugging Face folder.',
    );
  }
  return write(model, version, null).file;
}

/** Whether one ONNX file holds a model. */
export function fitsOnnx({ layout }: Pick<BaseModel, 'layout'>): boolean {
  return 4 * layout.parameterCount <= mostBytes;
}

/**
 * The same model with its weights as external data.
 * @param name of the file of weights, which must lie beside that of the model
 */
export function writeOnnxApart(
  model: BaseModel,
  version: string,
  name: string,
): { readonly file: Message; readonly weights: Message } {
  return write(model, version, name);
}

function write(
  { config, layout, tokenizer, weights }: BaseModel,
  version: string,
  apart: string | null,
): { readonly file: Message; readonly weights: Message } {
  const graph = new Graph(apart);
  for (const { name, shape, offset, length } of layout.tensors)
    graph.weights(name, shape, weights.subarray(offset, offset + length));
  decoder(graph, config);
  const file = graph.model('qwen3', version, {
    'config.json': JSON.stringify(config),
    vocabulary: JSON.stringify(tokenizer.pieces(Array.from({ length: tokenizer.size }, (_, id) => id))),
    eos_token_id: String(tokenizer.endToken),
    pad_token_id: String(tokenizer.padToken),
  });
  return { file, weights: graph.apart };
}

function decoder(graph: Graph, config: ModelConfig): void {
  const tokens = graph.input('input_ids', elements.int64, [sizes.batch, sizes.sequence]);
  const mask = graph.input('attention_mask', elements.int64, [sizes.batch, sizes.total]);
  const positions = graph.input('position_ids', elements.int64, [sizes.batch, sizes.sequence]);
  const place = placesOf(graph, config, { tokens, mask, positions });
  let x = graph.node('Gather', 'embedding', ['model.embed_tokens.weight', tokens]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const attended = attention(graph, config, layer, x, place);
    x = feedForward(graph, config, layer, attended);
  }
  const normed = rmsNorm(graph, config, x, 'model.norm');
  const head = config.tie_word_embeddings ? 'model.embed_tokens' : 'lm_head';
  linear(graph, normed, head, 'logits');
  graph.output('logits', elements.float, [sizes.batch, sizes.sequence, config.vocab_size]);
}

/** What all layers share. */
interface Places {
  /** Of the rotary embedding, [B, 1, 1, S, D / 2]. */
  readonly cos: string;
  readonly sin: string;
  /** Whether a token sees another, [B, 1, 1, S, P + S]. */
  readonly sees: string;
}

function placesOf(
  graph: Graph,
  config: ModelConfig,
  of: { readonly tokens: string; readonly mask: string; readonly positions: string },
): Places {
  const length = (name: string, tensor: string): string =>
    graph.node('Gather', name, [graph.node('Shape', `${name}.shape`, [tensor]), graph.ints(1)]);
  const total = length('total', of.mask);
  const past = graph.node('Sub', 'past', [total, length('sequence', of.tokens)]);
  const range = (name: string, from: string): string =>
    graph.node('Range', name, [from, total, graph.ints(1)]);
  const own = graph.node('Unsqueeze', 'own', [range('own.places', past), graph.ints([1])]);
  const causal = graph.node('LessOrEqual', 'causal', [range('places', graph.ints(0)), own]);
  const real = graph.node('Cast', 'mask.bool', [of.mask], { to: elements.bool });
  const sees = graph.node('And', 'sees', [
    causal,
    graph.node('Unsqueeze', 'mask.wide', [real, graph.ints([1, 2, 3])]),
  ]);
  const half = config.head_dim / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => config.rope_theta ** (-i / half));
  const position = graph.node('Cast', 'positions.float', [of.positions], { to: elements.float });
  const angle = graph.node('Mul', 'angle', [
    graph.node('Unsqueeze', 'positions.wide', [position, graph.ints([1, 2, 4])]),
    graph.floats('rope.frequencies', [half], frequencies),
  ]);
  return { cos: graph.node('Cos', 'cos', [angle]), sin: graph.node('Sin', 'sin', [angle]), sees };
}

/** x + o_proj(attention(qk_norm_rope(qkv(rms_norm(x))))) */
function attention(graph: Graph, config: ModelConfig, layer: number, x: string, place: Places): string {
  const { num_key_value_heads: keyHeads, head_dim: width } = config;
  const group = config.num_attention_heads / keyHeads;
  const prefix = `model.layers.${layer}`;
  const at = (part: string): string => `${prefix}.self_attn.${part}`;
  const normed = rmsNorm(graph, config, x, `${prefix}.input_layernorm`);
  /** [B, KV heads, heads of each, S, D] */
  const heads = (part: string, each: number): string => {
    const name = at(`${part}_proj`);
    const split = graph.node('Reshape', `${name}.split`, [
      linear(graph, normed, name),
      graph.ints([0, 0, keyHeads, each, width]),
    ]);
    return graph.node('Transpose', `${name}.heads`, [split], { perm: [0, 2, 3, 1, 4] });
  };
  const turned = (part: string, each: number): string =>
    rotary(graph, rmsNorm(graph, config, heads(part, each), at(`${part}_norm`)), at(`${part}_rope`), place);
  const scale = graph.float(1 / Math.sqrt(width));
  const query = graph.node('Mul', at('query'), [turned('q', group), scale]);
  const shape = [sizes.batch, keyHeads] as const;
  const [key = '', value = ''] = cacheNames(layer).map(({ past, present }, index) => {
    const own = index === 0 ? turned('k', 1) : heads('v', 1);
    const flat = graph.node('Squeeze', `${own}.flat`, [own, graph.ints([2])]);
    graph.input(past, elements.float, [...shape, sizes.past, width]);
    graph.node('Concat', present, [past, flat], { axis: 2 });
    graph.output(present, elements.float, [...shape, sizes.total, width]);
    return graph.node('Unsqueeze', `${present}.wide`, [present, graph.ints([2])]);
  });
  const across = graph.node('Transpose', at('key_t'), [key], { perm: [0, 1, 2, 4, 3] });
  const scores = graph.node('MatMul', at('scores'), [query, across]);
  // Not −∞: what is padding sees nothing, and would be 0 ÷ 0.
  const seen = graph.node('Where', at('seen'), [place.sees, scores, graph.float(-3e38)]);
  const shares = graph.node('Softmax', at('shares'), [seen], { axis: -1 });
  const mixed = graph.node('MatMul', at('mixed'), [shares, value]);
  const back = graph.node('Transpose', at('mixed.rows'), [mixed], { perm: [0, 3, 1, 2, 4] });
  const rows = graph.node('Reshape', at('out'), [back, graph.ints([0, 0, keyHeads * group * width])]);
  return graph.node('Add', at('residual'), [x, linear(graph, rows, at('o_proj'))]);
}

/** x + down_proj(silu(gate_proj(n)) · up_proj(n)), n = rms_norm(x) */
function feedForward(graph: Graph, config: ModelConfig, layer: number, x: string): string {
  const prefix = `model.layers.${layer}`;
  const at = (part: string): string => `${prefix}.mlp.${part}`;
  const normed = rmsNorm(graph, config, x, `${prefix}.post_attention_layernorm`);
  const gate = linear(graph, normed, at('gate_proj'));
  const silu = graph.node('Mul', at('silu'), [gate, graph.node('Sigmoid', at('sigmoid'), [gate])]);
  const inner = graph.node('Mul', at('inner'), [silu, linear(graph, normed, at('up_proj'))]);
  return graph.node('Add', at('residual'), [x, linear(graph, inner, at('down_proj'))]);
}

/** x · Wᵀ, the weight lying as Hugging Face has it: [out, in]. Runtimes turn it once, as they load the model. */
function linear(graph: Graph, x: string, name: string, output = `${name}.out`): string {
  const turned = graph.node('Transpose', `${name}.turned`, [`${name}.weight`], { perm: [1, 0] });
  return graph.node('MatMul', output, [x, turned]);
}

/** x ÷ √(mean(x²) + ε) · gain, along the last axis; out of operators that every runtime has. */
function rmsNorm(graph: Graph, config: ModelConfig, x: string, name: string): string {
  const square = graph.node('Mul', `${name}.square`, [x, x]);
  const mean = graph.node('ReduceMean', `${name}.mean`, [square, graph.ints([-1])]);
  const lifted = graph.node('Add', `${name}.lifted`, [mean, graph.float(config.rms_norm_eps)]);
  const root = graph.node('Sqrt', `${name}.root`, [lifted]);
  const unit = graph.node('Div', `${name}.unit`, [x, root]);
  return graph.node('Mul', `${name}.out`, [unit, `${name}.weight`]);
}

/** Halves of a head as pairs, turned by the angle of their place. */
function rotary(graph: Graph, x: string, name: string, { cos, sin }: Places): string {
  const [a, b] = [`${name}.a`, `${name}.b`];
  graph.node('Split', [a, b], [x], { axis: -1, num_outputs: 2 });
  const product = (part: string, half: string, factor: string): string =>
    graph.node('Mul', `${name}.${part}`, [half, factor]);
  const first = graph.node('Sub', `${name}.first`, [product('a_cos', a, cos), product('b_sin', b, sin)]);
  const second = graph.node('Add', `${name}.second`, [product('b_cos', b, cos), product('a_sin', a, sin)]);
  return graph.node('Concat', `${name}.out`, [first, second], { axis: -1 });
}
