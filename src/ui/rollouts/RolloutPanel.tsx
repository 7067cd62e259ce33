import { memo } from 'react';
import type { Settings } from '../../settings/hyperparameters.ts';
import { watchPrompt } from '../../store/actions.ts';
import { hideTruth } from '../../store/view.ts';
import type { ShownGroup, ShownRollout } from '../../trainer/protocol.ts';
import { formatValue } from '../format.ts';
import { useLab, useView } from '../useStore.ts';
import { EntropyStrip } from './EntropyStrip.tsx';
import { type Fate, fateOf } from './votes.ts';
import { VoteBars } from './VoteBars.tsx';

/** The newest rollouts of one prompt of the selected lane: the vote, and every completion. */
export function RolloutPanel() {
  // Parts, not the lane: it changes ten times a second, what is shown here twice.
  const name = useLab((state) => state.lanes[state.selected]?.name);
  const settings = useLab((state) => state.lanes[state.selected]?.settings);
  const group = useLab((state) => state.lanes[state.selected]?.group ?? null);
  const selected = useLab((state) => state.selected);
  const truthHidden = useView((state) => state.truthHidden);
  if (name === undefined || settings === undefined) return null;
  return (
    <section className={`rollouts card lane-${selected}`} aria-labelledby="rollouts-title">
      <header>
        <h2 id="rollouts-title">
          <span className="swatch" aria-hidden="true" />
          {name}
          <span className="unit">
            {group === null
              ? 'latest rollouts'
              : `step ${group.step} · prompt ${group.index + 1} of ${group.count}`}
          </span>
        </h2>
        <span className="buttons">
          <TurnButton group={group} by={-1} label="Previous prompt" sign="‹" />
          <TurnButton group={group} by={1} label="Next prompt" sign="›" />
        </span>
        <label className="check">
          <input
            type="checkbox"
            checked={truthHidden}
            onChange={(event) => {
              hideTruth(event.target.checked);
            }}
          />
          hide truth
        </label>
      </header>
      {group === null ? (
        <p className="empty">
          With the first step you see here how each rollout of a prompt voted, what it earned and whether the
          filter kept it.
        </p>
      ) : (
        <div className="rollout-body">
          <div className="scroll">
            <VoteBars group={group} settings={settings} truthHidden={truthHidden} />
            <EntropyStrip group={group} settings={settings} />
          </div>
          <div className="scroll">
            <RolloutTable group={group} settings={settings} truthHidden={truthHidden} />
          </div>
        </div>
      )}
    </section>
  );
}

interface TurnProps {
  readonly group: ShownGroup | null;
  readonly by: 1 | -1;
  readonly label: string;
  readonly sign: string;
}

function TurnButton({ group, by, label, sign }: TurnProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      disabled={group === null || group.count < 2}
      onClick={() => {
        if (group !== null) watchPrompt((group.index + by + group.count) % group.count);
      }}
    >
      {sign}
    </button>
  );
}

interface TableProps {
  readonly group: ShownGroup;
  readonly settings: Settings;
  readonly truthHidden: boolean;
}

const RolloutTable = memo(function RolloutTable({ group, settings, truthHidden }: TableProps) {
  // Tint is relative to the most hesitant character shown, or a sharp policy would be all white.
  const most = Math.max(1e-3, ...group.rollouts.flatMap(({ entropies }) => entropies));
  return (
    <table className="completions">
      <thead>
        <tr>
          <th scope="col">from</th>
          <th scope="col">completion, tinted by entropy</th>
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
            fate={fateOf(rollout, settings)}
            most={most}
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
  readonly most: number;
  readonly right: boolean;
}

function RolloutRow({ rollout, fate, most, right }: RowProps) {
  const { source, completion, answer, reward, advantage, meanEntropy, entropies } = rollout;
  return (
    <tr data-fate={fate}>
      <td>
        <i className={`source ${source}`} aria-hidden="true" />
        {source}
      </td>
      <td>
        <code className="characters">
          {[...completion].map((character, index) => (
            <span
              key={index}
              className="character"
              title={`${formatValue(entropies[index] ?? NaN)} nats`}
              style={{ backgroundColor: tint((entropies[index] ?? 0) / most) }}
            >
              {character}
            </span>
          ))}
        </code>
      </td>
      <td>
        {answer === null ? <em>none</em> : <code>{answer}</code>}
        {right ? (
          <span className="right" title="the true solution">
            {' '}
            ✓<span className="visually-hidden">right</span>
          </span>
        ) : null}
      </td>
      <td className="number-cell">{reward === null ? '' : formatReward(reward)}</td>
      <td className="number-cell">{advantage === null ? '' : formatSigned(advantage)}</td>
      <td className="number-cell">{formatValue(meanEntropy)}</td>
      <td>{fate}</td>
    </tr>
  );
}

function tint(share: number): string {
  const strength = Math.round(Math.min(1, Math.max(0, share)) * 55);
  return `color-mix(in srgb, var(--lane) ${strength}%, transparent)`;
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
