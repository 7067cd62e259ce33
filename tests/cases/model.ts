import { at } from '../reference/indexing.ts';
import { policyGradient, type PolicyGradient, type TrainedRollout } from '../reference/policy_gradient.ts';
import type { PolicyLossSettings } from '../reference/policy_loss.ts';
import { createRandom, type Random } from '../reference/random.ts';
import { randomWeights, type Qwen3Config, type Weights } from '../reference/weights.ts';

/** A whole model, a batch of rollouts, and the oracle's logits, statistics and gradients. */
export interface ModelCase {
  readonly name: string;
  readonly config: Qwen3Config;
  /** By Hugging Face name; numbers that float32 holds exactly. */
  readonly weights: Weights;
  /** The frozen model that `refLogProbs` come from. */
  readonly referenceWeights: Weights;
  /** The policy that sampled, where `oldLogProbs` come from; null on-policy. */
  readonly oldWeights: Weights | null;
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
  const unscored: TrainedRollout[] = bare.map((rollout, i) => ({
    ...rollout,
    advantage: Math.fround(random.normal()),
    // The third rollout was dropped by the filter.
    weight: i === 2 ? 0 : Math.fround(1 / tokens),
    oldLogProbs: null,
    refLogProbs: rollout.completion.map(() => 0),
  }));
  const logProbsOf = (of: Weights): number[] => [...policyGradient(config, of, unscored, settings).logProb];
  const referenceWeights = moved(weights, random);
  const reference = logProbsOf(referenceWeights);
  const current = logProbsOf(weights);
  // Clear of the clip edges, where rounding could choose the side.
  const edges = [Math.log(1 - settings.clipLow), Math.log(1 + settings.clipHigh), Math.log(3)];
  const clear = (old: readonly number[]) =>
    old.every((value, i) => edges.every((edge) => Math.abs(at(current, i) - value - edge) > 2e-3));
  let oldWeights: Weights | null = null;
  let old: number[] | null = null;
  while (!batch.onPolicy && (old === null || !clear(old))) {
    oldWeights = moved(weights, random);
    old = logProbsOf(oldWeights);
  }
  let next = 0;
  const rollouts = unscored.map((rollout): TrainedRollout => {
    const from = next;
    next += rollout.completion.length;
    return {
      ...rollout,
      oldLogProbs: old?.slice(from, next) ?? null,
      refLogProbs: reference.slice(from, next),
    };
  });
  const expected = policyGradient(config, weights, rollouts, settings);
  return {
    name,
    config,
    weights,
    referenceWeights,
    oldWeights,
    rollouts,
    settings,
    expected,
    tolerance: 1e-5,
  };
}

/** Weights some updates away: log-probabilities differ by a few tenths. */
function moved(weights: Weights, random: Random): Weights {
  return new Map(
    [...weights].map(([name, x]) => [name, x.map((value) => Math.fround(value + 0.03 * random.normal()))]),
  );
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
