import type { Plan } from '../engine/plan.ts';
import { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import { thisLab } from '../records/thisLab.ts';
import { changeLine, headerLine, stepLine, summaryLine } from '../records/write.ts';
import type { OwnFlags } from '../settings/arguments.ts';
import { flagHelp, parseFlags, refuseIneffective } from '../settings/flags.ts';
import { defaultPreset, presetName, presetNames, presets, type LaneSetup } from '../settings/presets.ts';
import { diffSettings, validateSettings } from '../settings/settings.ts';
import { openHeadless } from './headless.ts';
import { modelFolder } from './modelFolder.ts';
import { Output } from './output.ts';
import { planLanes } from './planLanes.ts';
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
  const lanes = lanesOf(flags);
  const out = flags.own.get('out');
  const record = flags.own.get('plan');
  const given = typeof record === 'string' ? planOfRecord(record) : null;
  const force = flags.own.has('force');
  const read = [
    ...flags.read,
    ...(typeof record === 'string' ? [record] : []),
    ...lanes.map(({ settings }) => modelFolder(settings.model)),
  ];
  // All that can be wrong with the place to write to is said before a device is opened.
  const output = typeof out === 'string' ? new Output(out, { flag: '--out', force, read }) : null;
  try {
    await train(lanes, given, output, flags.own.has('json'));
  } finally {
    output?.close();
  }
}

/** Trains lanes one after another, and writes and prints what comes of them. */
async function train(
  lanes: readonly LaneSetup[],
  given: Plan | null,
  output: Output | null,
  json: boolean,
): Promise<void> {
  const interruption = listenForEnd();
  const gpu = await openHeadless();
  const device = new Device(gpu);
  const planned = await planLanes(device, lanes, given);
  const summaries: object[] = [];
  for (const [index, lane] of planned.entries()) {
    if (interruption() !== null) break;
    const { name, settings } = lane;
    const run = index + 1;
    const head = { ...lane, lab: thisLab, adapter: gpu.adapter, origin: null };
    // With the first row: a run that is refused leaves no file behind.
    let header = headerLine(run, head);
    const summary = await runLane(device, lane, {
      record: (row) => {
        output?.write(header + stepLine(run, row));
        header = '';
      },
      changed: (change) => output?.write(changeLine(run, change)),
      interrupted: () => interruption() !== null,
    });
    output?.write(header + summaryLine(run, summary));
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

/**
 * Ctrl-C and SIGTERM let the step under way end, so that a record ends with a summary; the second one ends at once.
 * @returns what tells the exit status, null before one has come
 */
function listenForEnd(): () => number | null {
  let ending: number | null = null;
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
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
