import { readFileSync } from 'node:fs';
import { LabError } from '../lib/labError.ts';
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

/**
 * Reads a command line: one flag per hyperparameter and the command's own. The value of a text is the text, or `@file`.
 * @throws LabError as `readArguments`, and for a bad value or a missing file
 */
export function parseFlags(args: readonly string[], own: OwnFlags): ParsedFlags {
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
    const file = hyperparameters[key].kind === 'text' && value.startsWith('@') ? value.slice(1) : null;
    if (file !== null) read.push(file);
    changes[key] = parseValue(key, file === null ? value : textOf(name, file));
  }
  return { changes, own: ownValues, read };
}

/** The text of a file, without the byte order mark and the last line end, which editors add. */
function textOf(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\r?\n$/, '');
  } catch (cause) {
    throw new LabError(
      'bad-file',
      `--${flag} "@${file}" can't be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Name a file that exists, as in @prompts.jsonl.',
      cause,
    );
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
