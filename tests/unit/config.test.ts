import { expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { parseConfig } from '../../src/model/config.ts';
import { configJson } from './models.ts';

it('keeps the keys it knows and ignores the others', () => {
  const json = { ...configJson, architectures: ['Qwen3ForCausalLM'], rope_scaling: null, hidden_act: 'silu' };
  expect(parseConfig(json)).toEqual({ ...configJson, rope_scaling: null, hidden_act: 'silu' });
});

it.each<[string, string | number | boolean | object, string]>([
  ['model_type', 'qwen2', '"qwen3"'],
  ['hidden_size', 0, '>=1'],
  ['hidden_size', -32, '>=1'],
  ['hidden_size', 32.5, 'integer'],
  ['hidden_size', NaN, 'number'],
  ['hidden_size', Infinity, 'integer'],
  ['hidden_size', '32', 'number'],
  ['hidden_size', 2 ** 20, '<=16384'],
  ['hidden_size', 30, 'multiple of 4'],
  ['intermediate_size', 66, 'multiple of 4'],
  ['head_dim', 12, 'multiple of 8'],
  ['num_hidden_layers', 0, '>=1'],
  ['num_hidden_layers', 1000, '<=256'],
  ['num_key_value_heads', 3, '"num_attention_heads" (4) is not a multiple of "num_key_value_heads" (3)'],
  ['num_key_value_heads', 8, 'not a multiple'],
  ['vocab_size', 0, '>=1'],
  ['rms_norm_eps', -1e-6, '>=0'],
  ['rms_norm_eps', 2, '<=1'],
  ['rope_theta', 0, '>=1'],
  ['tie_word_embeddings', 'yes', 'boolean'],
  ['attention_bias', true, 'false'],
  ['hidden_act', 'gelu', '"silu"'],
  ['rope_scaling', { rope_type: 'yarn' }, 'null'],
  ['use_sliding_window', true, 'false'],
])('%s can’t be %j', (key, value, rule) => {
  try {
    parseConfig({ ...configJson, [key]: value });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(LabError);
    const { code, message } = error as LabError;
    expect(code).toBe('bad-file');
    expect(message).toContain('config.json');
    expect(message).toContain(`"${key}"`);
    expect(message).toContain(rule);
    if (typeof value !== 'object') expect(message).toContain(String(value));
  }
});

it('reads what transformers 5 writes', () => {
  const { rope_theta, ...rest } = configJson;
  const written = { ...rest, dtype: 'float32', layer_types: ['full_attention'], sliding_window: null };
  const parse = (rope_parameters: object) => parseConfig({ ...written, rope_parameters });
  expect(parse({ rope_theta, rope_type: 'default' })).toEqual(configJson);
  expect(() => parse({ rope_theta, rope_type: 'yarn' })).toThrow('"rope_parameters.rope_type"');
  expect(() => parse({ rope_type: 'default' })).toThrow('"rope_parameters.rope_theta"');
  expect(() => parseConfig({ ...written, rope_theta, rope_parameters: { rope_theta: 7 } })).toThrow('differ');
  expect(() => parseConfig({ ...configJson, layer_types: ['sliding_attention'] })).toThrow('"layer_types.0"');
});

it.each(Object.keys(configJson))('names a missing %s', (key) => {
  const { [key as keyof typeof configJson]: _left, ...rest } = configJson;
  expect(() => parseConfig(rest)).toThrow(key);
});

it.each([null, [], 'qwen3', 3])('refuses %j', (json) => {
  expect(() => parseConfig(json)).toThrow(LabError);
});
