import { createContext } from 'react';
import type { HyperparameterKey } from '../../settings/hyperparameters.ts';
import type { SettingValue } from '../../spec/hyperparameter.ts';
import { dismissRefusal, setKnob, typeKnob } from '../../store/actions.ts';

/** What controls do. */
export interface Knobs {
  /** A refused value changes nothing and says why. */
  readonly set: (key: HyperparameterKey, value: SettingValue) => void;
  /** @returns false where it was refused, in words */
  readonly type: (key: HyperparameterKey, text: string) => boolean;
  /** Forgets why a value was refused. */
  readonly dismiss: (key: HyperparameterKey) => void;
  /** What a knob that is not live does. */
  readonly restarts: string;
}

/** Whose knobs controls set: the lab's, unless a page provides its own. */
export const KnobsContext = createContext<Knobs>({
  ...{ set: setKnob, type: typeKnob, dismiss: dismissRefusal },
  restarts: 'restarts the lanes at step 0',
});
