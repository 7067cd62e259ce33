import type { Plan } from '../engine/plan.ts';
import { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import type { OwnFlags } from '../settings/arguments.ts';
import { flagHelp, flagOf, parseFlags, refuseIneffective, type ParsedFlags } from '../settings/flags.ts';
import type { HyperparameterKey } from '../settings/hyperparameters.ts';
import { defaultPreset, presetName, presetNames, presets, type LaneSetup } from '../settings/presets.ts';
import { diffSettings, validateSettings } from '../settings/settings.ts';
import { openHeadless } from './headless.ts';
import { claimFolder, KeptTraining } from './keptTraining.ts';
import { startAgain } from './listenForEnd.ts';
import { modelFolder } from './modelFolder.ts';
import { Output } from './output.ts';
import { planLanes } from './planLanes.ts';
import { readTextFile } from './readInput.ts';
import { readRecordFile } from './recordFile.ts';
import { describe, type TrainedLane } from './runLane.ts';
import { Starting } from './starting.ts';
import { trainLane, type Sink } from './trainLane.ts';

const own: OwnFlags = {
  preset: {
    type: 'string',
    value: 'name',
    help: `where the settings start: ${presetNames.join(', ')} (default ${defaultPreset})`,
  },
  lane: {
    type: 'string',
    value: 'number',
    help: 'train only this lane of the preset, from 1 (default: all, one after another)',
  },
  out: {
    type: 'string',
    value: 'file',
    help: 'write a record: JSON lines, of each lane header, steps, summary',
  },
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
  force: { type: 'boolean', help: 'replace the file of --out where it is there already' },
  plan: {
    type: 'string',
    value: 'file',
    help: 'use the kernels of this record (JSON lines of an earlier run), for the same bits on the same adapter',
  },
  json: { type: 'boolean', help: 'print only the summaries, as JSON, to standard output' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run train`: the Trainer of the page, headless. */
export default async function main(argv: string[]): Promise<void> {
  const flags = parseFlags(argv, own, readTextFile);
  if (flags.own.has('help')) {
    console.log(`npm run train -- [flags]\n\n${flagHelp(own)}`);
    return;
  }
  const text = (name: string): string | null => {
    const value = flags.own.get(name);
    return typeof value === 'string' ? value : null;
  };
  const folder = text('resume') ?? text('checkpoints');
  const starting = new Starting({ SIGINT: 130, SIGTERM: folder === null ? 143 : startAgain });
  await starting.around(() => trainGiven(flags, text, starting), folder);
}

/** What the flags ask for. @param text the value of one */
async function trainGiven(
  flags: ParsedFlags,
  text: (name: string) => string | null,
  starting: Starting,
): Promise<void> {
  const json = flags.own.has('json');
  const folder = text('resume');
  if (folder !== null) {
    const others = [
      ...flags.own.keys(),
      ...Object.keys(flags.changes).map((key) => flagOf(key as HyperparameterKey)),
    ];
    refuseBeside(
      'resume',
      others.find((name) => !['resume', 'json'].includes(name)),
    );
    const kept = await KeptTraining.resume(folder);
    await train(await opened(starting), kept.lanes, sinkOf(kept), starting, json);
    return;
  }
  const lanes = lanesOf(flags);
  const [out, checkpoints, record] = [text('out'), text('checkpoints'), text('plan')];
  const given = record === null ? null : planOfRecord(record);
  const force = flags.own.has('force');
  const read = [
    ...flags.read,
    ...(record === null ? [] : [record]),
    ...lanes.map(({ settings }) => modelFolder(settings.model)),
  ];
  if (checkpoints !== null) {
    refuseBeside('checkpoints', out !== null ? 'out' : force ? 'force' : undefined);
    claimFolder(checkpoints, read);
    const device = await opened(starting);
    const planned = await starting.wait(() => planLanes(device, lanes, given));
    const kept = await KeptTraining.begin(checkpoints, planned);
    await train(device, kept.lanes, sinkOf(kept), starting, json);
    return;
  }
  // All that can be wrong with the place to write to is said before a device is opened.
  const output = out === null ? null : new Output(out, { flag: '--out', force, read });
  try {
    const device = await opened(starting);
    const planned = await starting.wait(() => planLanes(device, lanes, given));
    await train(device, planned, { write: (lines) => output?.write(lines), kept: null }, starting, json);
  } finally {
    output?.close();
  }
}

async function opened(starting: Starting): Promise<Device> {
  return new Device(await starting.wait(openHeadless));
}

function sinkOf(kept: KeptTraining): Sink {
  return { write: (lines) => kept.append(lines), kept };
}

const beside = {
  resume: 'The folder says what is trained, and how: give --json at most beside it.',
  checkpoints: 'The record goes into the folder, record.jsonl, which must be a new one.',
} as const;

/** @throws LabError where a flag was given that can't stand beside another */
function refuseBeside(flag: keyof typeof beside, other: string | undefined): void {
  if (other === undefined) return;
  throw new LabError('bad-setting', `--${flag} can't be given together with --${other}.`, beside[flag]);
}

/** Trains lanes one after another, and writes and prints what comes of them. */
async function train(
  device: Device,
  lanes: readonly TrainedLane[],
  { write: toRecord, kept }: Sink,
  starting: Starting,
  json: boolean,
): Promise<void> {
  const { interruption } = starting;
  const write: Sink['write'] = (lines) => {
    starting.over();
    return toRecord(lines);
  };
  const summaries: object[] = [];
  for (const [index, lane] of lanes.entries()) {
    if (interruption() !== null) break;
    const run = index + 1;
    const summary =
      kept?.ended(run)?.summary ??
      (await starting.wait(() => trainLane(device, run, lane, { write, kept }, interruption)));
    const { name, settings } = lane;
    summaries.push({ lane: name, seed: settings.seed, ...summary });
    if (summary.stopped !== undefined && interruption() === null) {
      console.error(`${name}: ${summary.stopped}`);
      process.exitCode = 2;
    }
    if (!json) console.log(describe(name, settings.seed, summary));
  }
  if (json) console.log(JSON.stringify(summaries));
  const status = interruption();
  if (status !== null) process.exitCode = status;
}

function lanesOf(flags: ParsedFlags): LaneSetup[] {
  const preset = presets[presetName(String(flags.own.get('preset') ?? defaultPreset))];
  const number = flags.own.get('lane');
  const chosen =
    number === undefined ? preset.lanes : preset.lanes.filter((_, i) => String(i + 1) === number);
  if (chosen.length === 0) {
    throw new LabError(
      'bad-setting',
      `--lane can't be "${String(number)}": the preset has ${String(preset.lanes.length)}.`,
      `Give a whole number from 1 to ${String(preset.lanes.length)}.`,
    );
  }
  const lanes: LaneSetup[] = [];
  for (const { name, settings } of chosen) {
    const changed = validateSettings(flags.changes, settings);
    if (lanes.some((lane) => Object.keys(diffSettings(lane.settings, changed)).length === 0)) continue;
    lanes.push({ name, settings: changed });
  }
  // A flag must have an effect somewhere; one that only some lanes know is fine.
  for (const [key, value] of Object.entries(flags.changes)) {
    const refusals = lanes.flatMap(({ settings }) => {
      try {
        refuseIneffective({ [key]: value }, settings);
        return [];
      } catch (error) {
        return [error];
      }
    });
    if (refusals.length === lanes.length) throw refusals[0];
  }
  return lanes;
}

/** The kernels of a record's first lane. */
function planOfRecord(path: string): Plan {
  const plan = readRecordFile(path).runs[0]?.plan;
  if (plan !== undefined && plan !== null) return plan;
  throw new LabError(
    'bad-file',
    `--plan "${path}" names no kernels that this version has.`,
    'Name a file written by npm run train -- --out, or exported from the page, by this version.',
  );
}
