import type { Plan } from '../engine/plan.ts';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { flagHelp, parseFlags, refuseIneffective, type OwnFlags } from '../settings/flags.ts';
import { defaultPreset, presetName, presetNames, presets, type LaneSetup } from '../settings/presets.ts';
import { diffSettings, validateSettings } from '../settings/settings.ts';
import { openHeadless } from './headless.ts';
import { planLanes } from './planLanes.ts';
import { readTextFile } from './readInput.ts';
import { readRecord } from './readRecord.ts';
import { checkWritable, measured, RecordFile } from './recordFile.ts';
import { describe, runLane, type RunSummary } from './runLane.ts';
import { versions } from './versions.ts';

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
  out: { type: 'string', value: 'file', help: 'write JSON lines: header, a record per step, summary' },
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
  if (typeof out === 'string') checkWritable(out);
  const record = flags.own.get('plan');
  const given = typeof record === 'string' ? planOfRecord(record) : null;
  const json = flags.own.has('json');

  // Ctrl-C lets the step under way end, so that the file ends with a summary.
  const interruption = { asked: false };
  process.once('SIGINT', () => {
    interruption.asked = true;
    process.once('SIGINT', () => process.exit(130));
  });

  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  const planned = await planLanes(gpu, kernels, lanes, given);
  const file = new RecordFile(typeof out === 'string' ? out : null, {
    type: 'header',
    version: 1,
    lanes: planned,
    adapter: gpu.adapter,
    versions: versions(),
  });
  const summaries: RunSummary[] = [];
  try {
    for (const lane of planned) {
      if (interruption.asked) break;
      const summary = await runLane(gpu, kernels, lane, {
        record: (metrics) => {
          file.write({ type: 'step', lane: lane.name, ...measured(metrics) });
        },
        guarded: (step, changes) => {
          file.write({ type: 'change', lane: lane.name, step, by: 'guard', changes });
        },
        interrupted: () => interruption.asked,
      });
      file.write(summary);
      summaries.push(summary);
      if (summary.stopped !== undefined) {
        console.error(`${lane.name}: ${summary.stopped}`);
        process.exitCode = 2;
      }
      if (!json) console.log(describe(summary));
    }
  } finally {
    file.close();
  }
  if (json) console.log(JSON.stringify(summaries));
  if (interruption.asked) process.exitCode = 130;
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
  const plan = readRecord(path)[0]?.plan;
  if (plan !== undefined && plan !== null) return plan;
  throw new LabError(
    'bad-file',
    `--plan "${path}" names no kernels that this version has.`,
    'Name a file written by npm run train -- --out, or exported from the page, by this version.',
  );
}
