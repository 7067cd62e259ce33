import { describe as describeModel } from '../asking/model.ts';
import { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { forkName } from '../records/lora.ts';
import { settingsAfter } from '../records/settingsAfter.ts';
import { decidedElsewhere } from '../settings/adapterKnobs.ts';
import type { OwnFlags } from '../settings/arguments.ts';
import { flagHelp, flagOf, parseFlags, refuseIneffective, type ParsedFlags } from '../settings/flags.ts';
import type { HyperparameterKey, Settings } from '../settings/hyperparameters.ts';
import { diffSettings, validateSettings } from '../settings/settings.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import {
  filesOfRun,
  openAdapterRun,
  reopenAdapterRun,
  runFlags,
  trainerOf,
  writeAdapters,
  type AdapterRun,
} from './adapterRun.ts';
import { openHeadless } from './headless.ts';
import { claimFolder, KeptTraining, readStanding } from './keptTraining.ts';
import { startAgain } from './listenForEnd.ts';
import { valuesOf } from './modelFlags.ts';
import { claim, Output } from './output.ts';
import { readTextFile } from './readInput.ts';
import { describe, type TrainedLane } from './runLane.ts';
import { Starting } from './starting.ts';
import { Timed } from './timedAdapter.ts';
import { trainLane, type Sink } from './trainLane.ts';

const own: OwnFlags = {
  ...runFlags,
  memory: { type: 'string', value: 'GB', help: 'refuse what needs more' },
  time: {
    type: 'boolean',
    help: 'say before what a step takes, as measured here, and at the end how far off it was',
  },
  out: { type: 'string', value: 'file', help: 'write a record: JSON lines' },
  checkpoints: {
    type: 'string',
    value: 'folder',
    help: 'keep the run in a new folder, record and checkpoints, so that --resume goes on with it bit for bit',
  },
  resume: {
    type: 'string',
    value: 'folder',
    help: 'go on with what --checkpoints has kept, after whatever ended it',
  },
  fork: {
    type: 'string',
    value: 'folder',
    help: 'with --checkpoints and --save: begin where a run stands that --checkpoints keeps, with the knobs changed that are given',
  },
  force: { type: 'boolean', help: 'replace the file of --out where it is there already' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run lora`: trains an adapter of a model made elsewhere, on prompts of a file, by any algorithm of the lab. */
export default async function main(argv: string[]): Promise<void> {
  const flags = parseFlags(argv, own, readTextFile);
  if (flags.own.has('help')) {
    console.log(
      `npm run lora -- --model FOLDER --prompts FILE.jsonl --save FOLDER [flags]\n\n${flagHelp(own)}`,
    );
    return;
  }
  const { text } = valuesOf(flags.own, own);
  const folder = text('resume') ?? text('checkpoints') ?? null;
  const starting = new Starting({ SIGINT: 130, SIGTERM: folder === null ? 143 : startAgain });
  await starting.around(() => trainGiven(flags, starting), folder);
}

/** What the flags ask for. */
async function trainGiven(flags: ParsedFlags, starting: Starting): Promise<void> {
  const { text, number } = valuesOf(flags.own, own);
  const memory = text('memory') === undefined ? null : 1e9 * number('memory', 0, [0.001, 1e4], false);
  const [resumed, checkpoints, out] = [text('resume'), text('checkpoints'), text('out')];
  if (resumed !== undefined) {
    refuseBeside('resume', flags, ['resume', 'memory']);
    await resume(resumed, memory, starting);
    return;
  }
  if (text('fork') !== undefined) {
    await fork(flags, memory, starting);
    return;
  }
  const settings = settingsOf(flags);
  const run = await starting.wait(() => openAdapterRun(flags.own, settings));
  const lane = { name: run.name, settings, plan: null, lora: run.lora };
  const force = flags.own.has('force');
  if (checkpoints !== undefined && (out !== undefined || force)) {
    throw new LabError(
      'bad-setting',
      `--checkpoints can't be given together with --${force ? 'force' : 'out'}.`,
      'The record goes into the folder, record.jsonl, which must be a new one.',
    );
  }
  const time = flags.own.has('time');
  claimFolder(run.save, run.read, '--save');
  if (checkpoints !== undefined) {
    claimFolder(checkpoints, [...run.read, run.save]);
    const kept = await KeptTraining.begin(checkpoints, [lane], filesOfRun(run));
    await train(run, lane, { write: (lines) => kept.append(lines), kept }, { memory, time, starting });
    return;
  }
  const output = out === undefined ? null : new Output(out, { flag: '--out', force, read: run.read });
  try {
    await train(
      run,
      lane,
      { write: (lines) => output?.write(lines), kept: null },
      { memory, time, starting },
    );
  } finally {
    output?.close();
  }
}

/** @param base to change. @throws LabError for knobs that have no effect here */
function settingsOf({ changes }: ParsedFlags, base?: Settings): Settings {
  for (const key of decidedElsewhere) {
    if (changes[key] === undefined) continue;
    throw new LabError('bad-setting', `"${key}" has no effect on a model made elsewhere.`, 'Leave it out.');
  }
  const settings = validateSettings(changes, base);
  refuseIneffective(changes, settings);
  return settings;
}

/** @param known what may be given together with a flag whose folder says the rest. @throws LabError for anything else */
function refuseBeside(
  flag: string,
  { own: given, changes }: { readonly own: ParsedFlags['own']; readonly changes: ParsedFlags['changes'] },
  known: readonly string[],
): void {
  const knobs = Object.keys(changes).map((key) => flagOf(key as HyperparameterKey));
  const other = [...given.keys(), ...knobs].find((name) => !known.includes(name));
  if (other === undefined) return;
  const beside = known.filter((name) => name !== flag).map((name) => `--${name}`);
  throw new LabError(
    'bad-setting',
    `--${flag} can't be given together with --${other}.`,
    `The folder says what is trained, and how: give ${beside.join(', ')} at most beside it.`,
  );
}

/** Begins where a run stands that was kept: with its record, its optimiser and all, and other knobs from there on. */
async function fork(flags: ParsedFlags, memory: number | null, starting: Starting): Promise<void> {
  refuseBeside('fork', { ...flags, changes: {} }, ['fork', 'save', 'checkpoints', 'memory']);
  const { needed } = valuesOf(flags.own, own);
  const [from, save, checkpoints] = [needed('fork'), needed('save'), needed('checkpoints')];
  const { record, checkpoint } = await readStanding(from, '--fork', 'lora');
  const before = settingsAfter(record);
  const settings = settingsOf(flags, before);
  const changes = diffSettings(before, settings);
  const { step } = checkpoint;
  if (Object.keys(changes).length === 0) {
    throw new LabError(
      'bad-setting',
      'The fork would be the same run.',
      'Give the knobs that are to be others.',
    );
  }
  if (settings.steps <= step) {
    throw new LabError(
      'bad-setting',
      `--fork ${quotePath(from)} has made ${String(step)} steps, and ${String(settings.steps)} are wanted.`,
      `Give --steps of more than ${String(step)}.`,
    );
  }
  const run = await starting.wait(() => reopenAdapterRun(from, '--fork', record.settings, save));
  claimFolder(run.save, run.read, '--save');
  claimFolder(checkpoints, [...run.read, run.save]);
  const name = forkName(record.name, step, [before.algorithm, settings.algorithm]);
  const forked = {
    ...record,
    name,
    origin: { name: record.name, step },
    changes: [...record.changes, { step, by: 'checkpoint' as const, changes }],
  };
  const lane = { name, settings: record.settings, plan: null };
  await KeptTraining.begin(checkpoints, [lane], filesOfRun(run), { record: forked, checkpoint });
  await resume(checkpoints, memory, starting, true);
}

/**
 * Goes on with a run that was kept; of one that has come to its end it says once more what came of it.
 * @param claimed whether its folders are this command's already
 */
async function resume(
  folder: string,
  memory: number | null,
  starting: Starting,
  claimed = false,
): Promise<void> {
  const kept = await KeptTraining.resume(folder, 'lora', claimed);
  const [lane] = kept.lanes;
  if (lane === undefined) throw new RangeError('a kept training has a lane');
  const done = kept.ended(1)?.summary ?? null;
  if (done !== null) {
    console.log(describe(lane.name, lane.settings.seed, done));
    return;
  }
  const run = await starting.wait(() => reopenAdapterRun(folder, '--resume', lane.settings));
  if (!claimed) claim(run.save, { flag: '--save', force: true, read: run.read });
  await train(
    run,
    { ...lane, lora: run.lora },
    { write: (lines) => kept.append(lines), kept },
    { memory, time: false, starting },
  );
}

async function train(
  run: AdapterRun,
  lane: TrainedLane,
  sink: Pick<Sink, 'write' | 'kept'>,
  {
    memory,
    time,
    starting,
  }: { readonly memory: number | null; readonly time: boolean; readonly starting: Starting },
): Promise<void> {
  console.log(describeModel(run.asked));
  const device = new Device(await starting.wait(openHeadless));
  const { interruption } = starting;
  const write: Sink['write'] = (lines) => {
    starting.over();
    return sink.write(lines);
  };
  const save = (checkpoint: Checkpoint, ended: boolean): void => {
    writeAdapters(run, checkpoint, ended);
  };
  const timed = time ? await starting.wait(() => Timed.measure(run, device, lane.settings)) : null;
  const make = trainerOf(run, device, memory);
  const hooks = timed === null ? { make } : timed.hooks(make);
  const summary = await starting.wait(() =>
    trainLane(device, 1, lane, { ...sink, write, save, ...hooks }, interruption, hooks.make),
  );
  if (timed !== null) console.log(timed.words);
  console.log(describe(lane.name, lane.settings.seed, summary));
  if (summary.stopped !== undefined && interruption() === null) process.exitCode = 2;
  process.exitCode = interruption() ?? process.exitCode;
}
