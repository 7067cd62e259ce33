import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { Engine, type EngineOptions } from '../../src/engine/engine.ts';
import type { OptimizerSettings } from '../../src/engine/optimizer.ts';
import { fixedPlan, rolloutLayouts, untriedPlan } from '../../src/engine/plan.ts';
import type { RolloutRequest } from '../../src/engine/rollout/call.ts';
import type { Completion } from '../../src/engine/rollout/sampler.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { purposes } from '../../src/lib/philox.ts';
import { parseConfig } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/layout.ts';
import { createRandom } from '../reference/random.ts';
import { randomWeights } from '../reference/weights.ts';
import { flat, still } from './trainee.ts';

const config = parseConfig({
  model_type: 'qwen3',
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  intermediate_size: 28,
  vocab_size: 23,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
});
const layout = layoutOf(config);
const weights = flat(randomWeights(config, createRandom(91)), layout);
const endToken = 5;
const prompts = [[1, 2, 3], [4], [6, 7, 8, 9, 10]];
const of = (model: 'policy' | 'anchor', count: number, temperature = 1.1): RolloutRequest[] =>
  prompts.flatMap((_, prompt) =>
    Array.from({ length: count }, (__, i) => ({
      prompt,
      model,
      temperature,
      rollout: 100 * prompt + i,
      purpose: purposes[`${model}Rollout`],
    })),
  );
const requests = [...of('policy', 4), ...of('anchor', 2)];
const loss = { temperature: 1.1, clipLow: 0.2, clipHigh: 0.2, klCoefficient: 0.01, entropyBonus: 0.001 };
const adam: OptimizerSettings = { ...still, learningRate: 0.01, weightDecay: 0.01, anchorMomentum: 0.9 };

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

async function makeEngine(device: Gpu = gpu, options: EngineOptions = {}): Promise<Engine> {
  const longest = { maxPromptLength: 5, maxCompletionLength: 6 };
  const capacity = { prompts: 3, completions: 12, ...longest, withReference: true, withAnchor: true };
  const rollout = { prompts: 3, rollouts: 18, ...longest, endToken };
  const engine = new Engine(
    device,
    kernels,
    { config, layout, weights },
    { update: capacity, rollout, evaluation: { ...rollout, rollouts: 6 } },
    options,
  );
  await kernels.compile();
  return engine;
}

/** The policy's completions, rewarded for low token ids. */
function groupsOf(completions: readonly Completion[], advantageOf?: (value: number, i: number) => number) {
  return prompts.map((prompt, p) => ({
    prompt,
    completions: completions
      .filter((_, i) => requests[i]?.model === 'policy' && requests[i].prompt === p)
      .map(({ tokens }, i) => {
        const value = 1 - tokens.reduce((sum, token) => sum + token, 0) / tokens.length / 11;
        return { tokens, advantage: advantageOf?.(value, i) ?? value, weight: 0.05 };
      }),
  }));
}

/** A step as the trainer makes it: roll out, read, update. The update's report comes with the next read. */
async function step(engine: Engine, index: number, updated: boolean, updates = 1) {
  const pending = engine.rollout(prompts, requests, { seed: 3, step: index });
  const read = await engine.read(pending, updated);
  for (let i = 0; i < updates; i++) {
    engine.update(groupsOf(read.completions), i === 0, loss, { ...adam, update: updates * index + i + 1 });
  }
  return read;
}

test('a step waits once, allocates nothing and dispatches the same every time', async () => {
  const engine = await makeEngine();
  await step(engine, 0, false);
  const dispatches: number[] = [];
  for (let index = 1; index <= 3; index++) {
    const before = engine.counts;
    await step(engine, index, true);
    const after = engine.counts;
    expect(after.readbacks - before.readbacks).toBe(1);
    expect(after.allocations).toBe(before.allocations);
    expect(after.bytes).toBe(before.bytes);
    dispatches.push(after.dispatches - before.dispatches);
  }
  expect(new Set(dispatches).size).toBe(1);
  const before = engine.counts;
  await engine.evaluate(prompts, of('policy', 2, 0), { seed: 3, step: 0 });
  expect(engine.counts).toMatchObject({ readbacks: before.readbacks + 1, allocations: before.allocations });
  engine.destroy();
});

test('two runs give the same bits, with two updates a batch too', async () => {
  const runs = [];
  for (let run = 0; run < 2; run++) {
    const engine = await makeEngine();
    const completions = [];
    for (let index = 0; index < 4; index++)
      completions.push((await step(engine, index, index > 0, 2)).completions);
    runs.push({
      completions,
      policy: await engine.readParameters('policy'),
      anchor: await engine.readParameters('anchor'),
      reference: await engine.readParameters('reference'),
    });
    engine.destroy();
  }
  const [one, other] = runs;
  expect(one).toEqual(other);
  expect(one?.policy).not.toEqual(weights);
  expect(one?.anchor).not.toEqual(weights);
  expect(one?.anchor).not.toEqual(one?.policy);
  expect(one?.reference).toEqual(weights);
});

test.each(rolloutLayouts)(
  'with %s, cut anywhere into submissions, the bits are the same',
  async (rollout) => {
    const plan = { ...fixedPlan, rollout };
    const runs = [];
    for (const submissionMs of [Infinity, 0]) {
      const engine = await makeEngine(gpu, { plan, submissionMs });
      const submit = vi.spyOn(gpu.device.queue, 'submit');
      const completions = [];
      const submissions = [];
      for (let index = 0; index < 3; index++) {
        submit.mockClear();
        completions.push((await step(engine, index, index > 0)).completions);
        submissions.push(submit.mock.calls.length);
      }
      submit.mockRestore();
      runs.push({ completions, submissions, policy: await engine.readParameters('policy') });
      engine.destroy();
    }
    const [whole, cut] = runs;
    expect(cut?.completions).toEqual(whole?.completions);
    expect(cut?.policy).toEqual(whole?.policy);
    expect(whole?.policy).not.toEqual(weights);
    // Rollout, readback, update, optimiser: once their times are known, or never.
    expect(whole?.submissions.at(-1)).toBe(4);
    expect(cut?.submissions.at(-1)).toBeGreaterThan(40);
    expect(cut?.submissions.at(-1)).toBe(cut?.submissions[0]);
  },
);

test('without timestamp queries the phases are not measured and the bits are the same', async () => {
  const runs = [];
  for (const device of [gpu, { ...gpu, hasTimestamps: false }]) {
    const engine = await makeEngine(device);
    await step(engine, 0, false);
    const { times, completions } = await step(engine, 1, true);
    runs.push({ times, completions, policy: await engine.readParameters('policy') });
    engine.destroy();
  }
  const [timed, untimed] = runs;
  expect(untimed?.times).toMatchObject({ rolloutMs: NaN, updateMs: NaN });
  expect(timed?.times.updateMs).toBeGreaterThanOrEqual(0);
  expect({ ...untimed, times: null }).toEqual({ ...timed, times: null });
});

test('the report of an update', async () => {
  const engine = await makeEngine();
  await step(engine, 0, false, 2);
  const { report, completions, times } = await step(engine, 1, true);
  expect(report?.trainedTokens).toBeGreaterThanOrEqual(12);
  expect(report?.gradNorm).toBeGreaterThan(0);
  expect(report?.anchorDistance).toBeGreaterThan(0);
  // The second update of the batch: the policy has moved from the reference and from what it sampled with.
  expect(report?.klReference).toBeGreaterThan(0);
  expect(report?.klAnchor).toBeGreaterThan(0);
  expect(report?.logProb).toBeLessThan(0);
  expect(report?.clippedShare).toBeGreaterThanOrEqual(0);
  expect(report?.clippedShare).toBeLessThan(1);
  expect(completions.length).toBe(requests.length);
  for (const ms of [times.rolloutMs, times.updateMs]) expect(ms > 0).toBe(gpu.hasTimestamps);
  expect(times.waitMs).toBeGreaterThan(0);
  expect(times.othersMs).toBe(0);
  engine.destroy();
});

test('an update of nothing trains no token and leaves the policy where decay and momentum leave it', async () => {
  const engine = await makeEngine();
  const { completions } = await engine.read(engine.rollout(prompts, requests, { seed: 3, step: 0 }), false);
  const nothing = groupsOf(completions).map((group) => ({ ...group, completions: [] }));
  engine.update(nothing, true, loss, { ...adam, weightDecay: 0, update: 1 });
  const { report } = await engine.read(null, true);
  expect(report).toMatchObject({ trainedTokens: 0, gradNorm: 0, loss: 0, logProb: NaN });
  expect(await engine.readParameters('policy')).toEqual(weights);
  engine.destroy();
});

test.each([NaN, Infinity])('an advantage of %d changes no parameter and is reported', async (bad) => {
  const engine = await makeEngine();
  await step(engine, 0, false);
  const { completions } = await engine.read(engine.rollout(prompts, requests, { seed: 3, step: 1 }), true);
  const before = {
    policy: await engine.readParameters('policy'),
    anchor: await engine.readParameters('anchor'),
  };
  expect(before.policy).not.toEqual(weights);
  engine.update(
    groupsOf(completions, (value, i) => (i === 1 ? bad : value)),
    true,
    loss,
    { ...adam, update: 2 },
  );
  const { report } = await engine.read(null, true);
  expect(report?.gradNorm).not.toSatisfy(Number.isFinite);
  expect(await engine.readParameters('policy')).toEqual(before.policy);
  expect(await engine.readParameters('anchor')).toEqual(before.anchor);
  // Nor is anything left behind: the next good update is finite and moves the policy.
  engine.update(groupsOf(completions), true, loss, { ...adam, update: 2 });
  const good = (await engine.read(null, true)).report;
  expect(good?.gradNorm).toSatisfy(Number.isFinite);
  expect(await engine.readParameters('policy')).not.toEqual(before.policy);
  engine.destroy();
});

test('32 heads of 128 train by operations; held in lanes, they are too large, in figures', () => {
  const wide = { ...config, num_attention_heads: 32, num_key_value_heads: 1, head_dim: 128 };
  expect(untriedPlan(wide).rollout).toBe('operations');
  expect(untriedPlan(config).rollout).toBe('lanes');
  const capacity = { prompts: 1, maxPromptLength: 2, maxCompletionLength: 2 };
  const model = { config: wide, layout: layoutOf(wide), weights: new Float32Array(layoutOf(wide).size) };
  const make = () =>
    new Engine(
      gpu,
      kernels,
      model,
      {
        update: { ...capacity, completions: 1, withReference: false, withAnchor: false },
        rollout: { ...capacity, rollouts: 1, endToken },
      },
      { plan: { ...fixedPlan, rollout: 'lanes' } },
    );
  expect(make).toThrow(
    expect.objectContaining({
      code: 'does-not-fit',
      message: expect.stringMatching(/needs 69632 bytes .* may have 65536/) as string,
    }),
  );
});
