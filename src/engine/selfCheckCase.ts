import { keyOf, philox4x32, purposes, randomReals } from '../lib/philox.ts';
import type { ModelConfig } from '../model/config.ts';
import { layoutOf } from '../model/layout.ts';
import type { OptimizerSettings } from './optimizer.ts';
import { models, type ModelName } from './parameters.ts';
import type { RolloutRequest } from './rollout/call.ts';
import { packRows, type TrainingGroup } from './rows.ts';
import type { LossSettings } from './update.ts';

/** As small as every branch of every kernel allows; odd in what may be odd. */
const config: ModelConfig = {
  model_type: 'qwen3',
  hidden_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  intermediate_size: 20,
  vocab_size: 11,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: false,
};
const layout = layoutOf(config);

/** Any seed will do: answers are stored for this one. */
const seed = 20_251_213;

/** `count` uniform numbers in (−spread, spread) of a stream of their own. */
function uniform(count: number, stream: number, spread: number): number[] {
  const real = randomReals(seed, 'initialisation', stream);
  return Array.from({ length: count }, () => spread * (2 * real() - 1));
}

/** Policy, and two models somewhat beside it, [layout.size] each. */
function weightsOf(model: ModelName): Float32Array<ArrayBuffer> {
  const values = new Float32Array(layout.size);
  const own = models.indexOf(model);
  layout.tensors.forEach(({ shape, offset, length }, index) => {
    const [, inputs] = shape;
    const centre = inputs === undefined ? 1 : 0;
    const spread = inputs === undefined ? 0.4 : Math.sqrt(3 / inputs);
    const shared = uniform(length, index, spread);
    const apart = uniform(length, 100 * own + index, own === 0 ? 0 : 0.3 * spread);
    values.set(
      shared.map((value, i) => centre + value + (apart[i] ?? NaN)),
      offset,
    );
  });
  return values;
}

const groups: readonly TrainingGroup[] = [
  {
    prompt: [1, 2, 3],
    completions: [
      { tokens: [5, 6, 7], advantage: 0.9, weight: 0.5 },
      { tokens: [8], advantage: -1.2, weight: 0.7 },
    ],
  },
  {
    prompt: [4],
    completions: [
      { tokens: [9, 10, 1], advantage: -0.6, weight: 0.4 },
      { tokens: [2, 3], advantage: 1, weight: 0 },
    ],
  },
];

const loss: LossSettings = {
  temperature: 0.9,
  clipLow: 0.2,
  clipHigh: 0.28,
  klCoefficient: 0.1,
  entropyBonus: 0.02,
};

const optimizer: OptimizerSettings = {
  update: 3,
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.99,
  // Large, so that parameters without much of a gradient are not moved by its rounding.
  epsilon: 0.05,
  weightDecay: 0.1,
  maxNorm: 1,
  anchorMomentum: 0.7,
};

const prompts: readonly (readonly number[])[] = [[1, 2, 3], [4]];
const sampling = { seed, step: 2 };
const both: readonly RolloutRequest['model'][] = ['policy', 'anchor'];
const requests: readonly RolloutRequest[] = both.flatMap((model) =>
  [0, 0.9].flatMap((temperature) =>
    prompts.map((_, prompt) => ({
      prompt,
      model,
      temperature,
      rollout: prompt,
      purpose: purposes[`${model}Rollout`],
    })),
  ),
);

/**
 * What the self-check computes: a fixed model, a batch with prefix sharing and ratios on both sides of the clip
 * range, an optimiser in its third update, greedy and sampled rollouts of two models.
 */
export function selfCheckCase() {
  const [batch] = packRows(groups, 64);
  if (batch === undefined) throw new RangeError('The self-check has no rows.');
  return {
    config,
    layout,
    weights: { policy: weightsOf('policy'), anchor: weightsOf('anchor'), reference: weightsOf('reference') },
    groups,
    batch,
    /** ln π under which the completions were sampled, as far as the loss is told, [rows]. */
    oldLogProb: Float32Array.from({ length: batch.rows }, (_, row) => -1.5 - 0.35 * (row % 6)),
    loss,
    optimizer,
    moments: {
      m: Float32Array.from(uniform(layout.size, 901, 0.02)),
      v: Float32Array.from(uniform(layout.size, 902, 0.005), (value) => 0.005 + value),
    },
    rollout: { prompts, requests, sampling, maxPromptLength: 3, maxCompletionLength: 4, endToken: 0 },
  };
}

/** The uniform number that shaders/rollout/sample draws for a token of a request. */
export function uniformOf({ rollout, purpose }: RolloutRequest, position: number): number {
  const [word] = philox4x32([position, rollout, sampling.step, purpose], keyOf(sampling.seed));
  return (word >>> 8) / 2 ** 24;
}
