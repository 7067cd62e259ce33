import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { models, Parameters } from '../../src/engine/parameters.ts';
import { fixedPlan } from '../../src/engine/plan.ts';
import { Sampler } from '../../src/engine/rollout/sampler.ts';
import { rowStats } from '../../src/engine/ops/policy_loss.ts';
import { Updater } from '../../src/engine/update.ts';
import { Buffers } from '../../src/gpu/buffer.ts';
import { Clock } from '../../src/gpu/clock.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { Readback } from '../../src/gpu/readback.ts';
import { parseConfig } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/layout.ts';
import { readSafetensors } from '../../src/model/safetensors.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { noF16 } from './agree.ts';

const folder = new URL('../fixtures/qwen3-sort-25k/', import.meta.url);
const text = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const golden = JSON.parse(text('expected.json')) as {
  temperature: number;
  cases: {
    prompt: string;
    greedy: string;
    completion: string;
    logits_last_prompt_token: number[];
    log_probs: number[];
    entropies: number[];
  }[];
};

/** Made by another implementation; see tests/fixtures. Wrong rotary layout or a transposed weight shows here. */
describe('a model made elsewhere', () => {
  const config = parseConfig(JSON.parse(text('config.json')));
  const layout = layoutOf(config);
  const file = readFileSync(new URL('model.safetensors', folder));
  const weights = readSafetensors(new Uint8Array(file).buffer, layout);
  let gpu: Gpu;
  let buffers: Buffers;
  let kernels: Kernels;
  let parameters: Parameters;

  beforeAll(async () => {
    gpu = await openHeadless();
    buffers = new Buffers(gpu);
    kernels = new Kernels(gpu);
    parameters = new Parameters(buffers, layout);
    for (const model of models) parameters[model].load(weights);
  });
  afterAll(() => {
    buffers.destroy();
    gpu.device.destroy();
  });

  // In f16 every activation keeps 11 bits: some thirty roundings of 5e-4 lie between a token and its logits.
  test.for([
    { activations: 'f32', tolerance: 1e-4 },
    { activations: 'f16', tolerance: 1e-2 },
  ] as const)(
    'logits, log-probabilities and entropies agree: $activations within $tolerance',
    async (variant, { skip }) => {
      const { activations, tolerance } = variant;
      skip(activations === 'f16' && !gpu.hasF16, noF16);
      const { cases, temperature } = golden;
      const longest = (key: 'prompt' | 'completion') => Math.max(...cases.map((one) => one[key].length));
      const updater = new Updater(
        buffers,
        kernels,
        { config, layout, parameters, plan: { ...fixedPlan, activations } },
        {
          prompts: cases.length,
          completions: cases.length,
          maxPromptLength: longest('prompt'),
          maxCompletionLength: longest('completion'),
          withReference: true,
          withAnchor: false,
        },
        { clock: new Clock(buffers), limitMs: Infinity },
      );
      await kernels.compile();
      const groups = cases.map(({ prompt, completion }) => ({
        prompt: characters.encode(prompt),
        completions: [{ tokens: characters.encode(completion), advantage: 1, weight: 1 }],
      }));
      const { rows } = updater.submit(
        groups,
        true,
        { temperature, clipLow: 0.2, clipHigh: 0.2, klCoefficient: 0, entropyBonus: 0 },
        {
          update: 1,
          learningRate: 0,
          beta1: 0,
          beta2: 0,
          epsilon: 1,
          weightDecay: 0,
          maxNorm: 1,
          anchorMomentum: null,
        },
      );
      const readback = new Readback(buffers, 'golden', {
        stats: { buffer: updater.stats, bytes: updater.stats.size },
        logits: { buffer: updater.logits, bytes: updater.logits.size },
      });
      const encoder = gpu.device.createCommandEncoder();
      readback.copy(encoder, ['stats', 'logits']);
      gpu.device.queue.submit([encoder.finish()]);
      const bytes = await readback.take(['stats', 'logits']);
      const stats = new Float32Array(bytes.stats);
      const logits = new Float32Array(bytes.logits);
      const stride = 4 * Math.ceil(config.vocab_size / 4);
      let row = 0;
      for (const one of cases) {
        row += one.prompt.length - 1;
        // The reference's rows lie behind the policy's and keep their logits.
        one.logits_last_prompt_token.forEach((value, v) => {
          expect(
            Math.abs((logits[(rows + row) * stride + v] ?? NaN) - value),
            `${one.prompt} logit ${String(v)}`,
          ).toBeLessThan(tolerance);
        });
        one.log_probs.forEach((value, t) => {
          expect(
            Math.abs((stats[(row + t) * rowStats.floats + rowStats.at.log_prob] ?? NaN) - value),
            `${one.prompt} log π ${String(t)}`,
          ).toBeLessThan(tolerance);
        });
        one.entropies.forEach((value, t) => {
          expect(
            Math.abs((stats[(row + t) * rowStats.floats + rowStats.at.entropy] ?? NaN) - value),
            `${one.prompt} entropy ${String(t)}`,
          ).toBeLessThan(tolerance);
        });
        row += one.completion.length;
      }
    },
  );

  test.for([
    { activations: 'f32', rollout: 'operations' },
    { activations: 'f16', rollout: 'operations' },
    { activations: 'f16', rollout: 'lanes' },
  ] as const)('greedy completions are the same: $activations, $rollout', async (variant, { skip }) => {
    skip(variant.activations === 'f16' && !gpu.hasF16, noF16);
    const { cases } = golden;
    const sampler = new Sampler(
      buffers,
      kernels,
      { config, layout, parameters, plan: { ...fixedPlan, ...variant } },
      {
        prompts: cases.length,
        rollouts: 2 * cases.length,
        maxPromptLength: Math.max(...cases.map(({ prompt }) => prompt.length)),
        maxCompletionLength: Math.max(...cases.map(({ greedy }) => greedy.length)),
        endToken: characters.endToken,
      },
      { clock: new Clock(buffers), limitMs: Infinity },
    );
    await kernels.compile();
    const requests = (['policy', 'anchor'] as const).flatMap((model) =>
      cases.map((_, prompt) => ({ prompt, model, temperature: 0, rollout: 0, purpose: 0 })),
    );
    const { rowOf } = sampler.submit(
      cases.map(({ prompt }) => characters.encode(prompt)),
      requests,
      { seed: 1, step: 0 },
    );
    const readback = new Readback(buffers, 'greedy', {
      tokens: { buffer: sampler.tokens, bytes: sampler.tokens.size },
      stats: { buffer: sampler.stats, bytes: sampler.stats.size },
    });
    const encoder = gpu.device.createCommandEncoder();
    readback.copy(encoder, ['tokens', 'stats']);
    gpu.device.queue.submit([encoder.finish()]);
    const bytes = await readback.take(['tokens', 'stats']);
    const completions = sampler
      .read(bytes.tokens, bytes.stats, rowOf)
      .map(({ tokens }) => characters.decode(tokens));
    const expected = cases.map(({ greedy }) => greedy);
    expect(completions).toEqual([...expected, ...expected]);
  });
});
