import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import type { RolloutRequest } from '../../src/engine/rollout/call.ts';
import { groupBytes } from '../../src/engine/rollout/group.ts';
import type { Completion } from '../../src/engine/rollout/sampler.ts';
import { fixedPlan, rolloutLayouts, type RolloutLayout } from '../../src/engine/plan.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { purposes } from '../../src/lib/philox.ts';
import { distribution } from '../reference/log_softmax.ts';
import { forward, layRows } from '../reference/model.ts';
import { createRandom } from '../reference/random.ts';
import { greedy } from '../reference/sample.ts';
import { randomWeights, type Qwen3Config, type Weights } from '../reference/weights.ts';
import { agree } from './agree.ts';
import { chiSquare, limitOf } from './chiSquare.ts';
import { Roller } from './roller.ts';
import { still, Trainee } from './trainee.ts';

const config: Qwen3Config = {
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
const V = config.vocab_size;
const weights = {
  policy: randomWeights(config, createRandom(81)),
  anchor: randomWeights(config, createRandom(82)),
};
const endToken = 5;
const longest = { prompt: 7, completion: 9 };
/** Lengths 1, 4 and 7: a prompt without prefix rows, one in between, the longest. */
const prompts = [[11], [3, 1, 4, 1], [2, 7, 1, 8, 2, 8, 1]];

let gpu: Gpu;
let kernels: Kernels;
let model: Trainee;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
  model = new Trainee(gpu, kernels, config, {
    prompts: prompts.length,
    completions: 64,
    maxPromptLength: longest.prompt,
    maxCompletionLength: longest.completion,
    withReference: false,
    withAnchor: false,
  });
  model.load(weights);
});
afterAll(() => {
  model.buffers.destroy();
  gpu.device.destroy();
});

const sampled = { policy: purposes.policyRollout, anchor: purposes.anchorRollout };

/** `count` rollouts of each prompt by one model. */
function requestsOf(of: 'policy' | 'anchor', count: number, temperature: number): RolloutRequest[] {
  return prompts.flatMap((_, prompt) =>
    Array.from({ length: count }, (__, i) => ({
      prompt,
      model: of,
      temperature,
      rollout: 100 * prompt + i,
      purpose: sampled[of],
    })),
  );
}

/** Logits behind a sequence, recomputed from nothing in float64. */
function logitsAfter(of: Weights, sequence: readonly number[]): Float64Array {
  return forward(config, of, layRows([sequence])).logits.slice(-V);
}

function rollerBy(
  rollout: RolloutLayout,
  rollouts: number,
  change: { readonly endToken?: number; readonly length?: number; readonly limitMs?: number } = {},
): Roller {
  return new Roller(
    gpu,
    kernels,
    model,
    {
      prompts: prompts.length,
      rollouts,
      maxPromptLength: longest.prompt,
      maxCompletionLength: change.length ?? longest.completion,
      endToken: change.endToken ?? endToken,
    },
    { plan: { ...fixedPlan, rollout }, limitMs: change.limitMs ?? Infinity },
  );
}

describe.each(rolloutLayouts)('%s', (rollout) => {
  const rollerOf = (rollouts: number, change?: Parameters<typeof rollerBy>[2]) =>
    rollerBy(rollout, rollouts, change);

  describe('decoding with the cache against full recomputation', () => {
    const temperature = 0.9;
    const requests = [...requestsOf('policy', 5, temperature), ...requestsOf('anchor', 3, temperature)];
    let completions: Completion[];
    beforeAll(async () => {
      const roller = rollerOf(requests.length);
      completions = await roller.roll(prompts, requests);
      roller.buffers.destroy();
    });

    test('completions end at the end token or at the limit, and both happen', () => {
      for (const { tokens, truncated, logProbs } of completions) {
        expect(tokens.slice(0, -1)).not.toContain(endToken);
        expect(truncated).toBe(tokens.at(-1) !== endToken);
        expect(tokens.length).toBeLessThanOrEqual(longest.completion);
        if (truncated) expect(tokens.length).toBe(longest.completion);
        expect(logProbs.length).toBe(tokens.length);
      }
      expect(new Set(completions.map(({ truncated }) => truncated))).toEqual(new Set([true, false]));
      expect(new Set(completions.map(({ tokens }) => tokens.length)).size).toBeGreaterThan(3);
    });

    test.each(['policy', 'anchor'] as const)('in float64: every statistic of the %s', (of) => {
      completions.forEach(({ tokens, logProbs, entropies, selfCertainties }, i) => {
        const request = requests[i];
        if (request?.model !== of) return;
        const prompt = prompts[request.prompt] ?? [];
        const { logits } = forward(config, weights[of], layRows([[...prompt, ...tokens]]));
        const each = tokens.map((token, t) => {
          const one = distribution(logits, prompt.length - 1 + t, V, temperature);
          return { ...one, logProb: one.logProbs[token] ?? NaN };
        });
        const what = `prompt ${request.prompt} rollout ${request.rollout}`;
        agree(
          `${what} log π`,
          logProbs,
          each.map(({ logProb }) => logProb),
          1e-5,
        );
        agree(
          `${what} entropy`,
          entropies,
          each.map(({ entropy }) => entropy),
          1e-5,
        );
        agree(
          `${what} self-certainty`,
          selfCertainties,
          each.map(({ selfCertainty }) => selfCertainty),
          1e-5,
        );
      });
    });

    test.each(['policy', 'anchor'] as const)('on the device: what an update sees of the %s', async (of) => {
      const own = completions.filter((_, i) => requests[i]?.model === of);
      const rollouts = own.map(({ tokens }, i) => ({
        prompt: prompts[requests.filter((request) => request.model === of)[i]?.prompt ?? 0] ?? [],
        completion: tokens,
        advantage: 1,
        weight: 1,
        oldLogProbs: null,
        refLogProbs: [],
      }));
      model.load({ policy: weights[of] });
      const loss = { temperature, clipLow: 0.2, clipHigh: 0.2, klCoefficient: 0, entropyBonus: 0 };
      await model.update(rollouts, true, loss, still);
      const read = await model.read();
      model.load(weights);
      agree(
        'log π',
        read.stat('log_prob'),
        own.flatMap(({ logProbs }) => [...logProbs]),
        1e-5,
      );
      agree(
        'entropy',
        read.stat('entropy'),
        own.flatMap(({ entropies }) => [...entropies]),
        1e-5,
      );
    });
  });

  describe('sampling frequencies', () => {
    const count = 4096;
    const probabilitiesOf = (of: Weights, sequence: readonly number[], temperature: number) =>
      distribution(logitsAfter(of, sequence), 0, V, temperature).logProbs.map(Math.exp);
    const prompt = prompts[1] ?? [];
    const draws = (temperature: number, of: 'policy' | 'anchor'): RolloutRequest[] =>
      Array.from({ length: count }, (_, rollout) => ({
        prompt: 0,
        model: of,
        temperature,
        rollout,
        purpose: sampled[of],
      }));

    test.each([
      { temperature: 0.5, of: 'policy' },
      { temperature: 1, of: 'anchor' },
      { temperature: 1.5, of: 'policy' },
    ] as const)('of $of at T = $temperature are those of softmax', async ({ temperature, of }) => {
      const roller = rollerOf(count, { length: 1 });
      const completions = await roller.roll([prompt], draws(temperature, of), { seed: 7, step: 3 });
      roller.buffers.destroy();
      const tokens = completions.map((completion) => completion.tokens[0] ?? NaN);
      const right = chiSquare(tokens, probabilitiesOf(weights[of], prompt, temperature));
      expect(right.cells).toBeGreaterThan(5);
      expect(right.value).toBeLessThan(limitOf(right.cells));
      // The test sees a temperature that is a fifth too high.
      const wrong = chiSquare(tokens, probabilitiesOf(weights[of], prompt, 1.2 * temperature));
      expect(wrong.value).toBeGreaterThan(limitOf(wrong.cells));
    });

    test('of a second token are those of softmax behind every first token', async () => {
      const roller = rollerOf(count, { length: 2, endToken: 99 });
      const completions = await roller.roll([prompt], draws(1, 'policy'), { seed: 8, step: 0 });
      roller.buffers.destroy();
      const first = probabilitiesOf(weights.policy, prompt, 1);
      const second = new Float64Array(V);
      first.forEach((p, token) => {
        probabilitiesOf(weights.policy, [...prompt, token], 1).forEach((q, v) => {
          second[v] = (second[v] ?? 0) + p * q;
        });
      });
      const { value, cells } = chiSquare(
        completions.map(({ tokens }) => tokens[1] ?? NaN),
        second,
      );
      expect(value).toBeLessThan(limitOf(cells));
    });
  });

  test('T = 0 takes the most likely token at every position, whatever the seed', async () => {
    const requests = [...requestsOf('policy', 2, 0), ...requestsOf('anchor', 1, 0)];
    const roller = rollerOf(requests.length);
    for (const seed of [1, 2]) {
      const completions = await roller.roll(prompts, requests, { seed, step: seed });
      completions.forEach(({ tokens }, i) => {
        const { model: of, prompt } = requests[i] ?? { model: 'policy' as const, prompt: 0 };
        const sequence = [...(prompts[prompt] ?? [])];
        for (const token of tokens) {
          expect(token).toBe(greedy(logitsAfter(weights[of], sequence), 1, V)[0]);
          sequence.push(token);
        }
      });
    }
    roller.buffers.destroy();
  });

  describe('the end', () => {
    test('a token that never comes truncates every completion', async () => {
      const roller = rollerOf(6, { endToken: 99 });
      const completions = await roller.roll(prompts, requestsOf('policy', 2, 1));
      expect(completions.every(({ truncated }) => truncated)).toBe(true);
      expect(completions.every(({ tokens }) => tokens.length === longest.completion)).toBe(true);
      roller.buffers.destroy();
    });

    test('a first token that ends leaves completions of one', async () => {
      const [prompt = []] = prompts;
      const first = greedy(logitsAfter(weights.policy, prompt), 1, V)[0] ?? NaN;
      const roller = rollerOf(1, { endToken: first });
      const [completion] = await roller.roll([prompt], requestsOf('policy', 1, 0).slice(0, 1));
      expect(completion?.tokens).toEqual([first]);
      expect(completion?.truncated).toBe(false);
      roller.buffers.destroy();
    });

    test('an end at the very limit is no truncation', async () => {
      const free = rollerOf(3, { endToken: 99 });
      const [full] = await free.roll(prompts, requestsOf('policy', 1, 1));
      free.buffers.destroy();
      const last = (full?.tokens ?? []).findIndex(
        (token, i, all) => i > 0 && !all.slice(0, i).includes(token),
      );
      expect(last).toBeGreaterThan(0);
      const limited = rollerOf(3, { endToken: full?.tokens[last] ?? NaN, length: last + 1 });
      const [ended] = await limited.roll(prompts, requestsOf('policy', 1, 1));
      expect(ended?.tokens).toEqual(full?.tokens.slice(0, last + 1));
      expect(ended?.truncated).toBe(false);
      limited.buffers.destroy();
    });
  });

  describe('same seed, same bits', () => {
    const requests = [...requestsOf('policy', 6, 1.1), ...requestsOf('anchor', 6, 1.1)];
    let roller: Roller;
    beforeAll(() => {
      roller = rollerOf(requests.length);
    });
    afterAll(() => roller.buffers.destroy());

    test('twice', async () => {
      const random = { seed: 4_294_967_295, step: 12 };
      const once = await roller.roll(prompts, requests, random);
      expect(await roller.roll(prompts, requests, random)).toEqual(once);
      for (const other of [
        { seed: 4_294_967_294, step: 12 },
        { seed: 4_294_967_295, step: 13 },
      ]) {
        const different = await roller.roll(prompts, requests, other);
        expect(different.map(({ tokens }) => tokens)).not.toEqual(once.map(({ tokens }) => tokens));
      }
    });

    test('alone, among others or in another order', async () => {
      const all = await roller.roll(prompts, requests);
      expect(new Set(all.map(({ tokens }) => tokens.join(' '))).size).toBeGreaterThan(30);
      for (const index of [0, 7, 17, 20, 35]) {
        const request = requests[index];
        if (request === undefined) throw new Error('no such request');
        const alone = await roller.roll([prompts[request.prompt] ?? []], [{ ...request, prompt: 0 }]);
        expect(alone).toEqual([all[index]]);
      }
      const turned = [...requests.slice(0, 18).reverse(), ...requests.slice(18).reverse()].map((request) => ({
        ...request,
        prompt: 2 - request.prompt,
      }));
      const back = await roller.roll([...prompts].reverse(), turned);
      expect([...back.slice(0, 18).reverse(), ...back.slice(18).reverse()]).toEqual(all);
    });

    test('rollouts of one prompt differ, and so do those of another purpose', async () => {
      const of = (purpose: number) =>
        roller.roll(
          prompts,
          requestsOf('policy', 6, 1.1).map((request) => ({ ...request, purpose })),
        );
      const [one, other] = [await of(purposes.policyRollout), await of(purposes.evaluationSample)];
      expect(one.map(({ tokens }) => tokens)).not.toEqual(other.map(({ tokens }) => tokens));
    });
  });
});

describe.each(rolloutLayouts.filter((rollout) => rollout !== 'operations'))('%s, fused', (rollout) => {
  const requests = [...requestsOf('policy', 6, 1.1), ...requestsOf('anchor', 5, 0.8)];
  const random = { seed: 17, step: 3 };
  let roller: Roller;
  beforeAll(() => {
    roller = rollerBy(rollout, requests.length);
  });
  afterAll(() => roller.buffers.destroy());

  test('samples the tokens that one dispatch per operation samples', async () => {
    const plain = rollerBy('operations', requests.length);
    const expected = await plain.roll(prompts, requests, random);
    plain.buffers.destroy();
    const completions = await roller.roll(prompts, requests, random);
    expect(completions.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
  });

  test('changes no bit when every token is submitted alone', async () => {
    const cut = rollerBy(rollout, requests.length, { limitMs: 0 });
    const parts = [
      await cut.roll(prompts, requests, random),
      // The second call knows how long units last, and is cut all the same.
      await cut.roll(prompts, requests, random),
    ];
    expect(cut.dispatches).toBe(1 + longest.completion);
    cut.buffers.destroy();
    await roller.roll(prompts, requests, random);
    const whole = await roller.roll(prompts, requests, random);
    expect(roller.dispatches).toBe(2);
    expect(parts).toEqual([whole, whole]);
  });

  test('takes one dispatch where no prompt has a prefix', async () => {
    const alone = requestsOf('policy', 3, 1).slice(0, 3);
    const few = await roller.roll(prompts.slice(0, 1), alone, random);
    expect(roller.dispatches).toBe(1);
    const among = await roller.roll(prompts, alone, random);
    expect(roller.dispatches).toBe(2);
    expect(few).toEqual(among);
  });
});

test('a group of sequences that workgroup memory cannot hold is refused, with the figure', () => {
  const layout = { maxPromptLength: 400, maxCompletionLength: 400 };
  const bytes = groupBytes(model.config, layout, 8);
  expect(bytes).toBeGreaterThan(gpu.device.limits.maxComputeWorkgroupStorageSize);
  const capacity = { ...layout, prompts: 1, rollouts: 8, endToken };
  expect(
    () => new Roller(gpu, kernels, model, capacity, { plan: { ...fixedPlan, rollout: 'group8' } }),
  ).toThrow(
    expect.objectContaining({
      code: 'does-not-fit',
      message: expect.stringContaining(String(bytes)) as string,
    }),
  );
});
