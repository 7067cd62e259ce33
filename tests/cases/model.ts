import { at } from '../reference/indexing.ts';
import { policyGradient, type PolicyGradient, type TrainedRollout } from '../reference/policy_gradient.ts';
import type { PolicyLossSettings } from '../reference/policy_loss.ts';
import { createRandom } from '../reference/random.ts';
import { randomWeights, type Qwen3Config } from '../reference/weights.ts';

/** A whole model, a batch of rollouts, and the oracle's logits, statistics and gradients. */
export interface ModelCase {
  readonly name: string;
  readonly config: Qwen3Config;
  /** By Hugging Face name; numbers that float32 holds exactly. */
  readonly weights: ReadonlyMap<string, Float64Array>;
  /** Rollouts of one prompt lie beside each other, so that a caller may share it. */
  readonly rollouts: readonly TrainedRollout[];
  readonly settings: PolicyLossSettings;
  readonly expected: PolicyGradient;
  readonly tolerance: number;
}

interface Batch {
  /** Prompt lengths, and of each prompt the completion lengths. */
  readonly prompts: readonly { readonly length: number; readonly completions: readonly number[] }[];
  readonly onPolicy: boolean;
}

function build(
  name: string,
  seed: number,
  config: Qwen3Config,
  settings: PolicyLossSettings,
  batch: Batch,
): ModelCase {
  const random = createRandom(seed);
  const V = config.vocab_size;
  const weights = randomWeights(config, random);
  const bare = batch.prompts.flatMap(({ length, completions }) => {
    const prompt = [...random.integers(length, V)];
    return completions.map((L) => ({ prompt, completion: [...random.integers(L, V)] }));
  });
  const tokens = bare.reduce((sum, { completion }) => sum + completion.length, 0);
  const unshifted: TrainedRollout[] = bare.map((rollout, i) => ({
    ...rollout,
    advantage: Math.fround(random.normal()),
    // The third rollout was dropped by the filter.
    weight: i === 2 ? 0 : Math.fround(1 / tokens),
    oldLogProbs: null,
    refLogProbs: rollout.completion.map(() => 0),
  }));
  const { logProb } = policyGradient(config, weights, unshifted, settings);
  let next = 0;
  const rollouts = unshifted.map((rollout): TrainedRollout => {
    const current = rollout.completion.map(() => at(logProb, next++));
    // Shifts of 0.15 or 0.5 keep clear of the clip edges at ±0.2, where rounding could choose the side.
    const shift = (): number => (random.uniform() < 0.5 ? -1 : 1) * (random.uniform() < 0.5 ? 0.15 : 0.5);
    return {
      ...rollout,
      oldLogProbs: batch.onPolicy ? null : current.map((value) => Math.fround(value + shift())),
      refLogProbs: current.map((value) => Math.fround(value + 0.3 * random.normal())),
    };
  });
  const expected = policyGradient(config, weights, rollouts, settings);
  return { name, config, weights, rollouts, settings, expected, tolerance: 1e-5 };
}

const lab: Qwen3Config = {
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  intermediate_size: 64,
  vocab_size: 23,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
};
const paper = { temperature: 1.1, clipLow: 0.2, clipHigh: 0.2, klCoefficient: 0.005, entropyBonus: 0 };
const everything = { temperature: 0.9, clipLow: 0.2, clipHigh: 0.28, klCoefficient: 0.3, entropyBonus: 0.05 };

export const modelCases: readonly ModelCase[] = [
  build('sort-32’s shape, the paper’s settings, two groups of different prompt lengths', 1301, lab, paper, {
    prompts: [
      { length: 6, completions: [7, 3, 5, 7] },
      { length: 4, completions: [2, 10, 1] },
    ],
    onPolicy: true,
  }),
  build(
    'untied, odd sizes, one layer, every loss term, off-policy',
    1302,
    {
      ...lab,
      hidden_size: 20,
      num_hidden_layers: 1,
      num_attention_heads: 3,
      num_key_value_heads: 1,
      head_dim: 24,
      intermediate_size: 28,
      vocab_size: 29,
      rope_theta: 500,
      tie_word_embeddings: false,
    },
    everything,
    {
      prompts: [
        { length: 5, completions: [4, 6, 3] },
        { length: 1, completions: [5] },
      ],
      onPolicy: false,
    },
  ),
  build('one rollout of one token from a prompt of one', 1303, lab, everything, {
    prompts: [{ length: 1, completions: [1] }],
    onPolicy: true,
  }),
];
