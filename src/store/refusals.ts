import { LabError } from '../lib/labError.ts';
import type { HyperparameterKey } from '../settings/hyperparameters.ts';
import { parseValue } from '../settings/settings.ts';
import { inLabels } from '../settings/wording.ts';
import type { SettingValue } from '../spec/hyperparameter.ts';

/** A value that was refused, where it was typed. */
export interface Refusal {
  readonly key: HyperparameterKey;
  readonly sentence: string;
}

/** Where a refusal is kept until it is mended or given up. */
interface Refusing {
  getState(): { readonly refusal: Refusal | null };
  setState(next: { readonly refusal: Refusal | null }): void;
}

/** Runs what sets a knob; a refusal is shown at the knob, and nothing is changed. */
export function refusing(store: Refusing, key: HyperparameterKey, change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    const { message, remedy } = inLabels(error);
    store.setState({ refusal: { key, sentence: `${message} ${remedy}` } });
  }
}

/** What sets a knob from what was typed. It returns false where that was refused, in words. */
export function typing(
  store: Refusing,
  set: (key: HyperparameterKey, value: SettingValue) => void,
): (key: HyperparameterKey, text: string) => boolean {
  return (key, text) => {
    refusing(store, key, () => {
      set(key, parseValue(key, text));
    });
    return store.getState().refusal?.key !== key;
  };
}

/** What forgets why a value was refused: it was given up. */
export function dismissing(store: Refusing): (key: HyperparameterKey) => void {
  return (key) => {
    if (store.getState().refusal?.key === key) store.setState({ refusal: null });
  };
}
