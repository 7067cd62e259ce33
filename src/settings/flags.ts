import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LabError } from '../lib/labError.ts';
import { irrelevance } from '../spec/hyperparameter.ts';
import type { Hyperparameter } from '../spec/hyperparameter.ts';
import {
  hyperparameterKeys,
  hyperparameters,
  type HyperparameterKey,
  type Settings,
} from './hyperparameters.ts';
import { allowedValues, defaultSettings, isKey, parseValue } from './settings.ts';

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

/**
 * Reads a command line: one flag per hyperparameter, `--flag value` or `--flag=value`, and the command's own. The
 * value of a text is the text, or `@file`.
 * @throws LabError for an unknown flag (with the nearest names), a missing or bad value, a stray word, a missing file
 */
export function parseFlags(args: readonly string[], own: OwnFlags): ParsedFlags {
  const known = [...Object.keys(own), ...keyOfFlag.keys()];
  const options = Object.fromEntries(
    known.map((name) => [name, { type: own[name]?.type ?? ('string' as const) }]),
  );
  // Not strict: Node's own messages name neither the nearest flag nor the allowed range.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const changes: Record<string, unknown> = {};
  const ownValues = new Map<string, string | true>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      throw new LabError('bad-setting', `Unexpected "${token.value}".`, 'Flags are written --flag value.');
    }
    const { name, rawName } = token;
    const key = keyOfFlag.get(name);
    if (!rawName.startsWith('--') || !known.includes(name)) throw unknownFlag(rawName, known);
    if (own[name]?.type === 'boolean') {
      if (token.value !== undefined) {
        throw new LabError(
          'bad-setting',
          `--${name} takes no value, but got "${token.value}".`,
          `Write --${name} alone.`,
        );
      }
      ownValues.set(name, true);
    } else if (token.value === undefined || token.value.startsWith('--')) {
      const wanted = key === undefined ? (own[name]?.value ?? 'a value') : allowedValues(key);
      throw new LabError('bad-setting', `--${name} has no value.`, `Write --${name} and ${wanted}.`);
    } else if (key === undefined) ownValues.set(name, token.value);
    else
      changes[key] = parseValue(
        key,
        hyperparameters[key].kind === 'text' ? textOf(name, token.value) : token.value,
      );
  }
  return { changes, own: ownValues };
}

/** A text, or that of a file: `@prompts.jsonl`. Without the file's last line end, which editors add. */
function textOf(flag: string, given: string): string {
  if (!given.startsWith('@')) return given;
  try {
    return readFileSync(given.slice(1), 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new LabError(
      'bad-file',
      `--${flag} "${given}" can't be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
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

/** The error for a flag nobody knows, with up to three that are spelled like it. */
export function unknownFlag(given: string, known: readonly string[]): LabError {
  const name = given.replace(/^-+/, '');
  const near = known
    .map((flag) => ({
      flag,
      distance: flag.includes(name) || name.includes(flag) ? 1 : editDistance(name, flag),
    }))
    .filter(({ distance }) => distance <= Math.max(2, name.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ flag }) => `--${flag}`);
  return new LabError(
    'bad-setting',
    `There is no flag "${given}".`,
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'See --help for all flags.',
  );
}

/** Insertions, deletions and replacements between two words. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
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
