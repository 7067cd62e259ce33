import { LabError } from '../lib/labError.ts';
import { nearest } from '../lib/nearest.ts';
import { quote, quotePath } from '../lib/quote.ts';
import { irrelevance } from '../spec/hyperparameter.ts';
import type { Hyperparameter } from '../spec/hyperparameter.ts';
import {
  hyperparameterKeys,
  hyperparameters,
  type HyperparameterKey,
  type Settings,
} from './hyperparameters.ts';
import { allowedValues, defaultSettings, isKey, parseValue } from './settings.ts';
import { reworded } from './wording.ts';

/** A command's own flags, beside those of the hyperparameters. */
export type OwnFlags = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly value?: string; readonly help: string }>
>;

export interface ParsedFlags {
  /** What the flags ask of the settings; not yet checked against each other. */
  readonly changes: Partial<Settings>;
  /** The command's own flags that were given. */
  readonly own: ReadonlyMap<string, string | true>;
}

/** learningRate → learning-rate, adamBeta1 → adam-beta1. */
export function flagOf(key: HyperparameterKey): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const keyOfFlag: ReadonlyMap<string, HyperparameterKey> = new Map(
  hyperparameterKeys.map((key) => [flagOf(key), key]),
);

/** Reads the file that a text is in; `cli/readInput.ts` has it. */
export type ReadText = (
  path: string,
  rules: { readonly mostBytes: number; readonly remedy: string; readonly called: string },
) => string;

/** A refusal of settings as a command line says it. */
export function inFlags(error: LabError): LabError {
  return reworded(error, (key) => `--${flagOf(key)}`);
}

/**
 * Reads a command line: one flag per hyperparameter, `--flag value` or `--flag=value`, and the command's own. The
 * value of a text is the text, or `@file`.
 * @throws LabError for an unknown flag (with the nearest names), a missing or bad value, a flag given
 * twice, a stray word, a missing file
 */
export function parseFlags(args: readonly string[], own: OwnFlags, read: ReadText): ParsedFlags {
  const known = [...Object.keys(own), ...keyOfFlag.keys()];
  const changes: Record<string, unknown> = {};
  const ownValues = new Map<string, string | true>();
  const seen = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (!word.startsWith('-')) {
      throw new LabError('bad-setting', `Unexpected ${quote(word)}.`, 'Flags are written --flag value.');
    }
    const cut = word.indexOf('=');
    const raw = cut < 0 ? word : word.slice(0, cut);
    const name = raw.slice(2);
    if (!raw.startsWith('--') || !known.includes(name)) throw unknownFlag(raw, known);
    if (seen.has(name)) {
      throw new LabError('bad-setting', `--${name} is given more than once.`, 'Leave out all but one.');
    }
    seen.add(name);
    const key = keyOfFlag.get(name);
    const joined = cut < 0 ? undefined : word.slice(cut + 1);
    if (own[name]?.type === 'boolean') {
      if (joined !== undefined) {
        throw new LabError(
          'bad-setting',
          `--${name} takes no value, but got ${quote(joined)}.`,
          `Write --${name} alone.`,
        );
      }
      ownValues.set(name, true);
      continue;
    }
    const next = args[at + 1];
    const value = joined ?? (next?.startsWith('--') === true ? undefined : next);
    if (value === undefined) {
      const wanted = key === undefined ? (own[name]?.value ?? 'a value') : allowedValues(key);
      throw new LabError('bad-setting', `--${name} has no value.`, `Write --${name} and ${wanted}.`);
    }
    if (joined === undefined) at++;
    if (key === undefined) ownValues.set(name, value);
    else changes[key] = valueOf(key, value, read);
  }
  return { changes, own: ownValues };
}

/** The value of a flag: what is written, or of a text what a file holds, `@prompts.jsonl`. */
function valueOf(key: HyperparameterKey, given: string, read: ReadText): unknown {
  const knob: Hyperparameter = hyperparameters[key];
  try {
    if (knob.kind !== 'text' || !given.startsWith('@')) return parseValue(key, given);
    const text = read(given.slice(1), {
      // A UTF-16 code unit takes three bytes at most, and what other editors add at line ends is taken away.
      mostBytes: 4 * knob.maxLength,
      called: `--${flagOf(key)} ${quotePath(given)}`,
      remedy: 'Name a file that exists, as in @prompts.jsonl.',
    });
    // Without the file's last line end, which editors add.
    return parseValue(key, text.replace(/\n$/, ''));
  } catch (error) {
    throw error instanceof LabError ? inFlags(error) : error;
  }
}

/** Refuses flags that can have no effect under the settings they lead to, with the reason. */
export function refuseIneffective(changes: Partial<Settings>, settings: Settings): void {
  for (const key of Object.keys(changes).filter(isKey)) {
    const reason = irrelevance(hyperparameters[key], settings);
    if (reason !== null) {
      throw new LabError(
        'bad-setting',
        `--${flagOf(key)} would have no effect. ${reason}`,
        `Leave out --${flagOf(key)}.`,
      );
    }
  }
}

/** The error for a flag nobody knows, with up to three that are spelled like it. */
export function unknownFlag(given: string, known: readonly string[]): LabError {
  const near = nearest(given.replace(/^-+/, ''), known).map((flag) => `--${flag}`);
  return new LabError(
    'bad-setting',
    `There is no flag ${quote(given)}.`,
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'See --help for all flags.',
  );
}

/** Help for the command's own flags, then every hyperparameter by group. */
export function flagHelp(own: OwnFlags): string {
  const lines = Object.entries(own).map(([name, { value, help }]) =>
    helpLine(`--${name}${value === undefined ? '' : ` <${value}>`}`, help),
  );
  let group = '';
  for (const key of hyperparameterKeys) {
    const knob: Hyperparameter = hyperparameters[key];
    if (knob.group !== group) lines.push('', knob.group);
    group = knob.group;
    const paper = knob.paper === undefined ? '' : `; paper ${String(knob.paper)}`;
    const allowed = `${allowedValues(key)}${knob.kind === 'text' ? ', or @file to read it from there' : ''}`;
    const facts = `${allowed}; default ${String(defaultSettings[key]) || 'empty'}${paper}`;
    lines.push(helpLine(`--${flagOf(key)} <${knob.kind}>`, `${knob.help} (${facts})`));
  }
  return lines.join('\n');
}

function helpLine(flag: string, help: string): string {
  return `  ${flag.padEnd(36)} ${help}`;
}
