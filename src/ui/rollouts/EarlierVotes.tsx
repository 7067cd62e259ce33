import { useContext } from 'react';
import type { EarlierVote, ShownGroup } from '../../session/protocol.ts';
import { watchRollouts } from '../../store/actions.ts';
import { pin } from '../../store/view.ts';
import { LabContext } from '../useStore.ts';

interface Props {
  readonly group: ShownGroup;
  readonly truthHidden: boolean;
}

/** How the same prompt was voted on before, where it was: a press leads to that step. */
export function EarlierVotes({ group: { earlier }, truthHidden }: Props) {
  const shown = useContext(LabContext);
  if (earlier.length === 0) return null;
  return (
    <table className="earlier">
      <caption>the same prompt before</caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">step</th>
          <th scope="col">pseudo-label</th>
          <th scope="col">share of the votes</th>
          <th scope="col">truth</th>
        </tr>
      </thead>
      <tbody>
        {earlier.map((vote) => (
          <tr key={vote.step}>
            <td>
              <button
                type="button"
                className="quiet"
                onClick={() => {
                  pin(vote.step);
                  watchRollouts({ step: vote.step, prompt: vote.index }, shown);
                }}
              >
                {`step ${String(vote.step)}`}
              </button>
            </td>
            <td>{vote.pseudoLabel === null ? <em>none</em> : <code>{vote.pseudoLabel}</code>}</td>
            <td className="number-cell">
              {Number.isNaN(vote.agreement) ? '' : `${String(Math.round(100 * vote.agreement))} %`}
            </td>
            <td className="roles">{truthHidden ? '' : inWords(vote)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function inWords({ right }: EarlierVote): string {
  return right === null ? '' : right ? '✓ right' : '✗ wrong';
}
