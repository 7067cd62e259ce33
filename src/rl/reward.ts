import type { RandomInteger } from '../lib/philox.ts';
import type { Group, PseudoLabel, Rollout } from '../spec/group.ts';
import { plurality } from './vote.ts';

/** The policy's rollouts of a group, [M]; they come first in the pool. */
export function policyRollouts(group: Group): readonly Rollout[] {
  return group.rollouts.filter(({ source }) => source === 'policy');
}

/** 1 for the label's answer, 0 for another or none, NaN without a label, [M]. */
export function matchLabel(group: Group, label: PseudoLabel): readonly number[] {
  return policyRollouts(group).map(({ answer }) =>
    label.answer === null ? NaN : Number(answer === label.answer),
  );
}

/**
 * Mean over tokens of KL(U‖π), nats, [M]: certain rollouts are rewarded, no label is asked for.
 * @source arXiv 2505.19590
 */
export function selfCertainty(group: Group): readonly number[] {
  return policyRollouts(group).map((rollout) => rollout.selfCertainty);
}

/**
 * −H_i, minus the mean token entropy, nats, [M]: certain rollouts are rewarded, no label is asked for.
 * @source arXiv 2505.22660
 */
export function negativeEntropy(group: Group): readonly number[] {
  return policyRollouts(group).map(({ meanEntropy }) => -meanEntropy);
}

/**
 * Share of the group's parsed answers that are the rollout's own, 0 without an answer, [M].
 * @source arXiv 2504.05812, with an answer's equality as its meaning
 */
export function voteShare({ rollouts, ...group }: Group): readonly number[] {
  const parsed = rollouts.flatMap(({ answer }) => answer ?? []);
  return policyRollouts({ rollouts, ...group }).map(({ answer }) =>
    answer === null ? 0 : parsed.filter((other) => other === answer).length / parsed.length,
  );
}

/**
 * 1 for a rollout whose answer wins the vote of all others, 0 otherwise, in a tie too, [M]: nobody pays itself.
 * @source as described for TTRL's votes (arXiv 2504.16084) in SPINE
 */
export function matchOthers(group: Group): readonly number[] {
  return policyRollouts(group).map(({ answer }, own) => {
    const others = group.rollouts.filter((_, i) => i !== own);
    const { answer: elected, tied } = plurality(others.map((rollout) => rollout.answer));
    return Number(answer !== null && !tied && answer === elected);
  });
}

/** Whether what has a probability happens, by one draw of 2⁻³² steps. */
export function happens(probability: number, random: RandomInteger): boolean {
  return random(2 ** 32) < probability * 2 ** 32;
}
