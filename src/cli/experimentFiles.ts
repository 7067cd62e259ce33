import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lib/labError.ts';
import {
  parseExperiment,
  runFile,
  setupsOf,
  type Experiment,
  type RunSetup,
} from '../experiments/declaration.ts';
import { parseReduced, writeReduced, type ReducedRun } from '../experiments/reduced.ts';
import { claim, replaceFiles } from './output.ts';
import { readTextFile, type InputRules } from './readInput.ts';

/** Where runs of experiments lie, a folder for each. */
export const resultsFolder = 'results';

/** Where experiments are declared, a file for each. */
const declarationFolder = 'experiments';

/** All declared experiments, in alphabetical order. */
export function experimentNames(): readonly string[] {
  return readdirSync(declarationFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/**
 * Reads a declaration.
 * @param name of one in experiments/, or the path of a JSON file
 * @throws LabError where there is none, or where it breaks a rule
 */
export function readExperiment(name: string): Experiment {
  if (!name.endsWith('.json') && !experimentNames().includes(name)) {
    throw new LabError(
      'bad-setting',
      `There is no experiment "${name}".`,
      `Choose one of ${experimentNames().join(', ')}, or give the path of a JSON file.`,
    );
  }
  const path = experimentPath(name);
  return parseExperiment(path, readJson(path));
}

/** The file of a declaration. @param name as `readExperiment` takes it */
export function experimentPath(name: string): string {
  return name.endsWith('.json') ? name : `${declarationFolder}/${name}.json`;
}

/** The file of a run. @param folder of all results */
export function resultPath(setup: RunSetup, folder = resultsFolder): string {
  return join(folder, setup.experiment, runFile(setup));
}

/** A run that was made before; null where none was. @throws LabError where the file is no such run */
export function readResult(setup: RunSetup, folder = resultsFolder): ReducedRun | null {
  const path = resultPath(setup, folder);
  return existsSync(path) ? parseReduced(path, readJson(path)) : null;
}

/** All runs of an experiment that were made, seed by seed. */
export function readResults(experiment: Experiment): readonly ReducedRun[] {
  return setupsOf(experiment).flatMap((setup) => readResult(setup) ?? []);
}

/**
 * Claims the folder of an experiment's results for this command alone.
 * @throws LabError `bad-file` where it can't be written, or another command writes there
 */
export function claimResults({ name }: Experiment, folder: string): void {
  // Which of its files may be replaced is asked of each.
  claim(join(folder, name), { flag: '--out', force: true, read: [declarationFolder] });
}

/**
 * Writes a run whole or not at all: an interruption leaves no half of a file behind.
 * @throws LabError `bad-file` where it can't be written
 */
export function writeResult(setup: RunSetup, run: ReducedRun, folder = resultsFolder): void {
  replaceFiles(join(folder, setup.experiment), { [runFile(setup)]: writeReduced(run) });
}

/** Many times what a declaration or a run thinned has. */
const mostBytes = 32e6;

/** What a JSON file holds. @throws LabError `bad-file` */
export function readJson(
  path: string,
  rules: InputRules = { mostBytes, remedy: 'Give the path of a JSON file.' },
): unknown {
  const text = readTextFile(path, rules);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LabError(
      'bad-file',
      `"${path}" can't be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Correct it.',
      cause,
    );
  }
}
