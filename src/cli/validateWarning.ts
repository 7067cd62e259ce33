import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { presets, type LaneSetup } from '../settings/presets.ts';
import { defaultSettings, diffSettings, validateSettings } from '../settings/settings.ts';
import {
  sets,
  taskNames,
  type SetName,
  type TaskName,
  type WarningRun,
  type WarningRuns,
} from '../diagnostics/warningRuns.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';
import { openHeadless } from './headless.ts';
import { planLanes } from './planLanes.ts';
import { describe, runLane } from './runLane.ts';
import { allRuns, recordedRuns, reportOf, runsPath, warningReportPath } from './warningReport.ts';
import { versions } from './versions.ts';

/** What is kept of every step: all that a rule of the early warning, or one it is compared with, reads. */
export const recorded = [
  'vote/answer_overlap',
  'vote/anchor_disagreement',
  'vote/top_label_share',
  'vote/label_diversity',
  'vote/no_answer',
  'vote/unanimous',
  'vote/agreement',
  'reward/zero_std_groups',
  'reward/mean',
  'completion/length',
  'completion/truncated',
  'policy/entropy',
  'policy/kl_ref',
  'policy/kl_anchor',
] as const satisfies readonly MetricId[];

/** The lanes trained on a task: those of its preset, and algorithms that collapse and hold in other ways. */
export function lanesOf(task: TaskName): readonly LaneSetup[] {
  // The preset's own step size and length; what else differs is said below.
  const from = presets[task === 'sort' ? 'duel' : 'add'].lanes[0]?.settings ?? defaultSettings;
  const lane = (name: string, changes: object): LaneSetup => ({
    name,
    // The majority's accuracy is not read here, and takes a third of an evaluation's time.
    settings: validateSettings({ evalMajorityPrompts: 0, ...changes }, from),
  });
  return [
    lane('SRT', { algorithm: 'srt' }),
    lane('SRT + IQR', { algorithm: 'srt-iqr' }),
    lane('SRT, learning rate × 0.3', { algorithm: 'srt', learningRate: 0.3 * from.learningRate }),
    lane('Intuitor', { algorithm: 'intuitor', steps: 100 }),
    lane('M-GRPO', { algorithm: 'm-grpo' }),
    lane('M-GRPO + IQR', { algorithm: 'm-grpo-iqr' }),
    lane('M-GRPO + IQR, N = G/4', { algorithm: 'm-grpo-iqr', anchorShare: 0.25 }),
    lane('GRPO (oracle)', { algorithm: 'grpo-oracle' }),
  ];
}

/**
 * `npm run validate-warning`: judges the early warning on the recorded runs, without a GPU; with --record, trains those
 * that are missing; with --write, renews docs/early-warning.md.
 */
export default async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      record: { type: 'boolean', default: false },
      set: { type: 'string', default: Object.keys(sets).join(',') },
      task: { type: 'string', default: taskNames.join(',') },
      seeds: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  if (values.record) {
    for (const set of chosen('set', values.set, Object.keys(sets) as SetName[])) {
      for (const task of chosen('task', values.task, taskNames)) {
        const seeds = values.seeds?.split(',').map(Number) ?? sets[set];
        await record(
          set,
          task,
          seeds.filter((seed) => (sets[set] as readonly number[]).includes(seed)),
        );
      }
    }
    return;
  }
  const report = reportOf(allRuns());
  console.log(report);
  if (values.write) writeFileSync(warningReportPath, report);
}

function chosen<Name extends string>(flag: string, text: string, known: readonly Name[]): Name[] {
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (found !== undefined) return found;
    throw new LabError('bad-setting', `--${flag} can't be "${name}".`, `Choose of ${known.join(', ')}.`);
  });
}

/** Trains what a set still lacks, a file written after each run: an interrupted recording goes on where it stopped. */
async function record(set: SetName, task: TaskName, seeds: readonly number[]): Promise<void> {
  const path = runsPath(set, task);
  const lanes = lanesOf(task);
  const described = lanes.map(({ name, settings }) => ({
    name,
    settings: diffSettings(defaultSettings, settings),
  }));
  const before = recordedRuns(set, task);
  if (before !== null && JSON.stringify(before.lanes) !== JSON.stringify(described)) {
    throw new LabError(
      'bad-file',
      `${path} was recorded with other settings than those asked for now.`,
      'Delete it to record all its runs anew.',
    );
  }
  const runs = [...(before?.runs ?? [])];
  const missing = seeds.flatMap((seed) =>
    lanes
      .filter(({ name }) => !runs.some((run) => run.lane === name && run.seed === seed))
      .map(({ name, settings }) => ({ name, settings: validateSettings({ seed }, settings) })),
  );
  if (missing.length === 0) return;
  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  const { vendor, architecture, description } = gpu.adapter;
  const head = {
    command: `npm run validate-warning -- --record --set ${set} --task ${task}`,
    adapter: `${vendor} ${architecture} · ${description}`,
    versions: versions(),
    set,
    task,
    signals: recorded,
    lanes: described,
  };
  mkdirSync(dirname(path), { recursive: true });
  for (const lane of await planLanes(gpu, kernels, missing)) {
    const rows: Partial<MetricRow>[] = [];
    const summary = await runLane(gpu, kernels, lane, {
      record: (row) => rows.push(row),
      changed: () => undefined,
      interrupted: () => false,
    });
    const steps = rows.filter(({ step = 0 }) => step > 0);
    runs.push({
      lane: lane.name,
      seed: lane.settings.seed,
      ...(summary.stopped === undefined ? {} : { stopped: summary.stopped }),
      curve: rows.flatMap(({ step, 'eval/sampled': sampled }) =>
        step === undefined || sampled === undefined ? [] : [[step, Math.round(1000 * sampled)] as const],
      ),
      values: recorded.map((id) => steps.map((row) => thousandths(row[id]))),
    });
    runs.sort((a, b) => a.seed - b.seed || order(a) - order(b));
    writeFileSync(path, write({ ...head, runs }));
    console.log(`${set}, ${task}: ${describe(lane.name, lane.settings.seed, summary)}`);
  }

  function order(run: WarningRun): number {
    return lanes.findIndex(({ name }) => name === run.lane);
  }
}

function thousandths(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(1000 * value);
}

/** One run a line: small, and a change shows in a diff. */
function write({ runs, ...head }: WarningRuns): string {
  const lines = runs.map((run) => `  ${JSON.stringify(run)}`).join(',\n');
  return `${JSON.stringify(head, null, 1).slice(0, -2)},\n "runs": [\n${lines}\n ]\n}\n`;
}
