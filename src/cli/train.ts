import { closeSync, openSync, writeSync } from 'node:fs';
import { summarise, type Evaluation, type Summary } from '../diagnostics/collapse.ts';
import type { Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { flagHelp, parseFlags, refuseIneffective, type OwnFlags } from '../settings/flags.ts';
import { defaultPreset, presetName, presetNames, presets, type Lane } from '../settings/presets.ts';
import { diffSettings, validateSettings } from '../settings/settings.ts';
import type { MetricRow } from '../spec/metrics.ts';
import { Trainer } from '../trainer/trainer.ts';
import { openHeadless } from './headless.ts';
import { readModelFolder } from './modelFolder.ts';
import { Progress } from './progress.ts';
import { versions } from './versions.ts';

const own: OwnFlags = {
  preset: { type: 'string', value: 'name', help: `where the settings start: ${presetNames.join(', ')} (default ${defaultPreset})` },
  lane: { type: 'string', value: 'number', help: 'train only this lane of the preset, from 1 (default: all, one after another)' },
  out: { type: 'string', value: 'file', help: 'write JSON lines: header, a record per step, summary' },
  json: { type: 'boolean', help: 'print only the summaries, as JSON, to standard output' },
  help: { type: 'boolean', help: 'this list' },
};

/** A lane's run in a line, as written at the end of a file and printed by --json. */
type RunSummary = { type: 'summary'; lane: string; seed: number; steps: number; seconds: number } & Summary;

/** `npm run train`: the Trainer of the page, headless. */
export default async function main(argv: string[]): Promise<void> {
  const flags = parseFlags(argv, own);
  if (flags.own.has('help')) {
    console.log(`npm run train -- [flags]\n\n${flagHelp(own)}`);
    return;
  }
  const lanes = lanesOf(flags);
  const out = flags.own.get('out');
  const json = flags.own.has('json');

  // Ctrl-C lets the step under way end, so that the file ends with a summary.
  let interrupted = false;
  process.once('SIGINT', () => {
    interrupted = true;
    process.once('SIGINT', () => process.exit(130));
  });

  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  const file = typeof out === 'string' ? openSync(out, 'w') : null;
  const write = (record: object): void => {
    if (file !== null) writeSync(file, `${JSON.stringify(record)}\n`);
  };
  const summaries: RunSummary[] = [];
  try {
    write({
      type: 'header',
      version: 1,
      lanes: lanes.map(({ name, settings }) => ({ name, settings })),
      adapter: gpu.adapter,
      versions: versions(),
    });
    for (const lane of lanes) {
      if (interrupted) break;
      const summary = await run(gpu, kernels, lane, write, () => interrupted);
      write(summary);
      summaries.push(summary);
      if (!json) report(summary);
    }
  } finally {
    if (file !== null) closeSync(file);
  }
  if (json) console.log(JSON.stringify(summaries));
  if (interrupted) process.exitCode = 130;
}

function lanesOf(flags: ReturnType<typeof parseFlags>): Lane[] {
  const preset = presets[presetName(String(flags.own.get('preset') ?? defaultPreset))];
  const number = flags.own.get('lane');
  const chosen = number === undefined ? preset.lanes : preset.lanes.filter((_, i) => String(i + 1) === number);
  if (chosen.length === 0) {
    throw new LabError(
      'bad-setting',
      `--lane can't be "${String(number)}": the preset has ${String(preset.lanes.length)}.`,
      `Give a whole number from 1 to ${String(preset.lanes.length)}.`,
    );
  }
  const lanes: Lane[] = [];
  for (const { name, settings } of chosen) {
    const changed = validateSettings(flags.changes, settings);
    if (lanes.some((lane) => Object.keys(diffSettings(lane.settings, changed)).length === 0)) continue;
    lanes.push({ name, settings: changed });
  }
  // A flag must have an effect somewhere; one that only some lanes know is fine.
  const refusals = lanes.flatMap(({ settings }) => {
    try {
      refuseIneffective(flags.changes, settings);
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (refusals.length === lanes.length) throw refusals[0];
  return lanes;
}

async function run(
  gpu: Gpu,
  kernels: Kernels,
  { name, settings }: Lane,
  write: (record: object) => void,
  interrupted: () => boolean,
): Promise<RunSummary> {
  const began = performance.now();
  const model = readModelFolder(settings.model);
  const trainer = new Trainer(gpu, kernels, model, settings, { now: () => performance.now() });
  const progress = new Progress(settings.steps);
  const evaluations: Evaluation[] = [];
  const record = (metrics: Partial<MetricRow>): void => {
    write({ type: 'step', lane: name, ...measured(metrics) });
    const { step, 'eval/sampled': sampled } = metrics;
    if (step !== undefined && sampled !== undefined) evaluations.push({ step, sampled });
  };
  try {
    await kernels.compile();
    record(await trainer.start());
    while (!trainer.finished && !interrupted()) {
      const { metrics } = await trainer.next();
      record(metrics);
      const latest = evaluations.at(-1);
      progress.show(
        trainer.step,
        `${name}  reward ${figure(metrics['reward/mean'])}  entropy ${figure(metrics['policy/entropy'])}  held-out ${figure(latest?.sampled)}`,
      );
    }
  } finally {
    progress.end();
    trainer.destroy();
  }
  const summary = summarise(evaluations) ?? { base: NaN, peak: NaN, peakStep: 0, final: NaN, retention: NaN, collapseStep: null };
  return {
    type: 'summary',
    lane: name,
    seed: settings.seed,
    steps: trainer.step,
    ...summary,
    seconds: Math.round((performance.now() - began) / 100) / 10,
  };
}

/** Without what was not measured: JSON has no NaN. */
function measured(metrics: Partial<MetricRow>): Partial<MetricRow> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

function figure(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : value.toFixed(2);
}

function report({ lane, seed, steps, base, peak, peakStep, final, retention, collapseStep, seconds }: RunSummary): void {
  const end = collapseStep === null ? 'held' : `collapsed at ${String(collapseStep)}`;
  console.log(
    `${lane}, seed ${String(seed)}: base ${figure(base)}, peak ${figure(peak)} at ${String(peakStep)}, final ${figure(final)} after ${String(steps)} steps (retention ${figure(retention)}), ${end}; ${String(seconds)} s`,
  );
}
