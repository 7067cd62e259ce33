import type { ReactNode } from 'react';
import { tally, type Voted } from './votes.ts';

interface Props {
  readonly group: Voted;
  readonly truthHidden: boolean;
  /** In place of how many rollouts voted on which prompt. */
  readonly caption?: ReactNode;
  /** What the answer with the most votes is called. */
  readonly winner?: string;
}

/** The vote of one prompt: a bar per answer, policy filled and anchor hatched; winner and truth named. */
export function VoteBars({ group, truthHidden, caption, winner = 'pseudo-label' }: Props) {
  const tallies = tally(group);
  const most = Math.max(1, ...tallies.map(({ policy, anchor }) => policy + anchor));
  const policies = tallies.reduce((sum, { policy }) => sum + policy, 0);
  const anchors = tallies.reduce((sum, { anchor }) => sum + anchor, 0);
  const unanswered =
    !truthHidden && group.solution !== null && tallies.every(({ answer }) => answer !== group.solution);
  const rows = unanswered ? [...tallies, { answer: group.solution, policy: 0, anchor: 0 }] : tallies;
  return (
    <table className="votes">
      <caption>
        {caption ?? (
          <>
            {anchors === 0
              ? `vote of ${policies} policy rollouts on `
              : `vote of ${policies} policy + ${anchors} anchor rollouts on `}
            <code>{group.prompt}</code>
          </>
        )}
      </caption>
      <colgroup>
        <col className="answer" />
        <col />
        <col className="count" />
        <col className="role" />
      </colgroup>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">answer</th>
          <th scope="col">bar</th>
          <th scope="col">{anchors === 0 ? 'votes' : 'policy + anchor'}</th>
          <th scope="col">role</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ answer, policy, anchor }, place) => {
          const roles = rolesOf(answer, group, truthHidden, winner);
          return (
            <tr key={place} data-winner={answer !== null && answer === group.pseudoLabel}>
              <td>{answer === null ? <em>none</em> : <code>{answer}</code>}</td>
              <td className="vote-bar" aria-hidden="true">
                <span className="policy" style={{ width: `${(policy / most) * 100}%` }} />
                <span className="anchor" style={{ width: `${(anchor / most) * 100}%` }} />
              </td>
              <td className="number-cell">{anchors === 0 ? policy : `${policy} + ${anchor}`}</td>
              <td className="roles">{roles.join(' · ')}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function rolesOf(
  answer: string | null,
  group: Voted,
  truthHidden: boolean,
  winner: string,
): readonly string[] {
  if (answer === null) return [];
  return [
    ...(answer === group.pseudoLabel ? [winner] : []),
    ...(!truthHidden && answer === group.solution ? ['truth'] : []),
  ];
}
