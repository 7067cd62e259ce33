import type { Group, PseudoLabel, Rollout } from '../spec/group.ts';

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
