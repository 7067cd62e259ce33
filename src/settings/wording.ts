import { LabError } from '../lib/labError.ts';
import { hyperparameters, type HyperparameterKey } from './hyperparameters.ts';
import { isKey } from './settings.ts';

/** A refusal speaks of knobs by their keys, each in backticks. */
const named = /`([\w.-]+)`/g;

/**
 * The same refusal in the words of whoever reads it: rules know knobs by their keys, a command line by its flags, the
 * page by its labels.
 * @param nameOf what a knob is called there
 */
export function reworded(error: LabError, nameOf: (key: HyperparameterKey) => string): LabError {
  const { code, message, remedy, cause } = error;
  const spoken = (sentence: string): string =>
    sentence.replace(named, (key, name: string) => (isKey(name) ? nameOf(name) : key));
  return new LabError(code, spoken(message), spoken(remedy), cause);
}

/** A refusal as the page says it. */
export function inLabels(error: LabError): LabError {
  const { code, message, remedy, cause } = reworded(error, (key) => `“${hyperparameters[key].label}”`);
  return new LabError(code, typeset(message), typeset(remedy), cause);
}

/** A sentence with the page's quotes and apostrophes, but for what it quotes of others. */
export function typeset(sentence: string): string {
  return sentence
    .split(/("(?:[^"\\]|\\.)*")/)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(named, '“$1”').replace(/(?<=\w)'(?=\w)/g, '’')))
    .join('');
}
