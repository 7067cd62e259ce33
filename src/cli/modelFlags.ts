import type { Ways } from '../asking/model.ts';
import { mostPromptBytes, parsePrompts, promptRemedy, type AskedText } from '../asking/prompts.ts';
import { weightChoices, type WeightChoice } from '../engine/frozen/matrix.ts';
import { LabError } from '../lib/labError.ts';
import { quote, quotePath } from '../lib/quote.ts';
import { numberOf, type OwnFlags } from '../settings/arguments.ts';
import { readTextFile } from './readInput.ts';

/** What `--weights` says. @throws LabError for a type that is none */
export function weightsOf(given: string): WeightChoice {
  const found = weightChoices.find((choice) => choice === given);
  if (found !== undefined) return found;
  throw new LabError(
    'bad-setting',
    `--weights can't be ${quote(given)}.`,
    `Choose of ${weightChoices.join(', ')}.`,
  );
}

/** The prompts of a file of JSON lines. @throws LabError `bad-file` */
export function readPrompts(file: string): AskedText[] {
  return parsePrompts(
    readTextFile(file, { mostBytes: mostPromptBytes, remedy: promptRemedy }),
    quotePath(file),
  );
}

/** How prompts are written. */
export const templateFlag = {
  type: 'string',
  value: 'text',
  help: 'how prompts are written: a text with {prompt} in it, or chat: the folder’s own (default: as they are)',
} as const;

/** What the flags of a command give. */
export function valuesOf(flags: ReadonlyMap<string, string | boolean>, own: OwnFlags) {
  const text = (flag: string): string | undefined => flags.get(flag)?.toString();
  return {
    text,
    /** @throws LabError `bad-setting` where it is missing */
    needed: (flag: string): string => {
      const given = text(flag);
      if (given !== undefined) return given;
      throw new LabError(
        'bad-setting',
        `--${flag} is missing.`,
        `Write --${flag} <${own[flag]?.value ?? ''}>.`,
      );
    },
    /** @throws LabError `bad-setting` where it is none in the range */
    number: (flag: string, otherwise: number, range: readonly [number, number], whole = true): number =>
      numberOf(flag, text(flag) ?? String(otherwise), { range, whole }),
  };
}

/** The ways to need less, as flags. */
export const ways: Ways = {
  eight: '--rows 8',
  int8: '--weights int8',
  both: '--weights int8 --rows 8',
  lower: 'Lower --rows or --max-tokens, or ask a smaller model.',
};
