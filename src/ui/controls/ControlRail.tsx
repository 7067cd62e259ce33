import { useCallback, useState } from 'react';
import {
  type HyperparameterKey,
  hyperparameterKeys,
  hyperparameters,
} from '../../settings/hyperparameters.ts';
import { hyperparameterGroups, type HyperparameterGroup, irrelevance } from '../../spec/hyperparameter.ts';
import { useShallow } from 'zustand/react/shallow';
import { changeTogether } from '../../store/actions.ts';
import { differingKeys, knobOf, reachOf } from '../../store/lanes.ts';
import { showAllKnobs } from '../../store/view.ts';
import { useLab, useView } from '../useStore.ts';
import { Apart } from './Apart.tsx';
import { Control } from './Control.tsx';
import { essentials } from './essentials.ts';
import { Help, type HelpAnchor } from './Help.tsx';

/** Groups that start folded: seldom touched in the middle of an experiment. */
const folded: ReadonlySet<HyperparameterGroup> = new Set(['Task and model', 'Evaluation']);

/** The knobs of the selected lane, generated from the table: the essential ones, or all in their groups. */
export function ControlRail() {
  // The settings alone: the rail has nothing to redraw when a step was made.
  const settings = useLab(useShallow(({ lanes }) => lanes.map((lane) => lane.settings)));
  const slots = useLab(useShallow(({ lanes }) => lanes.map((lane) => lane.slot)));
  const name = useLab((state) => state.lanes[state.selected]?.name);
  const selected = useLab((state) => state.selected);
  const together = useLab((state) => state.together);
  const refusal = useLab((state) => state.refusal);
  const recorded = useLab((state) => state.recorded);
  const all = useView((state) => state.allKnobs);
  const [help, setHelp] = useState<HelpAnchor | null>(null);
  const showHelp = useCallback((key: HyperparameterKey | null, element: HTMLElement | null) => {
    setHelp(key === null || element === null ? null : { key, top: element.getBoundingClientRect().top });
  }, []);

  const shown = settings[selected];
  if (shown === undefined || name === undefined) return null;
  const differing = differingKeys(settings);
  const apart = differing.length;
  // What the lanes differ in explains what they do; a value that was refused has to be seen, to be mended.
  const others = hyperparameterKeys.filter(
    (key) => !essentials.includes(key) && (differing.includes(key) || refusal?.key === key),
  );
  const control = (key: HyperparameterKey) => (
    <Control
      key={key}
      id={key}
      value={shown[key]}
      reach={reachOf(key, settings, selected, together)
        .map((index) => slots[index] ?? index)
        .join('')}
      irrelevant={irrelevance(knobOf(key), shown)}
      refusal={refusal?.key === key ? refusal.sentence : null}
      onHelp={showHelp}
    />
  );
  return (
    <section className="controls" aria-label={`Settings of ${name}`}>
      {settings.length > 1 && !recorded ? (
        <fieldset className="reach-choice">
          <legend className="visually-hidden">What a change reaches</legend>
          <span className="segments">
            <label title="Where the lanes agree, a change reaches them all; where they differ, the selected one">
              <input
                type="radio"
                name="together"
                checked={together}
                onChange={() => {
                  changeTogether(true);
                }}
              />
              <span>Change all lanes</span>
            </label>
            <label title={`A change reaches ${name} alone`}>
              <input
                type="radio"
                name="together"
                checked={!together}
                onChange={() => {
                  changeTogether(false);
                }}
              />
              <span>Only this lane</span>
            </label>
          </span>
          <p className="control-note">
            {`The lanes differ in ${apart === 1 ? '1 knob' : `${apart} knobs`}. Dots show whom a change reaches.`}
          </p>
        </fieldset>
      ) : null}
      <fieldset className="rail-choice segments">
        <legend className="visually-hidden">Settings shown</legend>
        {(['Essentials', 'All'] as const).map((choice) => (
          <label key={choice}>
            <input
              type="radio"
              name="rail"
              checked={(choice === 'All') === all}
              onChange={() => {
                showAllKnobs(choice === 'All');
              }}
            />
            <span>{choice === 'All' ? `All ${String(hyperparameterKeys.length)}` : choice}</span>
          </label>
        ))}
      </fieldset>
      {/* A recorded run is as it is: its settings can be read alone. */}
      <fieldset className="knobs" disabled={recorded}>
        {all ? (
          hyperparameterGroups.map((group) => (
            <details key={group} className="group" open={!folded.has(group)}>
              <summary>{group}</summary>
              {hyperparameterKeys.filter((key) => hyperparameters[key].group === group).map(control)}
              {group === 'Evaluation' && !recorded ? <Apart /> : null}
            </details>
          ))
        ) : (
          <>
            {essentials.map(control)}
            {others.length === 0 ? null : (
              <section className="group" aria-labelledby="rail-others">
                <h2 id="rail-others">Where the lanes differ, too</h2>
                {others.map(control)}
              </section>
            )}
            <p className="control-note">
              {`All ${String(hyperparameterKeys.length)}: the other knobs, own prompts, an own reward.`}
            </p>
          </>
        )}
      </fieldset>
      {help === null ? null : <Help anchor={help} irrelevant={irrelevance(knobOf(help.key), shown)} />}
    </section>
  );
}
