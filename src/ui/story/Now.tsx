import { useContext } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { ShownGroup } from '../../session/protocol.ts';
import { watchRollouts } from '../../store/actions.ts';
import { tally } from '../rollouts/votes.ts';
import { LaneName } from '../LaneName.tsx';
import { LabContext, useLab, useView } from '../useStore.ts';

/** What the model does at the step shown: one prompt, and how the rollouts of each lane answer it. */
export function Now() {
  const shown = useContext(LabContext);
  const names = useLab(useShallow(({ lanes }) => lanes.map(({ name }) => name)));
  const slots = useLab(useShallow(({ lanes }) => lanes.map(({ slot }) => slot)));
  const groups = useLab(useShallow(({ lanes }) => lanes.map(({ group }) => group)));
  const truthHidden = useView((state) => state.truthHidden);
  const first = groups.find((group) => group !== null);
  const count = first?.flags.length ?? 0;
  const turn = (by: number): void => {
    if (first !== undefined) watchRollouts({ prompt: (first.index + by + count) % count }, shown);
  };
  return (
    <section className="now card" aria-labelledby="now-title">
      <header>
        <h2 id="now-title">What the model does</h2>
        <span className="unit">{first === undefined ? '' : `step ${String(first.step)}`}</span>
        <span className="buttons">
          <button
            type="button"
            className="quiet"
            aria-label="Another prompt of the step: the one before"
            disabled={count < 2}
            onClick={() => {
              turn(-1);
            }}
          >
            ‹
          </button>
          <button
            type="button"
            className="quiet"
            aria-label="Another prompt of the step: the next"
            disabled={count < 2}
            onClick={() => {
              turn(1);
            }}
          >
            ›
          </button>
        </span>
      </header>
      {first === undefined ? (
        <p className="unit">With the first step: a prompt, and what the rollouts of each lane answer.</p>
      ) : (
        <>
          <p className="now-prompt">
            <code title={first.prompt}>{first.prompt}</code>
            <span className="unit">{rightAnswer(first, truthHidden)}</span>
          </p>
          <ul>
            {groups.map((group, index) => (
              <li key={slots[index]} className={`lane-${String(slots[index])}`}>
                <Answers name={names[index] ?? ''} group={group} truthHidden={truthHidden} />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function rightAnswer({ solution }: ShownGroup, truthHidden: boolean): string {
  if (truthHidden) return 'truth is hidden';
  return solution === null ? 'nobody knows the answer' : `right: ${solution}`;
}

interface AnswersProps {
  readonly name: string;
  readonly group: ShownGroup | null;
  readonly truthHidden: boolean;
}

/** Characters of an answer take so much of the bar's width, in percent. */
const characterShare = 2.6;

/** How the voters of a prompt answered: a bar, the most frequent answer first, and the winner in words. */
function Answers({ name, group, truthHidden }: AnswersProps) {
  const tallies = group === null ? [] : tally(group);
  const total = tallies.reduce((sum, { policy, anchor }) => sum + policy + anchor, 0);
  const percent = 100 / Math.max(1, total);
  const parts = tallies.map(({ answer, policy, anchor }, place) => {
    const before = tallies.slice(0, place).reduce((sum, each) => sum + each.policy + each.anchor, 0);
    return { answer, votes: policy + anchor, share: percent * (policy + anchor), from: percent * before };
  });
  const label = group?.pseudoLabel ?? null;
  const winner = parts.find(({ answer }) => answer === label && label !== null);
  const verdict =
    group === null || winner === undefined || truthHidden || group.solution === null
      ? null
      : winner.answer === group.solution;
  return (
    <>
      <p className="now-lane">
        <span className="swatch" aria-hidden="true" />
        <LaneName name={name} />
        <span>
          {group === null
            ? 'nothing yet'
            : winner === undefined
              ? 'no pseudo-label'
              : `${String(winner.votes)} of ${String(total)} say ${winner.answer ?? ''}`}
        </span>
        <span className={verdict === true ? 'is-right' : 'is-wrong'}>
          {verdict === null ? '' : verdict ? '✓ right' : '✗ wrong'}
        </span>
      </p>
      {/* A picture, not boxes: what moves in it is no shift of the layout. */}
      <svg className="now-bar" aria-hidden="true">
        {parts.map(({ answer, share, from }, place) => (
          <g key={place} className={answer === null ? 'none' : answer === label ? 'winner' : 'other'}>
            <rect x={`${String(from)}%`} width={`${String(share)}%`} height="100%" />
            {answer !== null && share > characterShare * (answer.length + 1) ? (
              <text x={`${String(from + share / 2)}%`} y="50%" textAnchor="middle" dominantBaseline="central">
                {answer}
              </text>
            ) : null}
          </g>
        ))}
      </svg>
    </>
  );
}
