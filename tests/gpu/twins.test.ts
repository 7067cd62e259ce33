import { expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { fixedPlan, rolloutLayouts } from '../../src/engine/plan.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { purposes } from '../../src/lib/philox.ts';
import { createRandom } from '../reference/random.ts';
import { randomWeights } from '../reference/weights.ts';
import { Roller } from './roller.ts';
import { Trainee } from './trainee.ts';

const config = {
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  intermediate_size: 28,
  vocab_size: 23,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: false,
};
const prompts = [[11], [2, 7, 1, 8, 2]];
const requests = [0, 1].flatMap((prompt) =>
  Array.from({ length: 9 }, (_, rollout) => ({
    prompt,
    model: 'policy' as const,
    temperature: 1.1,
    rollout,
    purpose: purposes.policyRollout,
  })),
);

test('without subgroups every layout samples the same tokens', async () => {
  const gpu = await openHeadless();
  const tokens = [];
  for (const twin of ['subgroup', 'workgroup'] as const) {
    if (twin === 'subgroup' && !gpu.hasSubgroups) continue;
    const kernels = new Kernels(gpu, twin);
    const longest = { maxPromptLength: 5, maxCompletionLength: 6 };
    const model = new Trainee(gpu, kernels, config, {
      ...longest,
      prompts: 2,
      completions: 2,
      withReference: false,
      withAnchor: false,
    });
    model.load({ policy: randomWeights(config, createRandom(84)) });
    for (const rollout of rolloutLayouts) {
      const capacity = { ...longest, prompts: 2, rollouts: requests.length, endToken: 5 };
      const roller = new Roller(gpu, kernels, model, capacity, { plan: { ...fixedPlan, rollout } });
      const completions = await roller.roll(prompts, requests, { seed: 5, step: 2 });
      tokens.push(completions.map((completion) => completion.tokens));
      roller.buffers.destroy();
    }
    model.buffers.destroy();
  }
  const [first, ...others] = tokens;
  expect(new Set(first?.map((one) => one.join(' '))).size).toBeGreaterThan(10);
  for (const other of others) expect(other).toEqual(first);
  gpu.device.destroy();
});
