import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseConfig, type ModelConfig } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/layout.ts';
import { configJson } from './models.ts';

const anyConfig: fc.Arbitrary<ModelConfig> = fc
  .record({
    hidden: fc.integer({ min: 1, max: 6 }),
    intermediate: fc.integer({ min: 1, max: 6 }),
    layers: fc.integer({ min: 1, max: 3 }),
    keys: fc.integer({ min: 1, max: 3 }),
    perKey: fc.integer({ min: 1, max: 3 }),
    head: fc.integer({ min: 1, max: 3 }),
    vocabulary: fc.integer({ min: 1, max: 30 }),
    tied: fc.boolean(),
  })
  .map((c) =>
    parseConfig({
      ...configJson,
      hidden_size: 4 * c.hidden,
      intermediate_size: 4 * c.intermediate,
      num_hidden_layers: c.layers,
      num_key_value_heads: c.keys,
      num_attention_heads: c.keys * c.perKey,
      head_dim: 8 * c.head,
      vocab_size: c.vocabulary,
      tie_word_embeddings: c.tied,
    }),
  );

it('places every tensor once, apart, at multiples of four, matrices first', () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const { tensors, matrixFloats, size, parameterCount, layers } = layoutOf(config);
      expect(new Set(tensors.map(({ name }) => name)).size).toBe(tensors.length);
      let end = 0;
      for (const { shape, offset, length } of tensors) {
        expect(offset % 4).toBe(0);
        expect(offset).toBeGreaterThanOrEqual(end);
        expect(offset - end).toBeLessThan(4);
        end = offset + length;
        expect(length).toBe(shape.reduce((product, n) => product * n, 1));
        expect(shape.length === 2).toBe(offset < matrixFloats);
      }
      expect(size).toBe(Math.ceil(end / 4) * 4);
      expect(parameterCount).toBe(tensors.reduce((sum, { length }) => sum + length, 0));
      expect(layers).toHaveLength(config.num_hidden_layers);
    }),
  );
});

it('q, k, v and gate, up lie side by side: one product each', () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const { tensors, layers } = layoutOf(config);
      const at = (layer: number, part: string) =>
        tensors.find(({ name }) => name === `model.layers.${String(layer)}.${part}.weight`) ?? {
          offset: NaN,
          length: NaN,
        };
      layers.forEach(({ qkv, gateUp, output, down, inputNorm }, layer) => {
        const [q, k, v] = ['q', 'k', 'v'].map((one) => at(layer, `self_attn.${one}_proj`));
        expect(q?.offset).toBe(qkv);
        expect(k?.offset).toBe(qkv + (q?.length ?? NaN));
        expect(v?.offset).toBe((k?.offset ?? NaN) + (k?.length ?? NaN));
        expect(at(layer, 'mlp.gate_proj').offset).toBe(gateUp);
        expect(at(layer, 'mlp.up_proj').offset).toBe(gateUp + at(layer, 'mlp.gate_proj').length);
        expect(at(layer, 'self_attn.o_proj').offset).toBe(output);
        expect(at(layer, 'mlp.down_proj').offset).toBe(down);
        expect(at(layer, 'input_layernorm').offset).toBe(inputNorm);
      });
    }),
  );
});

it('has Hugging Face’s names and shapes', () => {
  const shapes = Object.fromEntries(layoutOf(parseConfig(configJson)).tensors.map((t) => [t.name, t.shape]));
  const layer = (index: number) => ({
    [`model.layers.${String(index)}.self_attn.q_proj.weight`]: [64, 32],
    [`model.layers.${String(index)}.self_attn.k_proj.weight`]: [32, 32],
    [`model.layers.${String(index)}.self_attn.v_proj.weight`]: [32, 32],
    [`model.layers.${String(index)}.self_attn.o_proj.weight`]: [32, 64],
    [`model.layers.${String(index)}.self_attn.q_norm.weight`]: [16],
    [`model.layers.${String(index)}.self_attn.k_norm.weight`]: [16],
    [`model.layers.${String(index)}.mlp.gate_proj.weight`]: [64, 32],
    [`model.layers.${String(index)}.mlp.up_proj.weight`]: [64, 32],
    [`model.layers.${String(index)}.mlp.down_proj.weight`]: [32, 64],
    [`model.layers.${String(index)}.input_layernorm.weight`]: [32],
    [`model.layers.${String(index)}.post_attention_layernorm.weight`]: [32],
  });
  expect(shapes).toEqual({
    'model.embed_tokens.weight': [23, 32],
    'model.norm.weight': [32],
    ...layer(0),
    ...layer(1),
  });
});

it('a head of its own only when the embedding is not tied', () => {
  const tied = layoutOf(parseConfig(configJson));
  const untied = layoutOf(parseConfig({ ...configJson, tie_word_embeddings: false }));
  expect(tied.head).toBe(tied.embedding);
  expect(tied.tensors.map(({ name }) => name)).not.toContain('lm_head.weight');
  expect(untied.tensors.find(({ name }) => name === 'lm_head.weight')).toMatchObject({
    shape: [23, 32],
    offset: untied.head,
  });
});

// docs/algorithm.md, base models.
it.each([
  [32, 64, 25_536],
  [48, 96, 47_488],
  [64, 128, 75_584],
])('hidden %d, MLP %d: %d parameters', (hidden, intermediate, parameters) => {
  const config = parseConfig({ ...configJson, hidden_size: hidden, intermediate_size: intermediate });
  expect(layoutOf(config).parameterCount).toBe(parameters);
});
