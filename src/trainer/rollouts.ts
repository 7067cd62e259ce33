import { algorithmOf } from '../algorithms/index.ts';
import type { RolloutRequest } from '../engine/rollout/call.ts';
import type { Completion } from '../engine/rollout/sampler.ts';
import { purposes } from '../lib/philox.ts';
import { mean } from '../lib/stats.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { Pool } from '../spec/algorithm.ts';
import type { Group, Rollout, RolloutSource } from '../spec/group.ts';
import type { Problem, Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';

/** The rollouts of a step: what the rules see, and what is only watched. Lists are per prompt, [B]. */
export interface RolledBatch {
  readonly problems: readonly Problem[];
  readonly groups: readonly Group[];
  readonly shadow: readonly (readonly Rollout[])[];
}

/** Rollouts per prompt: those of the group, and those of an anchor that are only watched. */
export interface RolloutCounts extends Pool {
  readonly shadow: number;
}

/** How a group is shared out; an algorithm with an anchor of its own needs no shadow. */
export function rolloutCounts(settings: Settings): RolloutCounts {
  const { anchor, pool } = algorithmOf(settings.algorithm);
  const shadow = anchor === 'none' && settings.monitorAnchor ? settings.monitorRollouts : 0;
  return { ...pool(settings), shadow };
}

/** Rollout numbers leave room for the largest group, so that a prompt's randomness does not depend on it. */
const rolloutsPerPrompt = 1024;

/** Prompts of a step leave room for those that are drawn in the place of others. */
const promptsPerTry = 64;

/**
 * What to sample for B prompts: the policy's M + V each, then the anchor's N, then the shadow's.
 * @param tries how often prompts were drawn anew in this step
 */
export function requestsFor(
  prompts: number,
  counts: RolloutCounts,
  temperature: number,
  tries = 0,
): RolloutRequest[] {
  const each = (count: number, model: RolloutRequest['model'], purpose: number): RolloutRequest[] =>
    Array.from({ length: prompts }, (_, prompt) =>
      Array.from({ length: count }, (__, i) => ({
        prompt,
        model,
        temperature,
        rollout: (tries * promptsPerTry + prompt) * rolloutsPerPrompt + i,
        purpose,
      })),
    ).flat();
  return [
    ...each(counts.M + counts.V, 'policy', purposes.policyRollout),
    ...each(counts.N, 'anchor', purposes.anchorRollout),
    ...each(counts.shadow, 'anchor', purposes.shadowRollout),
  ];
}

/** Sorts completions, in the order of `requestsFor`, into groups. */
export function groupRollouts(
  problems: readonly Problem[],
  counts: RolloutCounts,
  completions: readonly Completion[],
  task: Task,
  tokenizer: Tokenizer,
): RolledBatch {
  const ofPolicy = counts.M + counts.V;
  const anchors = problems.length * ofPolicy;
  const shadows = anchors + problems.length * counts.N;
  /** Those of a prompt, of `count` of each from `start` on. */
  const slice = (start: number, count: number, b: number, sourceOf: (i: number) => RolloutSource) =>
    completions
      .slice(start + b * count, start + (b + 1) * count)
      .map((completion, i) => toRollout(completion, sourceOf(i), problems[b]?.prompt ?? '', task, tokenizer));
  return {
    problems,
    groups: problems.map(({ prompt }, b) => ({
      prompt,
      rollouts: [
        ...slice(0, ofPolicy, b, (i) => (i < counts.M ? 'policy' : 'voter')),
        ...slice(anchors, counts.N, b, () => 'anchor'),
      ],
    })),
    shadow: problems.map((_, b) => slice(shadows, counts.shadow, b, () => 'anchor')),
  };
}

/** The answer of a completion: null when truncated or unparsable. */
export function answerOf(
  { tokens, truncated }: Pick<Completion, 'tokens' | 'truncated'>,
  prompt: string,
  task: Task,
  tokenizer: Tokenizer,
): string | null {
  return truncated ? null : task.parseAnswer(tokenizer.decode(tokens), prompt);
}

function toRollout(
  completion: Completion,
  source: RolloutSource,
  prompt: string,
  task: Task,
  tokenizer: Tokenizer,
): Rollout {
  const { tokens, truncated, logProbs, entropies, selfCertainties } = completion;
  return {
    source,
    tokens,
    truncated,
    answer: answerOf(completion, prompt, task, tokenizer),
    logProbs,
    entropies,
    meanEntropy: mean(entropies),
    selfCertainty: mean(selfCertainties),
  };
}
