import { totalmem } from 'node:os';
import type { Room, Ways } from '../asking/model.ts';
import { mostPromptBytes, parsePrompts, promptRemedy, type AskedText } from '../asking/prompts.ts';
import { weightChoices, type WeightChoice } from '../engine/frozen/matrix.ts';
import type { Gpu } from '../gpu/device.ts';
import { LabError } from '../lib/labError.ts';
import { quote, quotePath } from '../lib/quote.ts';
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

/** What a device holds. @param memory bytes of `--memory` */
export function roomOf({ device: { limits }, adapter }: Gpu, memory: number | null): Room {
  return {
    bindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    // A software adapter has the computer's memory; of a GPU, WebGPU tells nothing.
    memoryBytes: memory ?? (adapter.software ? totalmem() : Infinity),
  };
}

/** The ways to need less, as flags. */
export const ways: Ways = {
  eight: '--rows 8',
  int8: '--weights int8',
  both: '--weights int8 --rows 8',
  lower: 'Lower --rows or --max-tokens, or ask a smaller model.',
};
