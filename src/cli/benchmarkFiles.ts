import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  benchmarkRun,
  parseBenchmark,
  writeObserved,
  writeOutcomes,
  type Benchmark,
  type Outcome,
  type RunOf,
} from '../experiments/benchmark.ts';
import { runFile, type Experiment } from '../experiments/declaration.ts';
import { parseReduced } from '../experiments/reduced.ts';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { experimentNames, readExperiment, readJson, readResults } from './experimentFiles.ts';
import { replaceFiles } from './output.ts';
import { readRegularFile } from './readInput.ts';
import { readRecordFile } from './recordFile.ts';

/** Where the benchmark lies: what detectors are shown, and apart from it what became of the runs. */
export const benchmarkFolder = 'benchmark';
const names = { observed: 'observed.json.gz', outcomes: 'outcomes.json' } as const;

const mostBytes = 256e6;
const remedy = 'npm run judge -- --pack makes both anew from results/.';

/** All runs of results/ that the benchmark can hold. */
export function benchmarkOfResults(): Benchmark {
  return gathered(experimentNames().flatMap((name) => readResults(readExperiment(name))));
}

/** Writes the benchmark whole or not at all. @returns bytes of both files */
export function writeBenchmark({ observed, outcomes }: Benchmark, folder = benchmarkFolder): number {
  const files = {
    [names.observed]: gzipSync(writeObserved(observed), { level: 9 }),
    [names.outcomes]: Buffer.from(writeOutcomes(outcomes)),
  };
  replaceFiles(folder, files);
  return Object.values(files).reduce((sum, { length }) => sum + length, 0);
}

/**
 * Runs to judge by: the benchmark, or another one in its place.
 * @param path a folder of a benchmark or of results, or a file of a record
 * @throws LabError `bad-file` where there is none
 */
export function readRuns(path: string): Benchmark {
  if (existsSync(join(path, names.observed))) {
    return parseBenchmark({
      observed: readPacked(join(path, names.observed)),
      outcomes: readJson(join(path, names.outcomes), { mostBytes, remedy }),
    });
  }
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const runs = isFolder ? reducedIn(path) : recordedIn(path);
  const found = gathered(runs);
  if (found.observed.length > 0) return found;
  throw new LabError(
    'bad-file',
    `${quotePath(path)} has no run to judge by: ${runs.length === 0 ? 'it holds none' : `none of its ${runs.length} was trained without labels and kept both evaluations and label-free columns`}.`,
    'Name a folder of results, as results/warning-sort, or a record of npm run train.',
  );
}

function readPacked(path: string): unknown {
  try {
    const bytes = gunzipSync(readRegularFile(path, { mostBytes, remedy }), { maxOutputLength: mostBytes });
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    if (cause instanceof LabError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LabError('bad-file', `${quotePath(path)} can't be read: ${why}.`, remedy, cause);
  }
}

/** Runs of experiments in a folder, and in those that lie in it. */
function reducedIn(folder: string): readonly RunOf[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /^[^.].*\.json$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((path) => parseReduced(path, readJson(path)));
}

function recordedIn(path: string): readonly RunOf[] {
  const experiment = basename(path);
  return readRecordFile(path).runs.map(({ name, rows, settings, summary }) => ({
    ...{ experiment, name, rows, settings, summary },
  }));
}

/** In the order of names that say nothing: neither what a run is, nor which are alike. */
function gathered(runs: readonly RunOf[]): Benchmark {
  const use = useOfDeclared();
  const all = runs
    .flatMap((run) => benchmarkRun(run, nameless(run), use(run)) ?? [])
    .sort((a, b) => (a.outcome.run < b.outcome.run ? -1 : 1));
  return { observed: all.map(({ observed }) => observed), outcomes: all.map(({ outcome }) => outcome) };
}

/** Stays the same whichever other runs there are. */
function nameless({ experiment, name, settings }: RunOf): string {
  return createHash('sha256')
    .update(`${experiment}/${runFile({ name, settings })}`)
    .digest('hex')
    .slice(0, 10);
}

/** A set that is not called `judge` is there to choose levels on. */
function useOfDeclared(): (run: RunOf) => Outcome['use'] {
  const declared = new Map<string, Experiment | null>();
  return ({ experiment, settings: { seed } }) => {
    if (!declared.has(experiment)) {
      declared.set(experiment, experimentNames().includes(experiment) ? readExperiment(experiment) : null);
    }
    const split = Object.entries(declared.get(experiment)?.split ?? {});
    return split.some(([set, seeds]) => set !== 'judge' && seeds.includes(seed)) ? 'fit' : 'judge';
  };
}
