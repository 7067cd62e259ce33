import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import { Engine } from '../../src/engine/engine.ts';
import { fixedPlan, untriedPlan } from '../../src/engine/plan.ts';
import { selfCheck } from '../../src/engine/selfCheck.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { fromHalf } from '../../src/lib/half.ts';
import { defaultSettings, validateSettings } from '../../src/settings/settings.ts';
import { parsePlan } from '../../src/engine/parsePlan.ts';
import { preparePlan } from '../../src/trainer/prepare.ts';
import { Trainer } from '../../src/trainer/trainer.ts';
import { noF16 } from './agree.ts';
import { toHalf } from './half.ts';

const on = validateSettings({ halfPrecision: true }, defaultSettings);
const off = validateSettings({ halfPrecision: false }, defaultSettings);
const model = readModelFolder(on.model);
const memory = { read: () => Promise.resolve('passed'), write: () => Promise.resolve() };

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

test('a device has what its features say', () => {
  expect(gpu.hasF16).toBe(gpu.device.features.has('shader-f16'));
});

test('a GPU without half-precision numbers is refused in words, before anything is made', async () => {
  const without = { ...gpu, hasF16: false, adapter: { ...gpu.adapter, software: true } };
  const refusal = { code: 'bad-setting', message: /"Half-precision activations" is on.*shader-f16/ };
  await expect(preparePlan(without, kernels, model, on, memory)).rejects.toMatchObject({
    code: refusal.code,
    message: expect.stringMatching(refusal.message) as unknown,
    remedy: expect.stringContaining('Turn it off') as unknown,
  });
  expect(() => new Trainer(without, kernels, model, on, { now: () => 0 })).toThrow(refusal.message);
  expect(await preparePlan(without, kernels, model, off, memory)).toEqual(untriedPlan(model.config));
});

test('the plan records it, and settings that say otherwise are refused', async () => {
  const able = { ...gpu, hasF16: true, adapter: { ...gpu.adapter, software: true } };
  const plan = await preparePlan(able, kernels, model, on, memory);
  expect(plan).toEqual({ ...untriedPlan(model.config), activations: 'f16' });
  expect(parsePlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  expect(await preparePlan(able, kernels, model, on, memory, plan)).toEqual(plan);
  await expect(preparePlan(able, kernels, model, off, memory, plan)).rejects.toMatchObject({
    code: 'bad-setting',
    message: 'The plan has activations in f16, the settings in f32.',
  });
  const { activations: _, ...older } = fixedPlan;
  expect(parsePlan(older)).toEqual(fixedPlan);
  expect(parsePlan({ ...fixedPlan, activations: 'f8' })).toBeNull();
});

test.for(['operations', 'lanes'] as const)('the self-check passes with %s', async (rollout, { skip }) => {
  skip(!gpu.hasF16, noF16);
  expect(await selfCheck(gpu, kernels, { ...fixedPlan, rollout, activations: 'f16' })).toMatchObject({
    ok: true,
  });
});

test.for(['operations', 'lanes'] as const)('activations and caches take half: %s', (rollout, { skip }) => {
  skip(!gpu.hasF16, noF16);
  const sizes = { prompts: 8, maxPromptLength: 6, maxCompletionLength: 10 };
  const bytesWith = (activations: 'f32' | 'f16', factor: number): number => {
    const engine = new Engine(
      gpu,
      kernels,
      model,
      {
        update: { ...sizes, completions: 64 * factor, withReference: true, withAnchor: true },
        rollout: { ...sizes, rollouts: 64 * factor, endToken: 1 },
      },
      { plan: { ...fixedPlan, rollout, activations } },
    );
    const { bytes } = engine.counts;
    engine.destroy();
    return bytes;
  };
  // What parameters take falls out of the difference between two sizes; gradients, logits and tokens stay.
  const growth = (activations: 'f32' | 'f16') => bytesWith(activations, 2) - bytesWith(activations, 1);
  expect(growth('f16') / growth('f32')).toBeLessThan(0.75);
});

test('halves are numbers and back', () => {
  for (let bits = 0; bits < 65_536; bits++) {
    const value = fromHalf(bits);
    if (!Number.isNaN(value)) expect(toHalf(value)).toBe(bits);
  }
  expect([1, -2, 65_504, 2 ** -24, 1 / 3].map(toHalf)).toEqual([0x3c00, 0xc000, 0x7bff, 1, 0x3555]);
  expect(fromHalf(toHalf(NaN))).toBeNaN();
});
