import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { readReport } from '../../src/engine/optimizer.ts';
import { packRows } from '../../src/engine/rows.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { layoutOf } from '../../src/model/layout.ts';
import { modelCases, type ModelCase } from '../cases/model.ts';
import { initialState, update } from '../reference/adamw_ema.ts';
import { clipFactor, norm } from '../reference/grad_norm.ts';
import { policyGradient, type TrainedRollout } from '../reference/policy_gradient.ts';
import { createRandom } from '../reference/random.ts';
import type { Weights } from '../reference/weights.ts';
import { agree, noF16 } from './agree.ts';
import { flat, grouped, named, still, Trainee, type Column } from './trainee.ts';

/** Rows that a micro-batch may hold: the activation budget would need a large model to bite. */
const budget = vi.hoisted(() => ({ rows: Infinity }));
vi.mock(import('../../src/engine/plan.ts'), async (original) => {
  const plan = await original();
  return { ...plan, microBatchRows: (...of) => Math.min(plan.microBatchRows(...of), budget.rows) };
});

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());
beforeEach(() => {
  budget.rows = Infinity;
});

function capacityOf(
  rollouts: readonly TrainedRollout[],
  models: { withReference: boolean; withAnchor: boolean },
) {
  return {
    prompts: grouped(rollouts).length,
    completions: rollouts.length,
    maxPromptLength: Math.max(...rollouts.map(({ prompt }) => prompt.length)),
    maxCompletionLength: Math.max(...rollouts.map(({ completion }) => completion.length)),
    ...models,
  };
}

const all = { withReference: true, withAnchor: true };

/** Of every token, rollout after rollout, those of rollouts that are trained on. */
function trained(rollouts: readonly TrainedRollout[], values: ArrayLike<number>): number[] {
  const weights = rollouts.flatMap(({ completion, weight }) => completion.map(() => weight));
  return Array.from(values).filter((_, i) => weights[i] !== 0);
}

/** Every tensor by name, each against its own largest entry: small gradients count as much as large ones. */
function agreeByName(actual: Weights, expected: Weights, tolerance: number): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, values] of expected) {
    // Attention to a single token has no gradient by q and k.
    const scale = Math.max(...values.map(Math.abs)) || 1;
    const scaled = (of: Float64Array | undefined) => (of ?? new Float64Array()).map((value) => value / scale);
    agree(name, scaled(actual.get(name)), scaled(values), tolerance);
  }
}

/** An anchor between the policy and the reference, different from both. */
function anchorOf({ weights: policy, referenceWeights: reference }: ModelCase): Weights {
  return new Map(
    [...policy].map(([name, x]) => [
      name,
      x.map((value, i) => Math.fround(0.5 * value + 0.5 * (reference.get(name)?.[i] ?? NaN))),
    ]),
  );
}

/** k3 to the anchor, which the oracle computes as that to a reference. */
function klAnchorOf(c: ModelCase): Float64Array {
  const { config, weights, rollouts, settings } = c;
  const logProb = [...policyGradient(config, anchorOf(c), rollouts, settings).logProb];
  let next = 0;
  const against = rollouts.map((rollout) => ({
    ...rollout,
    refLogProbs: logProb.slice(next, (next += rollout.completion.length)),
  }));
  return policyGradient(config, weights, against, settings).klReference;
}

/** Loads a case's models and submits what it needs so that the next read sees its update. */
async function submit(trainee: Trainee, c: ModelCase): Promise<void> {
  trainee.load({
    policy: c.oldWeights ?? c.weights,
    anchor: anchorOf(c),
    reference: c.referenceWeights,
  });
  await trainee.update(c.rollouts, true, c.settings, still);
  if (c.oldWeights === null) return;
  trainee.load({ policy: c.weights });
  await trainee.update(c.rollouts, false, c.settings, still);
}

/**
 * A gradient goes through all activations of its row, forward and backward, some fifty roundings of 5e-4; seen are
 * 1.8e-3 of a tensor's largest entry. As in f32, twice this is allowed for gradients, five times for statistics.
 */
const halfTolerance = 2e-3;

describe.each(modelCases)('$name', (c) => {
  const { config, weights, rollouts, settings, expected } = c;

  async function check(trainee: Trainee, tolerance = c.tolerance): Promise<void> {
    await submit(trainee, c);
    const read = await trainee.read();
    agreeByName(named(read.gradient, trainee.layout), expected.grads, 2 * tolerance);
    agree(
      'norm',
      [readReport(read.report).gradNorm],
      [norm([...expected.grads.values()].flatMap((g) => [...g]))],
      tolerance,
    );
    agree('loss', [read.stat('loss').reduce((sum, value) => sum + value, 0)], [expected.loss], tolerance);
    const old = rollouts.flatMap(({ oldLogProbs }) => oldLogProbs ?? []);
    const stats: Partial<Record<Column, ArrayLike<number>>> = {
      log_prob: expected.logProb,
      entropy: expected.entropy,
      clipped: expected.clipped,
      k3_reference: expected.klReference,
      k3_anchor: klAnchorOf(c),
      ratio: expected.logProb.map((value, i) => Math.exp(value - (old[i] ?? value))),
    };
    for (const [name, values] of Object.entries(stats)) {
      agree(name, read.stat(name as Column), trained(rollouts, values), 5 * tolerance);
    }
  }

  test('every gradient, loss and statistic agrees with the oracle', async () => {
    const trainee = new Trainee(gpu, kernels, config, capacityOf(rollouts, all));
    await check(trainee);
    trainee.buffers.destroy();
  });

  test('also with activations in f16, as far as their 11 bits go', async ({ skip }) => {
    skip(!gpu.hasF16, noF16);
    const trainee = new Trainee(gpu, kernels, config, capacityOf(rollouts, all), 'f16');
    await check(trainee, halfTolerance);
    trainee.buffers.destroy();
  });

  test('also in micro-batches, prompts cut across them', async () => {
    budget.rows = 16;
    const trainee = new Trainee(gpu, kernels, config, capacityOf(rollouts, all));
    await check(trainee);
    trainee.buffers.destroy();
  });

  test.each([
    { withReference: false, withAnchor: true },
    { withReference: false, withAnchor: false },
    { withReference: true, withAnchor: false },
  ])('with reference $withReference, anchor $withAnchor', async (models) => {
    const trainee = new Trainee(gpu, kernels, config, capacityOf(rollouts, models));
    // Without a reference there is no KL term.
    const loss = models.withReference ? settings : { ...settings, klCoefficient: 0 };
    await submit(trainee, { ...c, settings: loss });
    const read = await trainee.read();
    const oracle = policyGradient(config, weights, rollouts, loss);
    agreeByName(named(read.gradient, trainee.layout), oracle.grads, 2 * c.tolerance);
    const kl = (values: Float64Array, there: boolean) =>
      trained(
        rollouts,
        values.map((value) => (there ? value : 0)),
      );
    agree(
      'klReference',
      read.stat('k3_reference'),
      kl(oracle.klReference, models.withReference),
      5 * c.tolerance,
    );
    agree('klAnchor', read.stat('k3_anchor'), kl(klAnchorOf(c), models.withAnchor), 5 * c.tolerance);
    trainee.buffers.destroy();
  });
});

test('the cases clip some tokens and not others, and drop a rollout', () => {
  const offPolicy = modelCases.filter(({ oldWeights }) => oldWeights !== null);
  expect(new Set(offPolicy.flatMap(({ expected }) => [...expected.clipped]))).toEqual(new Set([0, 1]));
  expect(modelCases.some(({ rollouts }) => rollouts.some(({ weight }) => weight === 0))).toBe(true);
});

const [lab] = modelCases;
if (lab === undefined) throw new Error('no cases');
const { config, weights, referenceWeights, rollouts, settings } = lab;

describe('micro-batches', () => {
  const capacity = { prompts: 3, completions: 9, maxPromptLength: 7, maxCompletionLength: 6, ...all };
  const random = createRandom(71);
  /** Three completions of three prompts, at most as long as `capacity` says. */
  const batch = (lengthOf: (longest: number) => number): TrainedRollout[] =>
    Array.from({ length: 3 }, () => [...random.integers(lengthOf(7), 23)]).flatMap((prompt) =>
      Array.from({ length: 3 }, () => ({
        prompt,
        completion: [...random.integers(lengthOf(6), 23)],
        advantage: random.normal(),
        weight: 1,
        oldLogProbs: null,
        refLogProbs: [],
      })),
    );
  const batches = [
    batch((longest) => longest),
    batch((longest) => 1 + random.integer(longest)),
    batch(() => 1),
  ];

  // 16 rows hold the longest prompt with one completion.
  test.each([16, 24, 40])('of %d rows follow one another and their rows fit the statistics', async (rows) => {
    const dispatches: number[][] = [];
    for (const limit of [Infinity, rows]) {
      budget.rows = limit;
      const trainee = new Trainee(gpu, kernels, config, capacity);
      trainee.load({ policy: weights, anchor: weights, reference: weights });
      const counts: number[] = [];
      for (const rolled of batches) {
        const submitted = await trainee.update(rolled, true, settings, still);
        expect(submitted.rows).toBeLessThanOrEqual(trainee.updater.statRows);
        const tokens = rolled.flatMap(({ completion }) => completion);
        expect((await trainee.read()).stat('log_prob').length).toBe(tokens.length);
        counts.push(submitted.dispatches - 2);
      }
      dispatches.push(counts);
      trainee.buffers.destroy();
    }
    const [whole = [], cut = []] = dispatches;
    const times = cut.map((count, i) => count / (whole[i] ?? NaN));
    expect(times).toEqual(batches.map((rolled) => packRows(grouped(rolled), rows).length));
    expect(times[0]).toBeGreaterThan(1);
  });
});

describe('AdamW and anchor over several steps', () => {
  const decays = Float64Array.from(
    layoutOf({ ...config, model_type: 'qwen3' }).tensors.flatMap(({ shape, length }) =>
      new Array<number>(length).fill(shape.length > 1 ? 1 : 0),
    ),
  );
  const ordered = (of: Weights): Float64Array =>
    Float64Array.from(
      layoutOf({ ...config, model_type: 'qwen3' }).tensors.flatMap(({ name }) => [
        ...(of.get(name) ?? [NaN]),
      ]),
    );
  const adam = {
    learningRate: 3e-3,
    beta1: 0.9,
    beta2: 0.99,
    // Large beside rounding, which would choose the direction of parameters that hardly have a gradient.
    epsilon: 1e-4,
    weightDecay: 0.1,
    maxNorm: 0.05,
  };

  test('policy, anchor and moments agree with the oracle after each of four', async () => {
    const anchorMomentum = 0.9;
    const trainee = new Trainee(gpu, kernels, config, capacityOf(rollouts, all));
    trainee.load({ policy: weights, anchor: referenceWeights, reference: referenceWeights });
    const back = (values: Float64Array): Map<string, Float64Array> => {
      let offset = 0;
      return new Map(
        trainee.layout.tensors.map(({ name, length }) => [name, values.slice(offset, (offset += length))]),
      );
    };
    let state = { ...initialState(ordered(weights)), anchor: ordered(referenceWeights) };
    for (let step = 1; step <= 4; step++) {
      await trainee.update(rollouts, true, settings, { ...adam, update: step, anchorMomentum });
      const { grads } = policyGradient(config, back(state.policy), rollouts, settings);
      const gradient = ordered(grads);
      const length = norm(gradient);
      expect(length).toBeGreaterThan(adam.maxNorm);
      state = update(
        state,
        gradient,
        decays,
        { ...adam, eps: adam.epsilon, anchorMomentum },
        step,
        clipFactor(length, adam.maxNorm),
      );
      const read = await trainee.read();
      for (const name of ['policy', 'anchor', 'm', 'v'] as const) {
        const expected = back(state[name]);
        agreeByName(named(read[name], trainee.layout), expected, 5e-5);
      }
      const { gradNorm, anchorDistance } = readReport(read.report);
      agree('norm', [gradNorm], [length], 1e-4);
      const apart = state.policy.map((value, i) => value - (state.anchor[i] ?? NaN));
      agree('distance', [anchorDistance], [norm(apart) / norm(state.policy)], 1e-5);
      expect(read.reference).toEqual(flat(referenceWeights, trainee.layout));
    }
    trainee.buffers.destroy();
  });

  test.each([
    { anchorMomentum: 0, sentence: 'momentum 0 makes the anchor the policy, bit for bit' },
    { anchorMomentum: 1, sentence: 'momentum 1 freezes the anchor, bit for bit' },
    { anchorMomentum: null, sentence: 'without momentum the anchor is not touched' },
  ])('$sentence', async ({ anchorMomentum }) => {
    const trainee = new Trainee(gpu, kernels, config, capacityOf(rollouts, all));
    trainee.load({ policy: weights, anchor: referenceWeights, reference: referenceWeights });
    for (let step = 1; step <= 3; step++) {
      await trainee.update(rollouts, true, settings, { ...adam, update: step, anchorMomentum });
    }
    const { policy, anchor } = await trainee.read();
    expect(policy).not.toEqual(flat(weights, trainee.layout));
    expect(anchor).toEqual(anchorMomentum === 0 ? policy : flat(referenceWeights, trainee.layout));
    trainee.buffers.destroy();
  });
});
