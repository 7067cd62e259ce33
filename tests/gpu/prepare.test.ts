import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { fixedPlan, matmulForms, rolloutLayouts, untriedPlan } from '../../src/engine/plan.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Kernels } from '../../src/gpu/kernel.ts';
import { Device } from '../../src/host/host.ts';
import { parseConfig } from '../../src/model/config.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { defaultSettings, validateSettings } from '../../src/settings/settings.ts';
import type { Memory } from '../../src/spec/memory.ts';
import { parsePlan } from '../../src/engine/parsePlan.ts';
import { preparePlan } from '../../src/trainer/prepare.ts';
import { initialModel } from '../../src/trainer/pretrainer.ts';

const config = parseConfig({
  model_type: 'qwen3',
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  intermediate_size: 28,
  vocab_size: 23,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
});
const model = initialModel(config, characters, 1);
const settings = validateSettings({ promptsPerStep: 2, groupSize: 4 }, defaultSettings);

/** A memory that tells what was written. */
function notebook(): Memory & { readonly notes: Map<string, string> } {
  const notes = new Map<string, string>();
  return {
    notes,
    read: (key) => Promise.resolve(notes.get(key) ?? null),
    write: (key, value) => {
      notes.set(key, value);
      return Promise.resolve();
    },
  };
}

let gpu: Gpu;
let kernels: Kernels;
let device: Device;
beforeAll(async () => {
  gpu = await openHeadless();
  device = new Device(gpu);
  ({ kernels } = device);
});
afterAll(() => gpu.device.destroy());

test('a software adapter has the fixed table, checked once', async () => {
  const memory = notebook();
  const software = { ...gpu, adapter: { ...gpu.adapter, software: true } };
  expect(await preparePlan(software, kernels, model, settings, memory)).toEqual(untriedPlan(config));
  expect([...memory.notes.values()]).toEqual(['passed']);
  const { size } = memory.notes;
  await preparePlan(software, kernels, model, settings, memory);
  expect(memory.notes.size).toBe(size);
});

test('a GPU has what a trial finds, which is remembered for its shape', async () => {
  const memory = notebook();
  const hardware = { ...gpu, adapter: { ...gpu.adapter, software: false } };
  const plan = await preparePlan(hardware, kernels, model, settings, memory);
  expect(rolloutLayouts).toContain(plan.rollout);
  for (const form of Object.values(plan.matmul)) expect(matmulForms).toContain(form);
  const [key = ''] = [...memory.notes.keys()].filter((note) => note.startsWith('["plan"'));
  expect(parsePlan(JSON.parse(memory.notes.get(key) ?? ''))).toEqual(plan);

  // Another trial might find another plan: what was remembered is used.
  const other = { ...plan, rollout: plan.rollout === 'operations' ? 'lanes' : 'operations' } as const;
  memory.notes.set(key, JSON.stringify(other));
  expect(await preparePlan(hardware, kernels, model, settings, memory)).toEqual(other);
  // Many more rollouts are another case; what can't be read is tried anew.
  memory.notes.set(key, JSON.stringify({ ...other, rollout: 'by hand' }));
  const more = validateSettings({ groupSize: 64 }, settings);
  await preparePlan(hardware, kernels, model, more, memory);
  expect([...memory.notes.keys()].filter((note) => note.startsWith('["plan"'))).toHaveLength(2);
});

test('lanes of one plan wait for one check, and what failed is checked again', async () => {
  const memory = notebook();
  let asked = 0;
  const failing: Memory = {
    ...memory,
    read: () => {
      asked++;
      return Promise.reject(new Error('out of order'));
    },
  };
  device.check(fixedPlan, failing);
  device.check(fixedPlan, failing);
  await expect(device.ready()).rejects.toThrow('out of order');
  expect(asked).toBe(1);
  device.check(fixedPlan, memory);
  await device.ready();
  expect([...memory.notes.values()]).toEqual(['passed']);
});

test('a given plan is used as it is', async () => {
  const given = { ...fixedPlan, rollout: 'operations' } as const;
  expect(await preparePlan(gpu, kernels, model, settings, notebook(), given)).toEqual(given);
});

test.each([null, 'lanes', '{', {}, { ...fixedPlan, rollout: 'by hand' }, { rollout: 'lanes' }])(
  '%j is no plan',
  (value) => {
    expect(parsePlan(value)).toBeNull();
  },
);
