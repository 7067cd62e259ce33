import type { Plan } from '../engine/plan.ts';
import { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import { interruption as interrupted, type LiveChange, type RunSummary } from '../records/run.ts';
import { thisLab } from '../records/thisLab.ts';
import { changeLine, headerLine, measured, stepLine, summaryLine } from '../records/write.ts';
import type { OwnFlags } from '../settings/arguments.ts';
import { flagHelp, flagOf, parseFlags, refuseIneffective } from '../settings/flags.ts';
import type { HyperparameterKey } from '../settings/hyperparameters.ts';
import { defaultPreset, presetName, presetNames, presets, type LaneSetup } from '../settings/presets.ts';
import { diffSettings, validateSettings } from '../settings/settings.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { openHeadless } from './headless.ts';
import { claimFolder, KeptTraining } from './keptTraining.ts';
import { modelFolder } from './modelFolder.ts';
import { Output } from './output.ts';
import { planLanes, type PlannedLane } from './planLanes.ts';
import { readTextFile } from './readInput.ts';
import { readRecordFile } from './recordFile.ts';
import { describe, runLane } from './runLane.ts';

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

/** Where lines of a record go, and checkpoints where they are kept. */
interface Sink {
  readonly write: (lines: string) => unknown;
  readonly kept: KeptTraining | null;
}

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
    await train(new Device(await openHeadless()), kept.lanes, sinkOf(kept), json);
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
    const device = new Device(await openHeadless());
    const kept = await KeptTraining.begin(checkpoints, await planLanes(device, lanes, given));
    await train(device, kept.lanes, sinkOf(kept), json);
    return;
  }
  // All that can be wrong with the place to write to is said before a device is opened.
  const output = out === null ? null : new Output(out, { flag: '--out', force, read });
  try {
    const device = new Device(await openHeadless());
    const planned = await planLanes(device, lanes, given);
    await train(device, planned, { write: (lines) => output?.write(lines), kept: null }, json);
  } finally {
    output?.close();
  }
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
  lanes: readonly PlannedLane[],
  { write, kept }: Sink,
  json: boolean,
): Promise<void> {
  const interruption = listenForEnd(kept !== null);
  const summaries: object[] = [];
  for (const [index, lane] of lanes.entries()) {
    if (interruption() !== null) break;
    const run = index + 1;
    const summary =
      kept?.ended(run)?.summary ?? (await trainLane(device, run, lane, { write, kept }, interruption));
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

/** Trains a lane from where it stands. */
async function trainLane(
  device: Device,
  run: number,
  lane: PlannedLane,
  { write, kept }: Sink,
  interruption: () => number | null,
): Promise<RunSummary> {
  const begun = kept?.begun(run) ?? null;
  const head = { ...lane, lab: thisLab, adapter: device.gpu.adapter, origin: null };
  // With the first row: a run that is refused leaves no file behind.
  let header = begun === null ? headerLine(run, head) : '';
  const rows: Partial<MetricRow>[] = [];
  const changes: LiveChange[] = [];
  let told = kept === null;
  const of = {
    record: async (row: Partial<MetricRow>) => {
      await write(header + stepLine(run, row));
      header = '';
      if (told) return;
      rows.push(measured(row));
      const compared = kept?.compared(run, { rows, changes }) ?? null;
      if (compared === null) return;
      told = true;
      console.error(`${lane.name}: ${compared}.`);
    },
    changed: (change: LiveChange) => {
      changes.push(change);
      return write(changeLine(run, change));
    },
    interrupted: () => interruption() !== null,
    ...(kept === null
      ? {}
      : {
          keep: async (checkpoint: Checkpoint, end: RunSummary | null) => {
            // A run that was told to end goes on another time.
            const ended = end !== null && end.stopped !== interrupted;
            if (ended) await write(header + summaryLine(run, end));
            await kept.keep(run, checkpoint, ended);
          },
        }),
  };
  const summary = await runLane(device, lane, of, [], begun);
  if (kept === null) await write(header + summaryLine(run, summary));
  return summary;
}

/** sysexits.h EX_TEMPFAIL: what schedulers take for "start it again". */
const startAgain = 75;

/**
 * Ctrl-C and SIGTERM let the step under way end, so that a record ends with a summary, or a run that is kept with a
 * checkpoint; the second one ends at once.
 * @param kept whether what is trained goes on another time
 * @returns what tells the exit status, null before one has come
 */
function listenForEnd(kept: boolean): () => number | null {
  let ending: number | null = null;
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', kept ? startAgain : 143],
  ] as const) {
    process.on(signal, () => {
      if (ending !== null) process.exit(status);
      ending = status;
    });
  }
  return () => ending;
}

function lanesOf(flags: ReturnType<typeof parseFlags>): LaneSetup[] {
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
