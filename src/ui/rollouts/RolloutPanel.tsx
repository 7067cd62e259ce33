import { memo, useContext, useState } from 'react';
import { watchRollouts } from '../../store/actions.ts';

import type { PromptFlags, ShownGroup, ShownRollout } from '../../session/protocol.ts';
import { formatValue } from '../format.ts';
import { LabContext, useLab, useView } from '../useStore.ts';
import { EntropyStrip } from './EntropyStrip.tsx';
import { TokenFormula, type TokenAt } from './TokenFormula.tsx';
import { type Fate, fateOf } from './votes.ts';
import { shownPiece } from './pieces.ts';
import { VoteBars } from './VoteBars.tsx';

const filters: Readonly<Record<keyof PromptFlags, string>> = {
  wrongWinner: 'wrong winner',
  unanimous: 'unanimous',
  pruned: 'pruned',
  truncated: 'truncated',
};
const filterKeys = Object.keys(filters) as (keyof PromptFlags)[];

/** What the tokens of completions are tinted by. */
type Tint = 'entropy' | 'log-probability' | 'advantage';
const tints: readonly Tint[] = ['entropy', 'log-probability', 'advantage'];

/** The rollouts of one prompt of the selected lane, at the step under the cursor: the vote, and every completion. */
export function RolloutPanel() {
  const shown = useContext(LabContext);
  // Parts, not the lane: it changes ten times a second, what is shown here twice.
  const name = useLab((state) => state.lanes[state.selected]?.name);
  const settings = useLab((state) => state.lanes[state.selected]?.settings);
  const group = useLab((state) => state.lanes[state.selected]?.group ?? null);
  const slot = useLab((state) => state.lanes[state.selected]?.slot ?? 0);
  const truthHidden = useView((state) => state.truthHidden);
  const [filter, setFilter] = useState<keyof PromptFlags | 'all'>('all');
  const [tint, setTint] = useState<Tint>('entropy');
  const [chosen, setChosen] = useState<TokenAt | null>(null);
  if (name === undefined || settings === undefined) return null;
  const matching =
    group?.flags.flatMap((flags, index) => (filter === 'all' || flags[filter] ? [index] : [])) ?? [];
  return (
    <section className={`rollouts card lane-${slot}`} aria-labelledby="rollouts-title">
      <header>
        <h2 id="rollouts-title">
          <span className="swatch" aria-hidden="true" />
          {name}
          <span className="unit">
            {group === null
              ? 'latest rollouts'
              : `step ${group.step} · prompt ${group.index + 1} of ${group.flags.length}`}
          </span>
        </h2>
        <span className="buttons">
          <TurnButton group={group} among={matching} by={-1} label="Previous prompt" sign="‹" />
          <TurnButton group={group} among={matching} by={1} label="Next prompt" sign="›" />
        </span>
        <label className="check">
          prompts
          <select
            value={filter}
            onChange={(event) => {
              const chosen = filterKeys.find((key) => key === event.target.value) ?? 'all';
              setFilter(chosen);
              const first = group?.flags.findIndex((flags) => chosen === 'all' || flags[chosen]) ?? -1;
              if (first >= 0) watchRollouts({ prompt: first }, shown);
            }}
          >
            <option value="all">all</option>
            {filterKeys
              .filter((key) => !(truthHidden && key === 'wrongWinner'))
              .map((key) => (
                <option key={key} value={key}>
                  {`${filters[key]} (${group?.flags.filter((flags) => flags[key]).length ?? 0})`}
                </option>
              ))}
          </select>
        </label>
        <label className="check">
          colour
          <select
            value={tint}
            onChange={(event) => {
              setTint(tints.find((each) => each === event.target.value) ?? 'entropy');
            }}
          >
            {tints.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </header>
      {group === null ? (
        <p className="empty">
          With the first step you see here how each rollout of a prompt voted, what it earned and whether the
          filter kept it.
        </p>
      ) : (
        <div className="rollout-body">
          <div className="scroll" tabIndex={0} role="group" aria-label="Vote and entropy">
            {/* Above the bars: there are more or fewer of them at every step. */}
            {chosen === null ? (
              <>
                <EntropyStrip group={group} settings={settings} />
                <VoteBars group={group} truthHidden={truthHidden} />
              </>
            ) : (
              <TokenFormula
                at={chosen}
                onMove={setChosen}
                onClose={() => {
                  setChosen(null);
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
              onChoose={setChosen}
            />
          </div>
        </div>
      )}
    </section>
  );
}

interface TurnProps {
  readonly group: ShownGroup | null;
  /** Prompts that the filter lets through. */
  readonly among: readonly number[];
  readonly by: 1 | -1;
  readonly label: string;
  readonly sign: string;
}

function TurnButton({ group, among, by, label, sign }: TurnProps) {
  const shown = useContext(LabContext);
  const turn = (): void => {
    if (group === null) return;
    const next =
      by > 0 ? among.find((index) => index > group.index) : among.findLast((index) => index < group.index);
    const around = by > 0 ? among[0] : among.at(-1);
    const prompt = next ?? around;
    if (prompt !== undefined) watchRollouts({ prompt }, shown);
  };
  return (
    <button type="button" aria-label={label} title={label} disabled={among.length < 2} onClick={turn}>
      {sign}
    </button>
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
