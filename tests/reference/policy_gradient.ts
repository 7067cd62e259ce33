import { at } from './indexing.ts';
import * as logSoftmax from './log_softmax.ts';
import { forward, layRows } from './model.ts';
import { forwardBackward, type PolicyLossSettings } from './policy_loss.ts';
import type { Qwen3Config, Weights } from './weights.ts';

/** One completion to train on. L = completion length. */
export interface TrainedRollout {
  /** Token ids. */
  readonly prompt: readonly number[];
  /** Token ids, [L], end token included. */
  readonly completion: readonly number[];
  readonly advantage: number;
  /** Aggregation weight of each of its tokens; 0 leaves the rollout out. */
  readonly weight: number;
  /** [L]; null on-policy. All rollouts of a batch or none. */
  readonly oldLogProbs: readonly number[] | null;
  /** [L] */
  readonly refLogProbs: readonly number[];
}

export interface PolicyGradient {
  /** Summed over all tokens, weights included. */
  readonly loss: number;
  /** Completion tokens, rollout after rollout, nats. */
  readonly logProb: Float64Array;
  readonly entropy: Float64Array;
  readonly klReference: Float64Array;
  readonly clipped: Float64Array;
  /** Every token of prompt and completion, rollout after rollout, [tokens, V]. */
  readonly logits: Float64Array;
  /** By Hugging Face name. */
  readonly grads: Map<string, Float64Array>;
}

type Completed = Pick<TrainedRollout, 'prompt' | 'completion'>;

/**
 * The row that scores each completion token, rollout after rollout: the logits at row p score the token at p + 1, so
 * a completion is scored from its prompt's last row to its own last but one. Each rollout carries its own copy of
 * the prompt.
 */
function scoringRows(rollouts: readonly Completed[]): number[] {
  const scoring: number[] = [];
  let start = 0;
  for (const { prompt, completion } of rollouts) {
    completion.forEach((_, t) => scoring.push(start + prompt.length - 1 + t));
    start += prompt.length + completion.length;
  }
  return scoring;
}

/** ln π, entropy and self-certainty at every completion token, rollout after rollout, nats. */
export function scores(
  config: Qwen3Config,
  weights: Weights,
  rollouts: readonly Completed[],
  temperature: number,
): { logProb: Float64Array; entropy: Float64Array; selfCertainty: Float64Array } {
  const V = config.vocab_size;
  const { logits } = forward(config, weights, layRows(rollouts.map((r) => [...r.prompt, ...r.completion])));
  return logSoftmax.forward(
    scoringRows(rollouts).flatMap((row) => [...logits.slice(row * V, (row + 1) * V)]),
    rollouts.flatMap((r) => r.completion),
    V,
    temperature,
  );
}

/** Loss and gradient of docs/algorithm.md, step 7, for whole rollouts. */
export function policyGradient(
  config: Qwen3Config,
  weights: Weights,
  rollouts: readonly TrainedRollout[],
  settings: PolicyLossSettings,
): PolicyGradient {
  const V = config.vocab_size;
  const pass = forward(config, weights, layRows(rollouts.map((r) => [...r.prompt, ...r.completion])));
  const scoring = scoringRows(rollouts);
  const perToken = <T>(of: (rollout: TrainedRollout) => T): T[] =>
    rollouts.flatMap((rollout) => rollout.completion.map(() => of(rollout)));
  const old = rollouts.flatMap((r) => r.oldLogProbs ?? []);
  const scored = forwardBackward(
    {
      logits: scoring.flatMap((row) => [...pass.logits.slice(row * V, (row + 1) * V)]),
      targets: rollouts.flatMap((r) => r.completion),
      advantages: perToken((r) => r.advantage),
      weights: perToken((r) => r.weight),
      oldLogProbs: old.length === 0 ? null : old,
      refLogProbs: rollouts.flatMap((r) => r.refLogProbs),
      anchorLogProbs: null,
    },
    V,
    settings,
  );
  const dlogits = new Float64Array(pass.logits.length);
  scoring.forEach((row, i) => {
    for (let j = 0; j < V; j++) dlogits[row * V + j] = at(scored.dlogits, i * V + j);
  });
  return {
    loss: scored.loss.reduce((sum, value) => sum + value, 0),
    logProb: scored.logProb,
    entropy: scored.entropy,
    klReference: scored.klReference,
    clipped: scored.clipped,
    logits: pass.logits,
    grads: pass.backward(dlogits),
  };
}
