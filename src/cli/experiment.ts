import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setupsOf, slug, type Experiment, type RunSetup } from '../experiments/declaration.ts';
import { ranges, runsOfTask, taskIndex } from '../experiments/indices.ts';
import { otherwise } from '../experiments/resume.ts';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { numberOf, ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import { engineOf, engines } from './engines.ts';
import { statuses, statusOf } from './exitStatus.ts';
import {
  experimentNames,
  experimentPath,
  readExperiment,
  readResult,
  readResults,
  resultPath,
  resultsFolder,
} from './experimentFiles.ts';
import { runPool } from './experimentPool.ts';
import { jsonReport, plainReport } from './experimentReport.ts';
import { runTask } from './experimentTask.ts';
import { listenForEnd, startAgain } from './listenForEnd.ts';
import { Output } from './output.ts';
import { quoted, type Engine, type Sweep } from './sweep.ts';

const own: OwnFlags = {
  seeds: { type: 'string', value: '0,1', help: 'only these of its seeds' },
  only: { type: 'string', value: 'lane', help: 'only this lane, by its name or as its files are called' },
  out: { type: 'string', value: 'folder', help: `where the results lie (default ${resultsFolder})` },
  index: {
    type: 'string',
    value: 'number',
    help: 'only the runs of this task of an array, from 0 (else as the engine’s variable says: docs/experiments.md)',
  },
  'per-task': { type: 'string', value: 'number', help: 'runs a task (default 1)' },
  jobs: { type: 'string', value: 'number', help: 'as many tasks at once, each a process of its own' },
  engine: {
    type: 'string',
    value: Object.keys(engines).join('|'),
    help: 'make nothing, but print what this engine takes to make what is missing',
  },
  to: { type: 'string', value: 'file', help: 'write that to a file' },
  software: { type: 'boolean', help: 'let tasks compute on the processor where there is no GPU' },
  json: { type: 'boolean', help: 'print what happens as JSON lines' },
  force: {
    type: 'boolean',
    help: 'make anew what was made with other settings; with --to, replace the file',
  },
  help: { type: 'boolean', help: 'this list' },
};

/**
 * `npm run experiment`: makes the runs of a declared experiment that are not there yet: all of them, or those of one
 * task of an array. Without a name it says which experiments there are, and how much of them was made.
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
  try {
    process.exitCode = await run(argv);
  } catch (error) {
    process.exitCode = statusOf(error);
    throw error;
  }
}

async function run(argv: string[]): Promise<number> {
  const {
    flags,
    words: [given],
  } = readArguments(argv, own, ['the name of an experiment']);
  const text = (flag: string): string | undefined => flags.get(flag)?.toString();
  const count = (flag: string, most: number): number | null => {
    const value = text(flag);
    return value === undefined ? null : numberOf(`--${flag}`, value, { range: [1, most], whole: true });
  };
  const out = text('out') ?? resultsFolder;
  const experiment = readExperiment(given);
  const { name } = experiment;
  const [lanes, seeds] = [lanesOf(experiment, text('only')), seedsOf(experiment, text('seeds'))];
  const chosen = setupsOf(experiment).filter(
    (setup) => lanes.includes(setup.name) && seeds.includes(setup.settings.seed),
  );
  const [each, jobs] = [count('per-task', 1_000_000) ?? 1, count('jobs', 256)];
  const [first, second] = ['engine', 'jobs', 'index'].filter((flag) => flags.has(flag));
  if (first !== undefined && second !== undefined) {
    throw new LabError(
      'bad-setting',
      `--${first} and --${second} can’t both be given.`,
      'Leave out one of them.',
    );
  }
  if (flags.has('to') && first !== 'engine') {
    throw new LabError('bad-setting', '--to is without --engine.', 'Give both, or --out for results.');
  }
  const engine = text('engine');
  if (engine !== undefined) {
    refuseOthers(chosen, out, false);
    writeFor(
      engineOf(engine),
      {
        ...{ name, given, tasks: missingTasks(chosen, each, out) },
        flags: [...flags].flatMap(([name, value]) =>
          ['engine', 'to', 'out', 'force'].includes(name)
            ? []
            : value === true
              ? [`--${name}`]
              : [`--${name}`, value],
        ),
        ...{ checkout: process.cwd(), out: resolve(out), gpu: !flags.has('software') },
      },
      { to: text('to'), force: flags.has('force') },
    );
    return statuses.done;
  }
  const index = jobs === null ? taskIndex(text('index'), process.env) : null;
  const setups = index === null ? chosen : chosen.slice(...runsOfTask(index, each, chosen.length));
  refuseOthers(setups, out, flags.has('force'));

  const report = flags.has('json') ? jsonReport(setups) : plainReport(name, setups, out);
  const interruption = listenForEnd({
    SIGINT: startAgain,
    SIGTERM: startAgain,
    SIGUSR1: startAgain,
    SIGUSR2: startAgain,
  });
  if (jobs !== null) {
    const tasks = Math.ceil(chosen.length / each);
    const others = argv.filter((word, at) => !isOf('--jobs', word, argv[at - 1]) && word !== '--force');
    return runPool(tasks, jobs, others, interruption);
  }
  return runTask(
    experiment,
    setups,
    {
      folder: out,
      // Of all tasks the same, as the bits are.
      command: `npm run experiment -- ${quoted(given)}`,
      software: index === null || flags.has('software'),
      interruption,
    },
    report,
  );
}

/** Numbers of the tasks that have a run which is not there. @param each runs a task @throws LabError where there is none */
function missingTasks(setups: readonly RunSetup[], each: number, out: string): readonly number[] {
  const missing = setups.flatMap((setup, at) =>
    readResult(setup, out) === null ? [Math.floor(at / each)] : [],
  );
  if (missing.length > 0) return [...new Set(missing)];
  throw new LabError(
    'bad-setting',
    `Nothing is left to make: all ${setups.length} runs are in ${quotePath(out)}.`,
    'Name another folder with --out.',
  );
}

/** What an engine takes: printed, or written to a file. */
function writeFor(
  engine: Engine,
  sweep: Sweep,
  { to, force }: { to: string | undefined; force: boolean },
): void {
  const text = engine.write(sweep, to ?? 'FILE');
  if (to === undefined) {
    process.stdout.write(text);
    return;
  }
  const output = new Output(to, { flag: '--to', force, read: [experimentPath(sweep.given)] });
  output.write(text);
  output.close();
  console.log(`${to}: ${sweep.name} for ${engine.title}, tasks ${ranges(sweep.tasks)}.`);
}

/** Whether a word is a flag, with its value or before it. */
function isOf(flag: string, word: string, before: string | undefined): boolean {
  return word === flag || word.startsWith(`${flag}=`) || before === flag;
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

/** Results made otherwise are somebody's: they are not replaced unasked. @param force whether that was asked */
function refuseOthers(setups: readonly RunSetup[], out: string, force: boolean): void {
  const others = setups.flatMap((setup) => {
    const found = readResult(setup, out);
    const why = found === null ? null : otherwise(found, setup);
    return why === null ? [] : [{ path: resultPath(setup, out), why }];
  });
  const [first] = others;
  if (first === undefined) return;
  if (force) {
    for (const { path } of others) rmSync(path);
    return;
  }
  const more = others.length === 1 ? '' : `, and ${others.length - 1} more are not as wanted either`;
  throw new LabError(
    'bad-file',
    `${first.path} was made ${first.why}${more}.`,
    'Give --force to make them anew, or --out to write elsewhere.',
  );
}
