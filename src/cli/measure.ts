import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { presetName, presetNames, presets } from '../settings/presets.ts';
import { diffSettings, defaultSettings, validateSettings } from '../settings/settings.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';
import { openHeadless } from './headless.ts';
import { planLanes } from './planLanes.ts';
import type { RunSummary } from '../records/run.ts';
import { describe, runLane } from './runLane.ts';
import { versions } from './versions.ts';

/** Where measured runs lie, one file a preset; the README's tables are made from them. */
export const resultsFolder = 'results';

/** Metrics kept of the last steps of a run, averaged: what the end looks like beside its accuracy. */
const endMetrics = [
  'policy/entropy',
  'reward/mean',
  'vote/unanimous',
  'vote/answer_overlap',
  'filter/dropped',
] as const;
const endSteps = 10;

export interface MeasuredRun extends RunSummary {
  readonly lane: string;
  readonly seed: number;
  /** Means over the last ten steps. */
  readonly end: Partial<Record<(typeof endMetrics)[number], number>>;
  /** [step, eval/sampled, eval/greedy] of every evaluation. */
  readonly curve: readonly (readonly [number, number, number])[];
}

export interface MeasuredPreset {
  readonly command: string;
  readonly adapter: string;
  readonly versions: Record<string, string>;
  /** Per lane, what differs from the default settings. */
  readonly lanes: readonly { readonly name: string; readonly settings: object }[];
  readonly runs: readonly MeasuredRun[];
}

/**
 * `npm run measure`: trains presets on several seeds and keeps their summaries in results/. What is there already
 * under the same settings is not run again, so that an interrupted measurement goes on where it stopped.
 */
export default async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      preset: { type: 'string', default: presetNames.join(',') },
      seeds: { type: 'string', default: '0,1,2' },
    },
  });
  const names = values.preset.split(',').map(presetName);
  const seeds = values.seeds.split(',').map(Number);
  if (!seeds.every((seed) => Number.isInteger(seed) && seed >= 0)) {
    throw new LabError('bad-setting', `--seeds can't be "${values.seeds}".`, 'Give whole numbers, as 0,1,2.');
  }
  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  const { vendor, architecture, description } = gpu.adapter;
  mkdirSync(resultsFolder, { recursive: true });
  for (const name of names) {
    const path = join(resultsFolder, `${name}.json`);
    const head = {
      command: `npm run measure -- --preset ${name} --seeds ${values.seeds}`,
      adapter: `${vendor} ${architecture} · ${description}`,
      versions: versions(),
      lanes: presets[name].lanes.map((lane) => ({
        name: lane.name,
        settings: diffSettings(defaultSettings, lane.settings),
      })),
    };
    const planned = await planLanes(gpu, kernels, presets[name].lanes);
    const runs = known(path, head.lanes);
    for (const seed of seeds) {
      for (const lane of planned) {
        if (runs.some((run) => run.lane === lane.name && run.seed === seed)) continue;
        const rows: Partial<MetricRow>[] = [];
        const summary = await runLane(
          gpu,
          kernels,
          { ...lane, settings: validateSettings({ seed }, lane.settings) },
          { record: (metrics) => rows.push(metrics), changed: () => undefined, interrupted: () => false },
        );
        runs.push({ lane: lane.name, seed, ...rounded(summary), end: endOf(rows), curve: curveOf(rows) });
        console.log(`${name}: ${describe(lane.name, seed, summary)}`);
        writeFileSync(path, write({ ...head, runs: runs.sort((a, b) => a.seed - b.seed) }));
      }
    }
  }
}

/** Runs of an earlier measurement, unless the preset's settings have changed since. */
function known(path: string, lanes: MeasuredPreset['lanes']): MeasuredRun[] {
  if (!existsSync(path)) return [];
  const before = JSON.parse(readFileSync(path, 'utf8')) as MeasuredPreset;
  return JSON.stringify(before.lanes) === JSON.stringify(lanes) ? [...before.runs] : [];
}

/** One run a line: small, and a change shows in a diff. */
function write({ runs, ...head }: MeasuredPreset): string {
  const lines = runs.map((run) => `  ${JSON.stringify(run)}`).join(',\n');
  return `${JSON.stringify(head, null, 1).slice(0, -2)},\n "runs": [\n${lines}\n ]\n}\n`;
}

function three(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function rounded(summary: RunSummary): RunSummary {
  const { base, peak, final, retention } = summary;
  return {
    ...summary,
    base: three(base),
    peak: three(peak),
    final: three(final),
    retention: three(retention),
  };
}

function endOf(rows: readonly Partial<MetricRow>[]): MeasuredRun['end'] {
  const last = rows.slice(-endSteps);
  const meanOf = (id: MetricId): number => last.reduce((sum, row) => sum + (row[id] ?? NaN), 0) / last.length;
  const means = endMetrics.map((id) => [id, three(meanOf(id))] as const);
  return Object.fromEntries(means.filter(([, value]) => !Number.isNaN(value)));
}

function curveOf(rows: readonly Partial<MetricRow>[]): MeasuredRun['curve'] {
  return rows.flatMap(({ step, 'eval/sampled': sampled, 'eval/greedy': greedy }) =>
    step === undefined || sampled === undefined
      ? []
      : [[step, three(sampled), three(greedy ?? NaN)] as const],
  );
}
