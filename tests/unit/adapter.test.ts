import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  adapterLayout,
  freshAdapter,
  innerWidth,
  packAdapter,
  partsOf,
  unpackAdapter,
} from '../../src/engine/frozen/adapterLayout.ts';
import { LabError } from '../../src/lib/labError.ts';
import {
  adaptable,
  adapterConfigText,
  openAdapter,
  parseAdapterConfig,
  type Target,
} from '../../src/model/pretrained/adapter.ts';
import { randomStream } from '../../src/lib/philox.ts';
import { parsePretrainedConfig } from '../../src/model/pretrained/config.ts';
import { writeSafetensors } from '../../src/model/safetensors.ts';
import { namesOf } from '../../src/model/pretrained/tensors.ts';
import { adapterFolder, tinyFolder } from '../fixtures/elsewhere.ts';
import { startFactors } from '../fixtures/lora.ts';
import { inMemory, type Files } from './filesInMemory.ts';

const json = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
const base = json(join(tinyFolder('tiny-qwen3'), 'config.json'));
const names = namesOf(parsePretrainedConfig(base));
const files: Files = Object.fromEntries(
  readdirSync(adapterFolder).map((file) => [file, new Uint8Array(readFileSync(join(adapterFolder, file)))]),
);
const written = json(join(adapterFolder, 'adapter_config.json'));
const withConfig = (keys: Record<string, unknown>): Files => ({
  ...files,
  'adapter_config.json': new TextEncoder().encode(JSON.stringify({ ...written, ...keys })),
});

async function refusal(of: Files, model = names): Promise<string> {
  const error: unknown = await openAdapter(inMemory(of), model).then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(LabError);
  expect((error as LabError).remedy).not.toBe('');
  return (error as LabError).message;
}

it('opens: rank, scale, targets, and a pair of factors for each matrix', async () => {
  const { config, weights, configText } = await openAdapter(inMemory(files), names);
  expect(config).toEqual({ rank: 4, alpha: 8, scale: 2, targets: adaptable });
  expect(weights.size).toBe(2 * 2 * 7);
  expect(JSON.parse(configText)).toEqual(written);
});

it('divides by the root of the rank where use_rslora says so', () => {
  expect(parseAdapterConfig({ ...written, use_rslora: true }).scale).toBe(4);
});

describe('adapter_config.json', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ peft_type: 'IA3' }, '"peft_type": Invalid type: Expected "LORA" but received "IA3"'],
    [{ r: 0 }, '"r": Invalid value: Expected >=1 but received 0'],
    [{ r: 2.5 }, '"r": Invalid integer'],
    [{ lora_alpha: -1 }, '"lora_alpha": Invalid value'],
    [{ target_modules: 'all-linear' }, '"target_modules": Invalid type: Expected Array'],
    [{ target_modules: ['q_proj', 'lm_head'] }, '"target_modules.1": Invalid type'],
    [{ fan_in_fan_out: true }, '"fan_in_fan_out" is true, and only false'],
    [{ use_dora: true }, '"use_dora" is true, and only false'],
    [{ bias: 'all' }, '"bias" is "all", and only "none"'],
    [{ lora_bias: true }, '"lora_bias" is true'],
    [{ modules_to_save: ['lm_head'] }, '"modules_to_save" is ["lm_head"], and only null'],
    [{ rank_pattern: { q_proj: 8 } }, '"rank_pattern" is {"q_proj":8}, and only {}'],
    [{ alpha_pattern: { q_proj: 8 } }, '"alpha_pattern" is {"q_proj":8}'],
    [{ layers_to_transform: [1] }, '"layers_to_transform" is [1], and only null'],
    [{ init_lora_weights: 'pissa' }, '"init_lora_weights" is "pissa", and only true'],
    [{ trainable_token_indices: [3] }, '"trainable_token_indices" is [3]'],
    [{ r: 8 }, 'has shape [4, 76], but config.json asks for [8, 76]'],
    [
      { target_modules: ['q_proj'] },
      'has no place in the base model with the targets of adapter_config.json',
    ],
  ])('%j is refused by key and value', async (keys, said) => {
    expect(await refusal(withConfig(keys))).toContain(said);
  });

  it('is missing, cut off, or no object', async () => {
    const { 'adapter_config.json': config = new Uint8Array(), ...others } = files;
    expect(await refusal(others)).toBe('The folder "memory" has no adapter_config.json.');
    expect(await refusal({ ...files, 'adapter_config.json': config.slice(0, 99) })).toContain(
      'it is no JSON',
    );
    expect(await refusal({ ...files, 'adapter_config.json': new Uint8Array([0x5b, 0x5d]) })).toContain(
      '"peft_type"',
    );
  });
});

it('refuses an adapter of another model, and one without its factors', async () => {
  const deeper = namesOf(parsePretrainedConfig({ ...base, num_hidden_layers: 3 }));
  expect(await refusal(files, deeper)).toContain(
    'adapter_model.safetensors: Missing: base_model.model.model.layers.2',
  );
  const wider = namesOf(parsePretrainedConfig({ ...base, intermediate_size: 80 }));
  expect(await refusal(files, wider)).toContain('has shape [4, 76], but config.json asks for [4, 80]');
  const { 'adapter_model.safetensors': _, ...others } = files;
  expect(await refusal(others)).toContain('adapter_model.safetensors: There is no such file');
});

describe('a flat buffer of factors', () => {
  const room = (rank: number, targets: readonly Target[]) => adapterLayout(names, { rank, targets });

  it('has every B transposed first, then every A, all at whole vec4s, none on another', () => {
    for (const [rank, targets] of [
      [4, adaptable],
      [3, ['q_proj', 'v_proj', 'down_proj']],
    ] as const) {
      const layout = room(rank, targets);
      const places = partsOf(layout).flatMap(({ aAt, bAt, inputs, outputs }) => [
        { begin: aAt, length: rank * inputs },
        { begin: bAt, length: rank * outputs },
      ]);
      places.sort((a, b) => a.begin - b.begin);
      let end = 0;
      for (const { begin, length } of places) {
        expect(begin).toBe(end);
        expect(begin % 4).toBe(0);
        end += length;
      }
      expect(end).toBe(layout.size);
      for (const { aAt, bAt } of partsOf(layout)) {
        expect(bAt).toBeLessThan(layout.bFloats);
        expect(aAt).toBeGreaterThanOrEqual(layout.bFloats);
      }
    }
    expect(room(4, adaptable).size).toBe(5152);
    expect(innerWidth(room(4, adaptable))).toBe(12);
    expect(innerWidth(room(3, ['q_proj', 'v_proj']))).toBe(8);
    expect(innerWidth(room(1, ['down_proj']))).toBe(4);
  });

  it('holds the numbers of the file, and zeros where an adapter has less than there is room for', async () => {
    const adapter = await openAdapter(inMemory(files), names);
    for (const layout of [room(4, adaptable), room(6, adaptable)]) {
      const values = await packAdapter(layout, adapter);
      let zeros = 0;
      for (const { a, aAt, b, bAt, inputs, outputs } of partsOf(layout)) {
        const own = startFactors.get(a.name.replace('base_model.model.', '').replace('.lora_A', ''));
        expect(b.shape).toEqual([outputs, layout.rank]);
        for (let i = 0; i < layout.rank; i++) {
          for (let k = 0; k < inputs; k++) {
            const value = values[aAt + i * inputs + k];
            if (i < 4) expect(value).toBe(own?.A[i * inputs + k]);
            else zeros += value === 0 ? 1 : NaN;
          }
          for (let n = 0; n < outputs; n++) {
            const value = values[bAt + i * outputs + n];
            if (i < 4) expect(value).toBe(own?.B[n * 4 + i]);
            else zeros += value === 0 ? 1 : NaN;
          }
        }
      }
      expect(zeros).toBe(layout.size - 5152);
    }
  });

  it('has no room for a larger rank or another matrix', async () => {
    const adapter = await openAdapter(inMemory(files), names);
    await expect(packAdapter(room(3, adaptable), adapter)).rejects.toThrow('The adapter has rank 4');
    await expect(packAdapter(room(4, ['q_proj', 'v_proj']), adapter)).rejects.toThrow('and other matrices');
  });

  it('goes out as it came in, byte for byte', async () => {
    const layout = room(4, adaptable);
    const { values, tensors } = unpackAdapter(
      layout,
      await packAdapter(layout, await openAdapter(inMemory(files), names)),
    );
    expect(
      Buffer.from(writeSafetensors(values, { tensors })).equals(
        files['adapter_model.safetensors'] ?? new Uint8Array(),
      ),
    ).toBe(true);
  });

  it('begins as PEFT begins: B zero, A uniform within 1 ÷ √inputs; and what is written of it is read', async () => {
    const shape = { rank: 3, targets: ['q_proj', 'down_proj'] as const };
    const layout = adapterLayout(names, shape);
    const factors = freshAdapter(layout, randomStream(1, 'initialisation', 0));
    expect(factors.subarray(0, layout.bFloats).every((value) => value === 0)).toBe(true);
    for (const { aAt, inputs } of partsOf(layout)) {
      const a = factors.subarray(aAt, aAt + 3 * inputs);
      const bound = 1 / Math.sqrt(inputs);
      expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(bound);
      const variance = a.reduce((sum, value) => sum + value * value, 0) / a.length;
      expect(variance / (bound * bound)).toBeGreaterThan(0.2);
      expect(variance / (bound * bound)).toBeLessThan(0.5);
    }
    const { values, tensors } = unpackAdapter(layout, factors);
    const written = {
      'adapter_config.json': new TextEncoder().encode(adapterConfigText({ ...shape, alpha: 6 }, 'tiny')),
      'adapter_model.safetensors': writeSafetensors(values, { tensors }),
    };
    const adapter = await openAdapter(inMemory(written), names);
    expect(adapter.config).toEqual({ ...shape, alpha: 6, scale: 2 });
    expect(await packAdapter(layout, adapter)).toEqual(factors);
  });
});
