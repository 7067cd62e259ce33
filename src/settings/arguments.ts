import { parseArgs } from 'node:util';
import { LabError } from '../lib/labError.ts';
import { nearest } from '../lib/nearest.ts';
import { quote } from '../lib/quote.ts';

/** A command's own flags by name. `value` says what is written after one, for the help. */
export type OwnFlags = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly value?: string; readonly help: string }>
>;

/** What a command was given: its flags, true where one takes no value, and its words, as many as it asks for. */
export interface Arguments<Words extends readonly string[]> {
  readonly flags: ReadonlyMap<string, string | true>;
  readonly words: { readonly [At in keyof Words]: string };
  /** Words after those. */
  readonly more: readonly string[];
}

/**
 * Reads a command line: `--flag value` or `--flag=value`.
 * @param words what each word is, all of them needed: 'the file of a record'
 * @param open whether more words may follow
 * @throws LabError for an unknown flag (with the nearest names), one given twice, a missing value, a word too many or too few
 */
export function readArguments<const Words extends readonly string[]>(
  argv: readonly string[],
  flags: OwnFlags,
  words: Words,
  { open = false }: { readonly open?: boolean } = {},
): Arguments<Words> {
  // Letters behind a single dash would be taken for a flag each.
  const short = argv.find((word) => /^-[^-\d.]/.test(word));
  if (short !== undefined) throw unknownFlag(short, Object.keys(flags));
  const options = Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }]));
  // Not strict: Node's own messages name neither the nearest flag nor what its value may be.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const given = new Map<string, string | true>();
  const found: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') throw unknownFlag('--', Object.keys(flags));
    if (token.kind === 'positional') {
      found.push(token.value);
      if (found.length > words.length && !open) {
        throw new LabError(
          'bad-setting',
          `Unexpected ${quote(token.value)}.`,
          words.length === 0
            ? 'Flags are written --flag value.'
            : `Give ${words.join(', then ')}, and nothing else.`,
        );
      }
      continue;
    }
    const { name, rawName, value } = token;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined || !rawName.startsWith('--')) throw unknownFlag(rawName, Object.keys(flags));
    if (given.has(name)) {
      throw new LabError('bad-setting', `--${name} is given more than once.`, 'Leave out all but one.');
    }
    if (flag.type === 'boolean') {
      if (value !== undefined) {
        throw new LabError(
          'bad-setting',
          `--${name} takes no value, but got ${quote(value)}.`,
          `Write --${name} alone.`,
        );
      }
      given.set(name, true);
    } else if (value === undefined || value.startsWith('--')) {
      throw new LabError(
        'bad-setting',
        `--${name} has no value.`,
        `Write --${name} and ${flag.value ?? 'a value'}.`,
      );
    } else given.set(name, value);
  }
  const missing = words[found.length];
  if (missing !== undefined) {
    throw new LabError('bad-setting', `This command needs ${missing}.`, `Give ${words.join(', then ')}.`);
  }
  const more = found.splice(words.length);
  return { flags: given, words: found as unknown as Arguments<Words>['words'], more };
}

/** The number a flag was given. @throws LabError naming flag, value and range, also for a fraction where there is none */
export function numberOf(
  flag: string,
  text: string,
  { range: [least, most], whole }: { readonly range: readonly [number, number]; readonly whole: boolean },
): number {
  const value = /^[+-]?(\d|\.\d)[\d.]*(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : NaN;
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new LabError(
    'bad-setting',
    `--${flag} can't be ${quote(text)}.`,
    `Give a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`,
  );
}

/** The error for a flag nobody knows, with up to three that are spelled like it. */
export function unknownFlag(given: string, known: readonly string[]): LabError {
  const near = nearest(given.replace(/^-+/, ''), known).map((flag) => `--${flag}`);
  return new LabError(
    'bad-setting',
    `There is no flag ${quote(given)}.`,
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : known.length === 0
        ? 'This command has none.'
        : known.length > 12
          ? 'See --help for all flags.'
          : `It knows ${known.map((flag) => `--${flag}`).join(', ')}.`,
  );
}

/** A line of a command's help. */
export function helpLine(flag: string, help: string): string {
  return `  ${flag.padEnd(36)} ${help}`;
}

/** A line for each of a command's own flags. */
export function ownHelp(flags: OwnFlags): string[] {
  return Object.entries(flags).map(([name, { value, help }]) =>
    helpLine(`--${name}${value === undefined ? '' : ` <${value}>`}`, help),
  );
}
