import {
  type HyperparameterKey,
  hyperparameterKeys,
  hyperparameters,
  type Settings,
} from '../settings/hyperparameters.ts';
import type { Hyperparameter, SettingValue } from '../spec/hyperparameter.ts';

/** A setting as people write it: 0.0007 is 7e-4, 0.99 stays, a choice goes by its label. */
export function describeValue(key: HyperparameterKey, value: SettingValue): string {
  const knob: Hyperparameter = hyperparameters[key];
  if (knob.kind === 'choice') return knob.options[String(value)] ?? String(value);
  if (knob.kind === 'text') return value === '' ? 'empty' : lines(String(value));
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return typeof value === 'number' ? shortNumber(value) : value;
}

/** "learning rate 3e-4 → 1e-4" */
export function describeChange(key: HyperparameterKey, from: SettingValue, to: SettingValue): string {
  const { label, kind } = hyperparameters[key];
  // Two texts of as many lines are not the same.
  if (kind === 'text') return `${label} ${to === '' ? 'removed' : `edited (${describeValue(key, to)})`}`;
  return `${label} ${describeValue(key, from)} → ${describeValue(key, to)}`;
}

/** Each of some changes that changes something. */
export function describeChanges(before: Settings, changes: Partial<Settings>): readonly string[] {
  return hyperparameterKeys.flatMap((key) => {
    const value = changes[key];
    return value === undefined || value === before[key] ? [] : [describeChange(key, before[key], value)];
  });
}

/** "12 lines" */
function lines(text: string): string {
  const count = text.split('\n').length;
  return count === 1 ? '1 line' : `${count} lines`;
}

/** A number at the precision it was set with, exponents below a thousandth and from a million on. */
export function shortNumber(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-3 && magnitude < 1e6)) return String(Number(value.toPrecision(6)));
  if (Number.isInteger(value)) return String(value);
  return Number(value.toPrecision(4)).toExponential();
}
