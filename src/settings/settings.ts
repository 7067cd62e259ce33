import { LabError } from '../lib/labError.ts';
import { nearest } from '../lib/nearest.ts';
import { plainText } from '../lib/plainText.ts';
import { mostQuoted, quote } from '../lib/quote.ts';
import { models } from '../model/models.ts';
import type { Hyperparameter, SettingValue } from '../spec/hyperparameter.ts';
import { ownTasks } from '../tasks/index.ts';
import { constraints } from './constraints.ts';
import {
  hyperparameterKeys,
  hyperparameters,
  type HyperparameterKey,
  type Settings,
} from './hyperparameters.ts';

/** Every knob at its default. */
export const defaultSettings = Object.fromEntries(
  hyperparameterKeys.map((key) => [key, hyperparameters[key].default]),
) as unknown as Settings;

/** The values a knob accepts, in words: "a whole number from 2 to 256". */
export function allowedValues(key: HyperparameterKey): string {
  const knob: Hyperparameter = hyperparameters[key];
  switch (knob.kind) {
    case 'real':
      return `a number from ${String(knob.range[0])} to ${String(knob.range[1])}`;
    case 'integer':
      return `a whole number from ${String(knob.range[0])} to ${String(knob.range[1])}`;
    case 'choice':
      return `one of ${Object.keys(knob.options).join(', ')}`;
    case 'toggle':
      return 'true or false';
    case 'text':
      return `a text of at most ${String(knob.maxLength)} characters`;
    default:
      return knob satisfies never;
  }
}

function isAllowed(knob: Hyperparameter, value: unknown): value is SettingValue {
  switch (knob.kind) {
    case 'real':
    case 'integer':
      return (
        typeof value === 'number' &&
        // Written so that NaN fails.
        value >= knob.range[0] &&
        value <= knob.range[1] &&
        (knob.kind === 'real' || Number.isInteger(value))
      );
    case 'choice':
      return typeof value === 'string' && Object.hasOwn(knob.options, value);
    case 'toggle':
      return typeof value === 'boolean';
    case 'text':
      // Half a character can't be written into a link or a file.
      return typeof value === 'string' && value.length <= knob.maxLength && !/\p{Surrogate}/u.test(value);
    default:
      return knob satisfies never;
  }
}

/** Whether a string names a knob. */
export function isKey(key: string): key is HyperparameterKey {
  return Object.hasOwn(hyperparameters, key);
}

/** A value in an error; a long text by its length. */
function shown(value: unknown): string {
  if (typeof value !== 'string' || value.length <= mostQuoted) return quote(value);
  return `a text of ${String(value.length)} characters`;
}

/** What to write in the place of a number with a comma; null where there is none. */
function withoutComma(knob: Hyperparameter, text: unknown): string | null {
  if ((knob.kind !== 'real' && knob.kind !== 'integer') || typeof text !== 'string') return null;
  const given = text.trim();
  // Of a whole number, commas part thousands.
  if (knob.kind === 'integer' && /^[+-]?\d{1,3}(,\d{3})+$/.test(given)) return given.replaceAll(',', '');
  return /^[+-]?\d*,\d+(e[+-]?\d+)?$/i.test(given) && given.length < 30 ? given.replace(',', '.') : null;
}

/**
 * One value against its own knob, without the rules between knobs.
 * @returns the value; a text as `plainText` gives it
 * @throws LabError naming key, value and allowed values
 */
export function checkValue(key: HyperparameterKey, value: unknown): SettingValue {
  const knob: Hyperparameter = hyperparameters[key];
  const given = knob.kind === 'text' && typeof value === 'string' ? plainText(value) : value;
  if (isAllowed(knob, given)) return given;
  const meant = withoutComma(knob, given);
  throw new LabError(
    'bad-setting',
    `\`${key}\` can't be ${shown(given)}: it must be ${allowedValues(key)}.`,
    meant === null
      ? `Its default is ${String(knob.default) || 'empty'}.`
      : `Numbers are written with a point: ${meant}.`,
  );
}

/** A value written as text (URL, flag). Throws as `checkValue`. */
export function parseValue(key: HyperparameterKey, text: string): SettingValue {
  const { kind } = hyperparameters[key];
  if (kind === 'choice' || kind === 'text') return checkValue(key, text);
  if (kind === 'toggle') return checkValue(key, text === 'true' ? true : text === 'false' ? false : text);
  // Number('') is 0, and Number accepts hexadecimal: neither is what anyone meant.
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : NaN;
  return checkValue(key, Number.isFinite(number) ? number : text);
}

/**
 * Choosing another base model takes along its task, levels and completion length. Prompts of one's own take along the
 * task that is made of them, whatever the base model; without them its task is back.
 */
export function follow({ model, prompts }: Pick<Settings, 'model' | 'prompts'>, base: Settings): Settings {
  const known = models[model];
  if (known === undefined) return base;
  const { taskLevel, oodLevel, maxCompletionLength } = known;
  const [ownTask = ''] = Object.keys(ownTasks);
  const own = prompts === base.prompts ? Object.hasOwn(ownTasks, base.task) : prompts !== '';
  const kept = model === base.model && prompts === base.prompts;
  return {
    ...base,
    ...(model === base.model ? {} : { taskLevel, oodLevel, maxCompletionLength }),
    model,
    prompts,
    task: kept ? base.task : own ? ownTask : known.task,
  };
}

/**
 * Complete, checked settings from changes to a base, with what follows from another model or prompts of one's own
 * where the changes don't say otherwise.
 * @param changes an object of knobs, from anywhere
 * @throws LabError for an unknown knob, a value out of range, or a rule between knobs broken
 */
export function validateSettings(changes: unknown, base: Settings = defaultSettings): Settings {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) {
    throw new LabError(
      'bad-setting',
      `Settings can't be ${quote(changes)}: they must be an object of knobs.`,
      'Pass an object such as { "steps": 300 }.',
    );
  }
  const checked = new Map<string, SettingValue>();
  for (const [key, value] of Object.entries(changes)) {
    if (!isKey(key)) {
      throw new LabError('bad-setting', `There is no setting ${quote(key)}.`, likeSettings(key));
    }
    if (value !== undefined) checked.set(key, checkValue(key, value));
  }
  const changed: Settings = { ...base, ...Object.fromEntries(checked) };
  const settings: Settings = { ...follow(changed, base), ...Object.fromEntries(checked) };
  for (const { broken, remedy } of constraints) {
    const sentence = broken(settings);
    if (sentence !== null) throw new LabError('bad-setting', sentence, remedy);
  }
  return settings;
}

/** What may have been meant by a setting that there is not. */
export function likeSettings(given: string): string {
  const near = nearest(given, hyperparameterKeys);
  return near.length === 0
    ? 'The table of settings in the docs names all.'
    : `Did you mean ${near.join(' or ')}?`;
}

/** What must be changed to get from one to the other: the values of `to` that differ. */
export function diffSettings(from: Settings, to: Settings): Partial<Settings> {
  const keys = hyperparameterKeys.filter((key) => from[key] !== to[key]);
  return Object.fromEntries(keys.map((key) => [key, to[key]]));
}

/** Applies changes to a run in progress. Throws LabError for a knob that needs a restart. */
export function applyLive(settings: Settings, changes: Partial<Settings>): Settings {
  const changed = validateSettings(changes, settings);
  for (const key of hyperparameterKeys) {
    if (hyperparameters[key].applies === 'restart' && changed[key] !== settings[key]) {
      throw new LabError(
        'bad-setting',
        `\`${key}\` can't be changed from ${shown(settings[key])} to ${shown(changed[key])} while the run goes on.`,
        'Reset the lane to apply it.',
      );
    }
  }
  return changed;
}
