import { decode } from '../tasks/vocabulary.ts';
import type { ShownGroup } from './protocol.ts';
import type { StepDecisions } from './trainer.ts';

/** One prompt of a step as the page's table shows it; null where there is no such prompt. */
export function shownGroup(decisions: StepDecisions, step: number, index: number): ShownGroup | null {
  const { groups, problems, filters, labels, rewards, advantages } = decisions;
  const at = Math.min(index, groups.length - 1);
  const group = groups[at];
  const problem = problems[at];
  if (group === undefined || problem === undefined) return null;
  return {
    step,
    prompt: group.prompt,
    index: at,
    count: groups.length,
    pseudoLabel: labels[at]?.answer ?? null,
    solution: problem.solution,
    threshold: filters[at]?.threshold ?? NaN,
    // The pool lists the policy's rollouts first, so the index of a policy rollout is its own.
    rollouts: group.rollouts.map((rollout, i) => ({
      source: rollout.source,
      completion: decode(rollout.tokens),
      answer: rollout.answer,
      reward: rollout.source === 'policy' ? (rewards[at]?.[i] ?? null) : null,
      advantage: rollout.source === 'policy' ? (advantages[at]?.[i] ?? null) : null,
      meanEntropy: rollout.meanEntropy,
      entropies: [...rollout.entropies],
      kept: filters[at]?.kept[i] ?? true,
    })),
  };
}
