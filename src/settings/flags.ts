import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { helpLine, type OwnFlags, ownHelp, readArguments } from './arguments.ts';
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

export interface ParsedFlags {
  /** What the flags ask of the settings; not yet checked against each other. */
  readonly changes: Partial<Settings>;
  /** The command's own flags that were given. */
  readonly own: ReadonlyMap<string, string | true>;
  /** Files whose text became a value. */
  readonly read: readonly string[];
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
 * Reads a command line: one flag per hyperparameter and the command's own. The value of a text is the text, or `@file`.
 * @throws LabError as `readArguments`, and for a bad value or a missing file
 */
export function parseFlags(args: readonly string[], own: OwnFlags, readText: ReadText): ParsedFlags {
  const ofKnobs = Object.fromEntries(
    hyperparameterKeys.map((key) => [
      flagOf(key),
      { type: 'string', value: allowedValues(key), help: '' } as const,
    ]),
  );
  const { flags } = readArguments(args, { ...ofKnobs, ...own }, []);
  const changes: Record<string, unknown> = {};
  const ownValues = new Map<string, string | true>();
  const read: string[] = [];
  for (const [name, value] of flags) {
    const key = Object.hasOwn(own, name) ? undefined : keyOfFlag.get(name);
    if (key === undefined || value === true) {
      ownValues.set(name, value);
      continue;
    }
    if (hyperparameters[key].kind === 'text' && value.startsWith('@')) read.push(value.slice(1));
    changes[key] = valueOf(key, value, readText);
  }
  return { changes, own: ownValues, read };
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

/** Help for the command's own flags, then every hyperparameter by group. */
export function flagHelp(own: OwnFlags): string {
  const lines = ownHelp(own);
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
