import { parseExperiment, runFile, setupsOf, type Experiment } from './declaration.ts';
import { parseReduced, type ReducedRun } from './reduced.ts';

/** A declared experiment and those of its runs that are committed. */
export interface Measured {
  readonly experiment: Experiment;
  readonly runs: readonly ReducedRun[];
}

/**
 * Reads an experiment and its runs.
 * @param file what a path of the repository holds; undefined where it is not there
 * @throws LabError as `parseExperiment` and `parseReduced`
 */
export function measuredFrom(name: string, file: (path: string) => unknown): Measured {
  const declaration = `experiments/${name}.json`;
  const experiment = parseExperiment(declaration, file(declaration));
  const runs = setupsOf(experiment).flatMap((setup) => {
    const path = `results/${name}/${runFile(setup)}`;
    const found = file(path);
    return found === undefined ? [] : [parseReduced(path, found)];
  });
  return { experiment, runs };
}
