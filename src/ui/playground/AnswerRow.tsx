import { useState } from 'react';
import type { Side } from '../../session/protocol.ts';
import type { Offer } from '../../store/nextToken.ts';
import { type Answer, goOnFrom } from '../../store/playground.ts';
import { shownPiece } from '../rollouts/pieces.ts';

/** The answer of one model, and what it could have written in the place of the token that was pressed. */
export function AnswerRow({ side, answer }: { readonly side: Side; readonly answer: Answer }) {
  const [open, setOpen] = useState<number | null>(null);
  const { step, written, state } = answer;
  const token = open === null ? undefined : written[open];
  return (
    <div className="answer" role="group" aria-label={side}>
      <p className="of">
        {side}
        <span className="unit">{side === 'base' || step === null ? '' : `step ${step}`}</span>
      </p>
      <p className="written">
        {written.map(({ chosen }, at) => (
          <button
            key={at}
            type="button"
            className="offer"
            aria-expanded={open === at}
            aria-label={`${shownPiece(chosen.piece)}, ${percent(chosen)}`}
            onClick={() => {
              setOpen(open === at ? null : at);
            }}
          >
            <code>{shownPiece(chosen.piece)}</code>
            <span>{percent(chosen)}</span>
          </button>
        ))}
        <span className="state" role="status">
          {typeof state === 'string' ? words[state] : `${state.sentence} ${state.remedy}`}
        </span>
      </p>
      {open === null || token === undefined ? null : (
        <p className="others">
          <span>in place of {shownPiece(token.chosen.piece)}:</span>
          {token.others.map((other) => (
            <button
              key={other.id}
              type="button"
              className="offer"
              aria-label={`Go on from ${shownPiece(other.piece)}, ${percent(other)}`}
              onClick={() => {
                setOpen(null);
                goOnFrom(side, open, other);
              }}
            >
              <code>{shownPiece(other.piece)}</code>
              <span>{percent(other)}</span>
            </button>
          ))}
        </p>
      )}
    </div>
  );
}

const words: Readonly<Record<Extract<Answer['state'], string>, string>> = {
  loading: 'The model is being loaded …',
  writing: '…',
  ended: '',
  cut: 'cut at the longest completion',
};

function percent({ probability }: Offer): string {
  const share = 100 * probability;
  if (share >= 99.95) return '100 %';
  return share < 0.1 ? '< 0.1 %' : `${share.toFixed(share < 10 ? 1 : 0)} %`;
}
