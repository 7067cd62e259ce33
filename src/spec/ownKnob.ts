import { LabError } from '../lib/labError.ts';
import type { Hyperparameter, SettingValue, ValueOf } from './hyperparameter.ts';

/** The key of a knob that one algorithm declares for itself: `<id>.<key>`. */
export type OwnKey = `${string}.${string}`;

/** Values of such knobs. */
export type OwnSettings = Readonly<Record<OwnKey, SettingValue>>;

/** A knob of one algorithm: what is said of it, and how its rules read it. */
export interface OwnKnob<Knob extends Hyperparameter> {
  readonly key: OwnKey;
  readonly knob: Knob;
  readonly of: (settings: OwnSettings) => ValueOf<Knob>;
}

/**
 * Declares a knob in the file of the algorithm whose id its key begins with. It is shown, linked to, validated and set
 * by flag as any other, and only that algorithm's rules can read it.
 */
export function ownKnob<Knob extends Hyperparameter>(key: OwnKey, knob: Knob): OwnKnob<Knob> {
  return {
    key,
    knob,
    of: (settings) => {
      const value = settings[key];
      if (value !== undefined) return value as ValueOf<Knob>;
      throw new LabError(
        'bug',
        `The settings have no \`${key}\`.`,
        'Declare it among the algorithm’s `knobs`.',
      );
    },
  };
}
