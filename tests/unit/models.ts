import { parseConfig, type ModelConfig } from '../../src/model/config.ts';
import { layoutOf, type Layout } from '../../src/model/layout.ts';
import { writeSafetensors } from '../../src/model/safetensors.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';

/** config.json of the smallest base model. */
export const configJson = {
  model_type: 'qwen3',
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  intermediate_size: 64,
  vocab_size: characters.size,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
} as const;

/** A model of a few hundred parameters. */
export const tiny: ModelConfig = parseConfig({
  ...configJson,
  hidden_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  intermediate_size: 4,
});

/** No two numbers alike, so that a tensor in the wrong place shows. */
export function countingWeights({ tensors, size }: Layout): Float32Array<ArrayBuffer> {
  const values = new Float32Array(size);
  for (const { offset, length } of tensors) {
    for (let i = 0; i < length; i++) values[offset + i] = (offset + i + 1) / 64;
  }
  return values;
}

export const tinyLayout = layoutOf(tiny);

export interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** A good file's header and data, to be spoiled. */
export function goodParts(): { header: Record<string, HeaderEntry>; data: Uint8Array<ArrayBuffer> } {
  const file = writeSafetensors(countingWeights(tinyLayout), tinyLayout);
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const json = JSON.parse(new TextDecoder().decode(file.slice(8, 8 + length))) as Record<string, unknown>;
  delete json['__metadata__'];
  return { header: json as Record<string, HeaderEntry>, data: file.slice(8 + length) };
}

/** A .safetensors file of a header's text and data, whatever they say. */
export function fileOf(headerText: string, data: Uint8Array, claimed?: bigint): ArrayBuffer {
  const text = new TextEncoder().encode(headerText);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file.buffer;
}
