import { LabError } from '../lib/labError.ts';
import { setupsOf, slug, type Experiment, type RunSetup } from '../experiments/declaration.ts';
import { reduced, type ReducedRun } from '../experiments/reduced.ts';
import { otherwise } from '../experiments/resume.ts';
import type { AdapterSummary } from '../gpu/device.ts';
import { ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import {
  claimResults,
  experimentNames,
  readExperiment,
  readResult,
  readResults,
  resultPath,
  resultsFolder,
  writeResult,
} from './experimentFiles.ts';
import { openLocalEngine } from './localEngine.ts';
import { describe } from './runLane.ts';

const own: OwnFlags = {
  seeds: { type: 'string', value: '0,1', help: 'only these of its seeds' },
  only: { type: 'string', value: 'lane', help: 'only this lane, by its name or as its files are called' },
  out: { type: 'string', value: 'folder', help: `where the results lie (default ${resultsFolder})` },
  force: { type: 'boolean', help: 'make anew what was made with other settings or on another adapter' },
  help: { type: 'boolean', help: 'this list' },
};

/**
 * `npm run experiment`: makes the runs of a declared experiment that are not there yet, in this process. Without a name
 * it says which experiments there are, and how much of them was made.
 */
export default async function main(argv: string[]): Promise<void> {
  if (argv.length === 0) {
    console.log(overview());
    return;
  }
  if (argv.includes('--help')) {
    console.log(
      `npm run experiment -- NAME [flags]\n\nNAME: one of experiments/, or a JSON file like those.\n\n${ownHelp(own).join('\n')}`,
    );
    return;
  }
  const {
    flags,
    words: [given],
  } = readArguments(argv, own, ['the name of an experiment']);
  const text = (flag: string): string | undefined => flags.get(flag)?.toString();
  const out = text('out') ?? resultsFolder;
  const force = flags.has('force');
  const experiment = readExperiment(given);
  const { name, keep } = experiment;
  const lanes = lanesOf(experiment, text('only'));
  const seeds = seedsOf(experiment, text('seeds'));
  const chosen = setupsOf(experiment)
    .filter((setup) => lanes.includes(setup.name) && seeds.includes(setup.settings.seed))
    .map((setup) => ({ setup, found: readResult(setup, out) }));
  // Before a device is opened, and once more when it is known which.
  if (!force) refuseOthers(chosen, out, null);
  claimResults(experiment, out);
  const engine = await openLocalEngine();
  if (!force) refuseOthers(chosen, out, engine.adapter);

  const missing = chosen.filter(
    ({ setup, found }) => found === null || otherwise(found, setup, engine.adapter) !== null,
  );
  const there = chosen.length - missing.length;
  if (there > 0) console.log(`${name}: ${there} of ${chosen.length} runs are there.`);
  const command = `npm run experiment -- ${argv.map(quoted).join(' ')}`;
  for (const [done, { setup }] of missing.entries()) {
    const record = await engine.run(setup);
    writeResult(setup, reduced(record, keep, { experiment: name, command }), out);
    const { settings } = setup;
    const ended =
      record.summary === null ? 'no summary' : describe(setup.name, settings.seed, record.summary);
    console.log(`${name}, ${there + done + 1} of ${chosen.length}: ${ended}`);
  }
}

/** A line an experiment. */
function overview(): string {
  return experimentNames()
    .map((name) => {
      const experiment = readExperiment(name);
      const made = readResults(experiment).length;
      return `${name.padEnd(20)} ${String(made).padStart(3)} of ${setupsOf(experiment).length} runs  ${experiment.title}`;
    })
    .join('\n');
}

function lanesOf({ name, lanes }: Experiment, only: string | undefined): readonly string[] {
  const names = lanes.map((lane) => lane.name);
  if (only === undefined) return names;
  const found = names.find((lane) => lane === only || slug(lane) === only);
  if (found !== undefined) return [found];
  throw new LabError(
    'bad-setting',
    `--only can't be "${only}": ${name} has no such lane.`,
    `Choose of ${names.map(slug).join(', ')}.`,
  );
}

function seedsOf({ name, seeds }: Experiment, given: string | undefined): readonly number[] {
  if (given === undefined) return seeds;
  return given.split(',').map((text) => {
    const found = seeds.find((seed) => String(seed) === text.trim());
    if (found !== undefined) return found;
    throw new LabError(
      'bad-setting',
      `--seeds can't be "${given}": ${name} declares no seed "${text}".`,
      `Choose of ${seeds.join(',')}, or declare it in experiments/${name}.json.`,
    );
  });
}

interface Chosen {
  readonly setup: RunSetup;
  readonly found: ReducedRun | null;
}

/** Results made otherwise are somebody's: they are not replaced unasked. */
function refuseOthers(chosen: readonly Chosen[], out: string, adapter: AdapterSummary | null): void {
  const others = chosen.flatMap(({ setup, found }) => {
    const why = found === null ? null : otherwise(found, setup, adapter);
    return why === null ? [] : [{ setup, why }];
  });
  const [first] = others;
  if (first === undefined) return;
  const more = others.length === 1 ? '' : `, and ${others.length - 1} more are not as wanted either`;
  throw new LabError(
    'bad-file',
    `${resultPath(first.setup, out)} was made ${first.why}${more}.`,
    'Give --force to make them anew, or --out to write elsewhere.',
  );
}

/** As it would be typed. */
function quoted(word: string): string {
  return /^[\w.,=/-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
