import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import {
  baseWeights,
  config,
  expected,
  factorGradients,
  gradients,
  merged,
  startFactors,
  type Factors,
} from '../fixtures/lora.ts';
import { initialState, update } from '../reference/adamw_ema.ts';
import { clipFactor, norm } from '../reference/grad_norm.ts';
import { at } from '../reference/indexing.ts';
import { agree } from './agree.ts';
import { named, still, Trainee } from './trainee.ts';

// A whole small model against losses and gradients that somebody else's implementation gave (tests/fixtures/README.md):
// its adapter is merged into the weights, and the device's gradient of each weight brought back to the factors.

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

const { batch, settings } = expected;
const rollouts = batch.prompts.flatMap((prompt, p) =>
  (batch.completions[p] ?? []).map((completion, i) => ({
    prompt,
    completion,
    advantage: batch.advantages[p]?.[i] ?? NaN,
    weight: batch.token_weights[p]?.[i] ?? NaN,
    oldLogProbs: null,
    refLogProbs: [],
  })),
);
const loss = {
  temperature: 1,
  clipLow: settings.clip,
  clipHigh: settings.clip,
  klCoefficient: settings.kl_coefficient,
  entropyBonus: 0,
};

const flatten = (of: ReadonlyMap<string, Factors>) =>
  Float64Array.from([...of.values()].flatMap(({ A, B }) => [...A, ...B]));
function unflatten(values: Float64Array): Map<string, Factors> {
  let next = 0;
  return new Map(
    [...startFactors].map(([name, { A, B }]) => [
      name,
      { A: values.slice(next, (next += A.length)), B: values.slice(next, (next += B.length)) },
    ]),
  );
}

describe.each(['refreshed', 'kept'] as const)('old log-probabilities %s', (old) => {
  test('losses, KL, clipped tokens and norms of three steps, and the first gradients, agree', async () => {
    const trainee = new Trainee(gpu, kernels, config, {
      prompts: batch.prompts.length,
      completions: rollouts.length,
      maxPromptLength: Math.max(...rollouts.map(({ prompt }) => prompt.length)),
      maxCompletionLength: Math.max(...rollouts.map(({ completion }) => completion.length)),
      withReference: true,
      withAnchor: false,
    });
    trainee.load({ reference: baseWeights });
    let state = initialState(flatten(startFactors));
    for (const [i, wanted] of expected[old].steps.entries()) {
      const factors = unflatten(state.policy);
      trainee.load({ policy: merged(factors) });
      await trainee.update(rollouts, i === 0 || old === 'refreshed', loss, still);
      const { stat, gradient } = await trainee.read();
      const weights = rollouts.flatMap(({ completion, weight }) => completion.map(() => weight));
      const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
      const weighted = (values: readonly number[]) => sum(values.map((value, t) => value * at(weights, t)));
      agree('loss', [sum(stat('loss'))], [wanted.loss], 5e-6);
      agree('KL', [weighted(stat('k3_reference'))], [wanted.k3], 1e-5);
      expect(sum(stat('clipped'))).toBe(wanted.clipped_tokens);
      const byWeight = named(gradient, trainee.layout);
      const byFactor = flatten(
        new Map(
          [...factors].map(([name, pair]) => [
            name,
            factorGradients(byWeight.get(name) ?? new Float64Array(), pair),
          ]),
        ),
      );
      if (i === 0) agree('gradients', byFactor, flatten(gradients), 2e-5);
      const length = norm(byFactor);
      agree('norm', [length], [wanted.gradient_norm], 2e-5);
      agree('factor', [clipFactor(length, settings.max_norm)], [wanted.clip_factor], 2e-5);
      state = update(
        state,
        byFactor,
        new Float64Array(byFactor.length),
        {
          learningRate: settings.learning_rate,
          beta1: settings.beta1,
          beta2: settings.beta2,
          eps: settings.epsilon,
          weightDecay: settings.weight_decay,
          anchorMomentum: 1,
        },
        i + 1,
        clipFactor(length, settings.max_norm),
      );
    }
    trainee.buffers.destroy();
  });
});
