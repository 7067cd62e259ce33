import { existsSync } from 'node:fs';
import { setupsOf, type RunSetup } from '../experiments/declaration.ts';
import { ranges } from '../experiments/indices.ts';
import type { ReducedRun } from '../experiments/reduced.ts';
import { adapterName, otherwise } from '../experiments/resume.ts';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import { readExperiment, readResult, resultsFolder, writeResult } from './experimentFiles.ts';
import { describe } from './runLane.ts';

const own: OwnFlags = {
  from: {
    type: 'string',
    value: 'folder',
    help: 'where tasks wrote: their --out; folders of several, with commas',
  },
  out: { type: 'string', value: 'folder', help: `where the results are gathered (default ${resultsFolder})` },
  force: { type: 'boolean', help: 'replace what is there and made with other settings' },
  help: { type: 'boolean', help: 'this list' },
};

/**
 * `npm run collect`: gathers the runs of an experiment that tasks made, however many are there, and says which are not,
 * as an array job takes their numbers.
 */
export default function main(argv: string[]): void {
  if (argv.length === 0 || argv.includes('--help')) {
    console.log(`npm run collect -- NAME --from FOLDER [flags]\n\n${ownHelp(own).join('\n')}`);
    return;
  }
  const {
    flags,
    words: [given],
  } = readArguments(argv, own, ['the name of an experiment']);
  const experiment = readExperiment(given);
  const out = flags.get('out')?.toString() ?? resultsFolder;
  const folders = (flags.get('from')?.toString() ?? out).split(',');
  const absent = folders.find((folder) => !existsSync(folder));
  if (absent !== undefined) {
    throw new LabError(
      'bad-file',
      `--from ${quotePath(absent)} is not there.`,
      'Name a folder that tasks wrote to.',
    );
  }
  const setups = setupsOf(experiment);
  const [found, missing, adapters]: [number[], number[], Set<string>] = [[], [], new Set()];
  for (const setup of setups) {
    const run = [...folders, out].map((folder) => wanted(setup, folder)).find((one) => one !== null) ?? null;
    if (run === null) {
      missing.push(setup.index);
      continue;
    }
    const there = readResult(setup, out);
    const why = there === null ? null : otherwise(there, setup);
    if (why !== null && !flags.has('force')) {
      throw new LabError(
        'bad-file',
        `${quotePath(out)} holds a run of ${setup.name}, seed ${setup.settings.seed}, that was made ${why}.`,
        'Give --force to replace it, or --out to gather elsewhere.',
      );
    }
    if (there === null || why !== null) writeResult(setup, run, out);
    found.push(setup.index);
    if (run.adapter !== null) adapters.add(adapterName(run.adapter));
    if (run.summary !== null) console.log(describe(setup.name, setup.settings.seed, run.summary));
  }
  console.log(
    `${experiment.name}: ${found.length} of ${setups.length} runs are in ${out}/${experiment.name}.`,
  );
  if (missing.length > 0) console.log(`Missing, as an array job takes them: ${ranges(missing)}`);
  // Bits are equal on one adapter only.
  if (adapters.size > 1) console.log(`Made on ${adapters.size} adapters: ${[...adapters].join('; ')}`);
}

/** A run of a folder that was made as declared; one made otherwise, or that can't be read, is said and passed over. */
function wanted(setup: RunSetup, folder: string): ReducedRun | null {
  try {
    const run = readResult(setup, folder);
    const why = run === null ? null : otherwise(run, setup);
    if (why === null) return run;
    console.error(
      `${quotePath(folder)}: ${setup.name}, seed ${setup.settings.seed}, was made ${why}: passed over.`,
    );
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    console.error(`${error.message} Passed over.`);
  }
  return null;
}
