import { useCallback, useState } from 'react';
import { useStore } from 'zustand';
import { decidedElsewhere } from '../../settings/adapterKnobs.ts';
import { type HyperparameterKey, hyperparameterKeys } from '../../settings/hyperparameters.ts';
import { hyperparameterGroups, irrelevance } from '../../spec/hyperparameter.ts';
import { knobOf } from '../../store/lanes.ts';
import { dismissTrainRefusal, isLive, planned, setTrainKnob, typeTrainKnob } from '../../store/training.ts';
import { Control } from '../controls/Control.tsx';
import { Help, type HelpAnchor } from '../controls/Help.tsx';
import { KnobsContext } from '../controls/knobs.ts';

/** What is mostly set, in the order of the page. */
const essentials: readonly HyperparameterKey[] = [
  'algorithm',
  'steps',
  'learningRate',
  'groupSize',
  'promptsPerStep',
  'temperature',
  'maxCompletionLength',
  'klCoefficient',
  'anchorShare',
  'anchorMomentum',
];
/** The others; texts are edited on the page of the lab alone. */
const others = hyperparameterKeys.filter(
  (key) => !essentials.includes(key) && !decidedElsewhere.includes(key) && knobOf(key).kind !== 'text',
);

const knobs = {
  ...{ set: setTrainKnob, type: typeTrainKnob, dismiss: dismissTrainRefusal },
  restarts: 'to the next run',
};

/** The lab's knobs over the settings of an adapter's run. @param fixed whether a run is under way: live ones act on it */
export function TrainKnobs({ fixed }: { readonly fixed: boolean }) {
  const { settings, refusal } = useStore(planned);
  const [help, setHelp] = useState<HelpAnchor | null>(null);
  const showHelp = useCallback((key: HyperparameterKey | null, element: HTMLElement | null) => {
    setHelp(key === null || element === null ? null : { key, top: element.getBoundingClientRect().top });
  }, []);
  const control = (key: HyperparameterKey) => (
    <fieldset key={key} className="knob" disabled={fixed && !isLive(key)}>
      <Control
        id={key}
        value={settings[key]}
        reach=""
        irrelevant={irrelevance(knobOf(key), settings)}
        refusal={refusal?.key === key ? refusal.sentence : null}
        onHelp={showHelp}
      />
    </fieldset>
  );
  return (
    <KnobsContext value={knobs}>
      <section className="train-knobs" aria-label="Settings of the training">
        {essentials.map(control)}
      </section>
      <details className="train-more">
        <summary>{others.length} more knobs</summary>
        {hyperparameterGroups.map((group) => {
          const own = others.filter((key) => knobOf(key).group === group);
          return own.length === 0 ? null : (
            <section key={group} aria-label={group}>
              <h3>{group}</h3>
              <div className="train-knobs">{own.map(control)}</div>
            </section>
          );
        })}
      </details>
      {help === null ? null : <Help anchor={help} irrelevant={irrelevance(knobOf(help.key), settings)} />}
    </KnobsContext>
  );
}
