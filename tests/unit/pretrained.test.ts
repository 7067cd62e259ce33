import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { LabError } from '../../src/lib/labError.ts';
import { openPretrained } from '../../src/model/pretrained/pretrained.ts';
import { besideFolder, notBeside, tinyFolder, tinyModels } from '../fixtures/elsewhere.ts';
import { inMemory, type Files } from './filesInMemory.ts';

/** The files of a folder, in memory. */
function filesOf(name: (typeof tinyModels)[number]): Files {
  const path = tinyFolder(name);
  return Object.fromEntries(
    readdirSync(path).map((file) => [file, new Uint8Array(readFileSync(join(path, file)))]),
  );
}

const text = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

function changed(files: Files, name: string, keys: Record<string, unknown>): Files {
  const json = JSON.parse(new TextDecoder().decode(files[name])) as Record<string, unknown>;
  return { ...files, [name]: text({ ...json, ...keys }) };
}

async function refusal(files: Files): Promise<string> {
  const error: unknown = await openPretrained(inMemory(files)).then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(LabError);
  expect((error as LabError).remedy).not.toBe('');
  return (error as LabError).message;
}

let opened: (() => void)[] = [];
afterEach(() => {
  opened.forEach((close) => {
    close();
  });
  opened = [];
});

describe.each(tinyModels)('%s', (name) => {
  it('opens: every tensor is found, and none is read', async () => {
    const folder = inMemory(filesOf(name));
    const { config, weights, names } = await openPretrained(folder);
    expect(weights.size).toBeGreaterThan(2 + 9 * config.layers);
    expect(weights.has('lm_head.weight')).toBe(!config.tied);
    expect(names.head === null).toBe(config.tied);
    expect(folder.most).toBeLessThan(2 ** 16);
  });
});

it('knows the families by their parts', async () => {
  const parts = async (name: (typeof tinyModels)[number]) => {
    const { config, endTokens } = await openPretrained(inMemory(filesOf(name)));
    const { family, queryKeyNorm, biases, headDim, kvHeads, theta, eps, tied } = config;
    return { family, queryKeyNorm, biases, headDim, kvHeads, theta, eps, tied, endTokens };
  };
  expect(await parts('tiny-llama')).toEqual({
    ...{ family: 'llama', queryKeyNorm: false, biases: false, headDim: 8, kvHeads: 2 },
    ...{ theta: 10_000, eps: 1e-5, tied: false, endTokens: [2] },
  });
  expect(await parts('tiny-qwen2')).toEqual({
    ...{ family: 'qwen2', queryKeyNorm: false, biases: true, headDim: 8, kvHeads: 1 },
    ...{ theta: 1e6, eps: 1e-6, tied: true, endTokens: [2052] },
  });
  expect(await parts('tiny-qwen3-sharded')).toEqual({
    ...{ family: 'qwen3', queryKeyNorm: true, biases: false, headDim: 24, kvHeads: 2 },
    ...{ theta: 1e6, eps: 1e-6, tied: false, endTokens: [4098, 4097] },
  });
});

it('reads a tensor piece by piece, as the file has it', async () => {
  const path = tinyFolder('tiny-qwen3');
  const folder = pretrainedFolder(path);
  opened.push(folder.close);
  const { weights } = await openPretrained(folder);
  const tensor = weights.get('model.layers.1.mlp.down_proj.weight');
  const whole = await tensor?.read(0, 32 * 76);
  const parts = [await tensor?.read(0, 100), await tensor?.read(100, 32 * 76)];
  expect(parts.flatMap((part) => [...(part ?? [])])).toEqual([...(whole ?? [])]);
  const floats = new Float32Array(whole?.buffer ?? new ArrayBuffer(0));
  expect(floats).toHaveLength(32 * 76);
  // Deviation 0.7 to 1.5 ÷ √76, by the fixture's README.
  const deviation = Math.sqrt(floats.reduce((sum, value) => sum + value * value, 0) / floats.length);
  expect(deviation).toBeGreaterThan(0.08);
  expect(deviation).toBeLessThan(0.18);
});

describe('config.json', () => {
  const files = filesOf('tiny-qwen3');
  it.each<[Record<string, unknown>, string]>([
    [
      { model_type: 'mixtral' },
      '"model_type": Invalid type: Expected ("llama" | "qwen2" | "qwen3") but received "mixtral"',
    ],
    [{ hidden_act: 'gelu' }, '"hidden_act" is "gelu", and only "silu" is supported'],
    [
      { rope_scaling: { rope_type: 'yarn', factor: 4 } },
      '"rope_scaling" is {"rope_type":"yarn","factor":4}, and only null',
    ],
    [{ rope_scaling: { type: 'linear', factor: 2 } }, '"rope_scaling" is {"type":"linear","factor":2}'],
    [
      { rope_parameters: { rope_type: 'llama3', rope_theta: 5e5 } },
      '"rope_parameters" is {"rope_type":"llama3","rope_theta":500000}',
    ],
    [{ rope_parameters: { rope_theta: 5e5 } }, '"rope_theta" and "rope_parameters" differ'],
    [{ use_sliding_window: true }, '"use_sliding_window" is true, and only false'],
    [
      { layer_types: ['full_attention', 'sliding_attention'] },
      '"layer_types" is ["full_attention","sliding_attention"]',
    ],
    [{ num_experts: 8 }, '"num_experts" is 8, and only absent'],
    [{ quantization_config: { bits: 4 } }, '"quantization_config" is {"bits":4}'],
    [{ attention_bias: true }, '"attention_bias" is true'],
    [{ head_dim: 256 }, '"head_dim": Invalid value: Expected <=128 but received 256'],
    [{ head_dim: 12 }, '"head_dim" is 12, not a multiple of 8'],
    [{ num_key_value_heads: 3 }, 'not a multiple of "num_key_value_heads" (3)'],
    [{ hidden_size: 34 }, '"hidden_size" is 34, not a multiple of 4'],
    [
      { vocab_size: 4100 },
      '"model.embed_tokens.weight" has shape [4099, 32], but config.json asks for [4100, 32]',
    ],
    [{ num_hidden_layers: 3 }, 'Missing: model.layers.2.'],
    [{ num_hidden_layers: 1 }, '"model.layers.1.input_layernorm.weight" has no place'],
    [{ model_type: 'llama' }, '_norm.weight" has no place'],
    [{ tie_word_embeddings: false }, 'Missing: lm_head.weight'],
  ])('%j is refused', async (keys, words) => {
    expect(await refusal(changed(files, 'config.json', keys))).toContain(words);
  });

  it.each([
    { rope_scaling: null },
    { rope_scaling: { rope_type: 'default' } },
    { rope_theta: undefined, rope_parameters: { rope_theta: 1e6, rope_type: 'default' } },
    { sliding_window: 4096, use_sliding_window: false },
    { partial_rotary_factor: 1 },
  ])('%j changes nothing', async (keys) => {
    const plain = await openPretrained(inMemory(files));
    const other = await openPretrained(inMemory(changed(files, 'config.json', keys)));
    expect(other.config).toEqual(plain.config);
  });
});

describe('files of weights', () => {
  const files = filesOf('tiny-qwen3-sharded');
  const index = 'model.safetensors.index.json';
  const without = (name: string): Files =>
    Object.fromEntries(Object.entries(files).filter(([file]) => file !== name));

  it('none at all', async () => {
    const bare = Object.fromEntries(Object.entries(files).filter(([name]) => !name.startsWith('model')));
    expect(await refusal(bare)).toContain('model.safetensors: There is no such file, and no index');
  });

  it('a shard that is not there', async () => {
    const lost = 'model-00002-of-00003.safetensors';
    expect(await refusal(without(lost))).toContain(`${lost}: ${index} names it, but there is no such file`);
  });

  it('a shard twice under another name', async () => {
    const twice = {
      ...files,
      'again.safetensors': files['model-00001-of-00003.safetensors'] ?? new Uint8Array(),
    };
    const json = JSON.parse(new TextDecoder().decode(files[index])) as { weight_map: Record<string, string> };
    const map = { ...json.weight_map, again: 'again.safetensors' };
    expect(await refusal({ ...twice, [index]: text({ weight_map: map }) })).toContain(
      'is in another file as well',
    );
  });

  it.each(['../secret.safetensors', 'sub/x.safetensors', 'pytorch_model.bin'])(
    'an index that names %s',
    async (name) => {
      expect(await refusal({ ...files, [index]: text({ weight_map: { x: name } }) })).toContain(
        'is no name of a file of weights',
      );
    },
  );

  it('cut off', async () => {
    const name = 'model-00003-of-00003.safetensors';
    const cut = { ...files, [name]: (files[name] ?? new Uint8Array()).slice(0, -2) };
    expect(await refusal(cut)).toContain('but the file holds');
  });

  it('of eight-bit floats', async () => {
    const name = 'model-00003-of-00003.safetensors';
    const words = new TextDecoder('latin1').decode(files[name]).replace('"BF16"', '"F8_E"');
    const bytes = Uint8Array.from(words, (character) => character.charCodeAt(0));
    expect(await refusal({ ...files, [name]: bytes })).toContain('is F8_E; only F32, F16, BF16 are read');
  });

  it('with a number that is not finite, once it is read', async () => {
    for (const [model, bits] of [
      ['tiny-llama', 0x7c00],
      ['tiny-qwen3-extra-head', 0x7f80],
      ['tiny-qwen3', 0x7f80],
    ] as const) {
      const spoiled = filesOf(model);
      const bytes = spoiled['model.safetensors'] ?? new Uint8Array();
      // The last number of the file's last tensor.
      new DataView(bytes.buffer).setUint16(bytes.length - 2, bits, true);
      const { weights } = await openPretrained(inMemory(spoiled));
      const reads = await Promise.allSettled(
        [...weights.values()].map(({ read, shape }) =>
          read(
            0,
            shape.reduce((a, b) => a * b, 1),
          ),
        ),
      );
      const failed = reads.filter((each) => each.status === 'rejected').map((each) => String(each.reason));
      expect(failed, model).toHaveLength(1);
      expect(failed[0]).toContain('not finite');
    }
  });
});

it('a large file is opened by its header alone, and read in pieces', async ({ skip }) => {
  const path = besideFolder('stories260K');
  if (path === null) return skip(notBeside);
  const folder = pretrainedFolder(path);
  opened.push(folder.close);
  const { config, endTokens } = await openPretrained(folder);
  expect([config.family, config.vocabulary, config.tied, endTokens]).toEqual(['llama', 512, true, [2, 1]]);
});
