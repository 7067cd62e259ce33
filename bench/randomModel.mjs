// A Hugging Face folder of a published model's shape with random weights, to time the engine for models made elsewhere
// where none can be fetched: `node bench/randomModel.mjs FOLDER [SHAPE]`, then `npm run ask -- --model FOLDER …`.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** config.json of the published models, what has no effect on the shape left out. */
const shapes = {
  'qwen3-0.6b': {
    model_type: 'qwen3',
    architectures: ['Qwen3ForCausalLM'],
    ...{ hidden_size: 1024, intermediate_size: 3072, num_hidden_layers: 28, vocab_size: 151936 },
    ...{ num_attention_heads: 16, num_key_value_heads: 8, head_dim: 128 },
    ...{ rope_theta: 1e6, rms_norm_eps: 1e-6, tie_word_embeddings: true, max_position_embeddings: 40960 },
  },
  'qwen3-1.7b': {
    model_type: 'qwen3',
    architectures: ['Qwen3ForCausalLM'],
    ...{ hidden_size: 2048, intermediate_size: 6144, num_hidden_layers: 28, vocab_size: 151936 },
    ...{ num_attention_heads: 16, num_key_value_heads: 8, head_dim: 128 },
    ...{ rope_theta: 1e6, rms_norm_eps: 1e-6, tie_word_embeddings: true, max_position_embeddings: 40960 },
  },
  'smollm2-135m': {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    ...{ hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, vocab_size: 49152 },
    ...{ num_attention_heads: 9, num_key_value_heads: 3, head_dim: 64 },
    ...{ rope_theta: 1e5, rms_norm_eps: 1e-5, tie_word_embeddings: true, max_position_embeddings: 8192 },
  },
};

const [folder, name = 'qwen3-0.6b'] = process.argv.slice(2);
const shape = shapes[name];
if (folder === undefined || shape === undefined) {
  console.error(`node bench/randomModel.mjs FOLDER [${Object.keys(shapes).join(' | ')}]`);
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const common = { hidden_act: 'silu', attention_bias: false, torch_dtype: 'bfloat16', eos_token_id: 0 };
writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...common, ...shape }, null, 1));

// A token a letter, and names for all others: what is sampled from random weights can be written, and means nothing.
const letters = [...'_ abcdefghijklmnopqrstuvwxyz0123456789+-*=.,?'];
const vocab = Object.fromEntries(
  Array.from({ length: shape.vocab_size }, (_, id) => [letters[id] ?? `⟨${id}⟩`, id]),
);
writeFileSync(
  join(folder, 'tokenizer.json'),
  JSON.stringify({
    version: '1.0',
    ...{ truncation: null, padding: null, normalizer: null, post_processor: null },
    added_tokens: [
      {
        id: 0,
        content: '_',
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false },
    decoder: { type: 'Fuse' },
    model: { type: 'WordLevel', vocab, unk_token: '_' },
  }),
);

const { hidden_size: hidden, intermediate_size: mlp, head_dim: head } = shape;
const [queries, keys] = [shape.num_attention_heads * head, shape.num_key_value_heads * head];
const layer = {
  'input_layernorm.weight': [hidden],
  'self_attn.q_proj.weight': [queries, hidden],
  'self_attn.k_proj.weight': [keys, hidden],
  'self_attn.v_proj.weight': [keys, hidden],
  'self_attn.o_proj.weight': [hidden, queries],
  ...(shape.model_type === 'qwen3'
    ? { 'self_attn.q_norm.weight': [head], 'self_attn.k_norm.weight': [head] }
    : {}),
  'post_attention_layernorm.weight': [hidden],
  'mlp.gate_proj.weight': [mlp, hidden],
  'mlp.up_proj.weight': [mlp, hidden],
  'mlp.down_proj.weight': [hidden, mlp],
};
const tensors = {
  'model.embed_tokens.weight': [shape.vocab_size, hidden],
  ...Object.fromEntries(
    Array.from({ length: shape.num_hidden_layers }, (_, at) =>
      Object.entries(layer).map(([key, of]) => [`model.layers.${at}.${key}`, of]),
    ).flat(),
  ),
  'model.norm.weight': [hidden],
};
let end = 0;
const header = Object.fromEntries(
  Object.entries(tensors).map(([key, of]) => {
    const begin = end;
    end += 2 * of.reduce((product, size) => product * size, 1);
    return [key, { dtype: 'BF16', shape: of, data_offsets: [begin, end] }];
  }),
);
const head8 = Buffer.from(JSON.stringify(header));
const text = Buffer.concat([head8, Buffer.alloc((8 - (head8.length % 8)) % 8, ' ')]);

/** Uniform of a standard deviation of .02, as published models begin: the upper halves of f32. */
const block = new Uint16Array(2 ** 22);
const [number, bits] = [new Float32Array(1), new Uint32Array(1)];
let state = 1;
for (let i = 0; i < block.length; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  number[0] = 0.02 * Math.sqrt(12) * (state / 2 ** 32 - 0.5);
  bits.set(new Uint32Array(number.buffer));
  block[i] = bits[0] >>> 16;
}
const random = Buffer.from(block.buffer);
const ones = Buffer.from(new Uint16Array(2 ** 16).fill(0x3f80).buffer);

const file = openSync(join(folder, 'model.safetensors'), 'w');
const size = Buffer.alloc(8);
size.writeBigUInt64LE(BigInt(text.length));
writeSync(file, size);
writeSync(file, text);
for (const [
  key,
  {
    data_offsets: [from, to],
  },
] of Object.entries(header)) {
  const source = key.includes('norm') ? ones : random;
  for (let left = to - from; left > 0;) left -= writeSync(file, source, 0, Math.min(left, source.length));
}
closeSync(file);
console.log(`${folder}: ${name}, ${(end / 1e9).toFixed(2)} GB`);
