import { memo } from 'react';
import type { ShownGroup, ShownRollout } from '../../session/protocol.ts';
import type { Settings } from '../../settings/hyperparameters.ts';
import { formatValue } from '../format.ts';
import { EarlierVotes } from './EarlierVotes.tsx';
import { EntropyStrip } from './EntropyStrip.tsx';
import { shownPiece, type Tint, type TokenAt } from './pieces.ts';
import { TokenFormula } from './TokenFormula.tsx';
import { VoteBars } from './VoteBars.tsx';
import { type Fate, fateOf } from './votes.ts';

interface Props {
  readonly group: ShownGroup;
  readonly settings: Settings;
  readonly tint: Tint;
  readonly truthHidden: boolean;
  /** The token whose formula is shown. */
  readonly chosen: TokenAt | null;
  readonly onChoose: (at: TokenAt | null) => void;
}

/** The rollouts of a prompt: their votes and entropies, or the formula of a token; and every completion. */
export function RolloutBody({ group, settings, tint, truthHidden, chosen, onChoose }: Props) {
  return (
    <div className="rollout-body">
      <div className="scroll" tabIndex={0} role="group" aria-label="Vote and entropy">
        {/* Above the bars: there are more or fewer of them at every step. */}
        {chosen === null ? (
          <>
            <EntropyStrip group={group} settings={settings} />
            <VoteBars group={group} truthHidden={truthHidden} />
            <EarlierVotes group={group} truthHidden={truthHidden} />
          </>
        ) : (
          <TokenFormula
            at={chosen}
            onMove={onChoose}
            onClose={() => {
              onChoose(null);
            }}
          />
        )}
      </div>
      <div className="scroll" tabIndex={0} role="group" aria-label="Completions">
        <RolloutTable
          group={group}
          tint={tint}
          truthHidden={truthHidden}
          longest={settings.maxCompletionLength}
          chosen={chosen}
          onChoose={onChoose}
        />
      </div>
    </div>
  );
}

interface TableProps {
  readonly group: ShownGroup;
  readonly tint: Tint;
  readonly truthHidden: boolean;
  /** Tokens of the longest completion there can be. */
  readonly longest: number;
  /** The token whose formula is shown. */
  readonly chosen: TokenAt | null;
  readonly onChoose: (at: TokenAt) => void;
}

const RolloutTable = memo(function RolloutTable({
  group,
  tint,
  truthHidden,
  longest,
  chosen,
  onChoose,
}: TableProps) {
  // Relative to the strongest token shown, or a sharp policy would be all white.
  const strength = strengthOf[tint];
  const most = Math.max(1e-3, ...group.rollouts.flatMap((rollout) => strength(rollout).map(Math.abs)));
  return (
    <table className="completions">
      <colgroup>
        <col className="from" />
        <col style={{ width: `calc(${longest} * (1ch + 3px) + 12px)` }} />
        <col style={{ width: `calc(${longest} * 1ch + 24px)` }} />
        <col className="figure" span={3} />
        <col className="fate" />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">from</th>
          <th scope="col">completion</th>
          <th scope="col">answer</th>
          <th scope="col" className="number-cell">
            reward
          </th>
          <th scope="col" className="number-cell">
            advantage
          </th>
          <th scope="col" className="number-cell" title={thresholdNote(group.threshold)}>
            entropy
          </th>
          <th scope="col">filter</th>
        </tr>
      </thead>
      <tbody>
        {group.rollouts.map((rollout, index) => (
          <RolloutRow
            key={index}
            rollout={rollout}
            fate={fateOf(rollout)}
            tint={tint}
            most={most}
            chosen={chosen?.rollout === index ? chosen.token : null}
            onChoose={(token) => {
              onChoose({ rollout: index, token });
            }}
            right={!truthHidden && rollout.answer !== null && rollout.answer === group.solution}
          />
        ))}
      </tbody>
    </table>
  );
});

interface RowProps {
  readonly rollout: ShownRollout;
  readonly fate: Fate;
  readonly tint: Tint;
  readonly most: number;
  readonly right: boolean;
  readonly chosen: number | null;
  readonly onChoose: (token: number) => void;
}

function RolloutRow({ rollout, fate, tint, most, right, chosen, onChoose }: RowProps) {
  const { source, pieces, answer, reward, advantage, meanEntropy, entropies, logProbs } = rollout;
  const strengths = strengthOf[tint](rollout);
  return (
    <tr data-fate={fate}>
      <td>
        <button
          type="button"
          className="source-button"
          title="The formula of its tokens in the loss"
          onClick={() => {
            onChoose(0);
          }}
        >
          <i className={`source ${source}`} aria-hidden="true" />
          {source}
        </button>
      </td>
      <td>
        {/* By keys the row's button leads to its tokens. */}
        <code
          className="tokens"
          onClick={({ target }) => {
            const at = target instanceof HTMLElement ? target.dataset['token'] : undefined;
            if (at !== undefined) onChoose(Number(at));
          }}
        >
          {pieces.map((piece, index) => (
            <span
              key={index}
              className="token"
              data-token={index}
              data-chosen={index === chosen}
              title={`entropy ${formatValue(entropies[index] ?? NaN)} nats, log-probability ${formatValue(logProbs[index] ?? NaN)}`}
              style={{ backgroundColor: colourOf(tint, (strengths[index] ?? 0) / most) }}
            >
              {shownPiece(piece)}
            </span>
          ))}
        </code>
      </td>
      <td data-label="answer">
        {answer === null ? <em>none</em> : <code>{answer}</code>}
        {right ? (
          <span className="right" title="the true solution">
            {' '}
            ✓<span className="visually-hidden">right</span>
          </span>
        ) : null}
      </td>
      <td className="number-cell" data-label="reward">
        {reward === null ? '' : formatReward(reward)}
      </td>
      <td className="number-cell" data-label="advantage">
        {advantage === null ? '' : formatSigned(advantage)}
      </td>
      <td className="number-cell" data-label="entropy">
        {formatValue(meanEntropy)}
      </td>
      <td data-label="filter">{fate}</td>
    </tr>
  );
}

/** Per token, what its tint stands for. */
const strengthOf: Readonly<Record<Tint, (rollout: ShownRollout) => readonly number[]>> = {
  entropy: ({ entropies }) => entropies,
  'log-probability': ({ logProbs }) => logProbs.map((logProb) => -logProb),
  // One advantage for all tokens of a completion, as in the objective.
  advantage: ({ pieces, advantage }) => pieces.map(() => finite(advantage ?? 0)),
};

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** Disadvantages have a hue of their own, and the sign stands in the column beside them. */
function colourOf(tint: Tint, share: number): string {
  const strength = Math.round(Math.min(1, Math.abs(share)) * 55);
  const hue = tint === 'advantage' ? (share < 0 ? 'var(--warning)' : 'var(--good)') : 'var(--lane)';
  return `color-mix(in srgb, ${hue} ${strength}%, transparent)`;
}

function formatReward(reward: number): string {
  return Number.isInteger(reward) ? String(reward) : formatValue(reward);
}

function formatSigned(value: number): string {
  if (Number.isNaN(value)) return '–';
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(2)}`;
}

function thresholdNote(threshold: number): string {
  return Number.isNaN(threshold)
    ? 'Mean token entropy; this group was not filtered'
    : `Mean token entropy; below ${formatValue(threshold)} nats a rollout is pruned`;
}
