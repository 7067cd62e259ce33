import { Suspense, useContext, useState } from 'react';
import { watchRollouts } from '../../store/actions.ts';
import type { PromptFlags, ShownGroup } from '../../session/protocol.ts';
import { lazily } from '../lazily.ts';
import { LabContext, useLab, useView } from '../useStore.ts';
import { type Tint, tints, type TokenAt } from './pieces.ts';

const filters: Readonly<Record<keyof PromptFlags, string>> = {
  wrongWinner: 'wrong winner',
  unanimous: 'unanimous',
  pruned: 'pruned',
  truncated: 'truncated',
};
const filterKeys = Object.keys(filters) as (keyof PromptFlags)[];

/** Loaded with the first rollouts: until then there is nothing to draw with it. */
const RolloutBody = lazily(() => import('./RolloutBody.tsx').then((part) => part.RolloutBody));

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
        <Suspense fallback={<div className="rollout-body" aria-busy="true" />}>
          <RolloutBody
            group={group}
            settings={settings}
            tint={tint}
            truthHidden={truthHidden}
            chosen={chosen}
            onChoose={setChosen}
          />
        </Suspense>
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
