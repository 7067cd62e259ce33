import type { Kept, RuleSettings } from '../spec/algorithm.ts';
import type { Group, PseudoLabel } from '../spec/group.ts';

/** The most frequent answer of a list and its votes. */
export interface Plurality {
  /** Null when no rollout answered. */
  readonly answer: string | null;
  readonly votes: number;
  /** True when another answer had as many votes. */
  readonly tied: boolean;
  /** Different answers, and rollouts that answered at all. */
  readonly distinct: number;
  readonly parsed: number;
}

/** Counts answers; nulls never count. Of tied answers the one met first wins. */
export function plurality(answers: readonly (string | null)[]): Plurality {
  const counts = new Map<string, number>();
  let parsed = 0;
  for (const answer of answers) {
    if (answer === null) continue;
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    parsed++;
  }
  let best: string | null = null;
  let votes = 0;
  let tied = false;
  // A Map lists keys in the order they were first met, so `>` lets the first of equals stand.
  for (const [answer, count] of counts) {
    if (count > votes) [best, votes, tied] = [answer, count, false];
    else if (count === votes) tied = true;
  }
  return { answer: best, votes, tied, distinct: counts.size, parsed };
}

/**
 * The most frequent answer among the voters, policy before anchor in a tie.
 * @param voters who may vote, [G]
 * @returns no label when nobody answered, or the winner's share of parsed answers is below `minVoteShare`
 * @source arXiv 2512.13070; tie rule as the released code's counter
 */
export function majorityVote(group: Group, voters: Kept, settings: RuleSettings): PseudoLabel {
  const answers = group.rollouts.filter((_, i) => voters[i]).map(({ answer }) => answer);
  const { answer, votes, tied, parsed } = plurality(answers);
  if (answer === null || votes / parsed < settings.minVoteShare) return noLabel();
  return { answer, agreement: votes / answers.length, tied };
}

/** For algorithms whose reward needs no label. */
export function noLabel(): PseudoLabel {
  return { answer: null, agreement: NaN, tied: false };
}

/** The oracle's label: the solution, with the share of rollouts that gave it. */
export function solutionLabel(group: Group, solution: string): PseudoLabel {
  const right = group.rollouts.filter(({ answer }) => answer === solution).length;
  return { answer: solution, agreement: right / group.rollouts.length, tied: false };
}
