import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import { models as sides, Parameters } from '../../src/engine/parameters.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Buffers } from '../../src/gpu/buffer.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { models } from '../../src/model/models.ts';
import { Roller } from './roller.ts';

/** What transformers answers, opening each folder by its AutoTokenizer and AutoModelForCausalLM (tests/judges). */
const { models: answers } = JSON.parse(
  readFileSync(new URL('../fixtures/base-models/answers.json', import.meta.url), 'utf8'),
) as {
  models: Record<
    string,
    { prompts: string[]; greedy: string[]; tokens: number; end: number; padding: number }
  >;
};

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

test('transformers was asked of every base model', () => {
  expect(Object.keys(answers).sort()).toEqual(Object.keys(models).sort());
});

test.each(Object.entries(answers))(
  '%s answers as in transformers',
  async (name, { prompts, greedy, ...of }) => {
    const model = readModelFolder(name);
    const { tokenizer, config, layout } = model;
    expect(of).toMatchObject({
      tokens: tokenizer.size,
      end: tokenizer.endToken,
      padding: tokenizer.padToken,
    });
    const buffers = new Buffers(gpu);
    const parameters = new Parameters(buffers, layout);
    for (const each of sides) parameters[each].load(model.weights);
    const roller = new Roller(
      gpu,
      kernels,
      { config, layout, parameters },
      {
        prompts: prompts.length,
        rollouts: prompts.length,
        maxPromptLength: Math.max(...prompts.map(({ length }) => length)),
        maxCompletionLength: 12,
        endToken: tokenizer.endToken,
      },
    );
    const completions = await roller.roll(
      prompts.map((prompt) => tokenizer.encode(prompt)),
      prompts.map((_, prompt) => ({ prompt, model: 'policy', temperature: 0, rollout: 0, purpose: 0 })),
    );
    expect(completions.map(({ tokens }) => tokenizer.decode(tokens))).toEqual(greedy);
    roller.buffers.destroy();
    buffers.destroy();
  },
);
