import { EarlyWarning, labSignals } from '../diagnostics/earlyWarning.ts';
import { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import type { RunHead, RunSummary } from '../records/run.ts';
import { thisLab } from '../records/thisLab.ts';
import { headerLine, stepLine, summaryLine } from '../records/write.ts';
import { recordStep, shownGroup } from '../session/recordedStep.ts';
import type { ShownGroup } from '../session/protocol.ts';
import { type OwnFlags, readArguments } from '../settings/arguments.ts';
import { presetName, presets } from '../settings/presets.ts';
import { validateSettings } from '../settings/settings.ts';
import { type MetricId, metricIds, type MetricRow, metrics } from '../spec/metrics.ts';
import { openHeadless } from './headless.ts';
import { Output } from './output.ts';
import { planLanes } from './planLanes.ts';
import { describe, runLane } from './runLane.ts';

const flags: OwnFlags = { force: { type: 'boolean', help: 'replace the file where it is there already' } };

/** The seed of the pictures in README.md and docs/, chosen there. */
const seed = 1;
/** Steps whose rollouts are kept: where much happens, they lie close. */
const looks = [1, 10, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600];
/** Significant digits of a metric, and of what a rollout shows. */
const [digits, rolloutDigits] = [5, 3];

/** What the page's charts and the early warning read; where its time went is another machine's. */
const kept = metricIds.filter((id) => {
  const { chart } = metrics[id];
  const judged = labSignals.some(({ metric, and }) => metric === id || and === id);
  return id === 'step' || judged || (chart !== 'none' && chart !== 'speed');
});

/**
 * `node scripts/cli.mjs asExample entropy public/examples/entropy.jsonl`: trains a preset, and writes what the page
 * plays where nothing can be trained: a record of rounded numbers, and below each run lines of type `rollouts`, which
 * a record does not have.
 */
export default async function main(argv: readonly string[]): Promise<void> {
  const {
    words: [preset, to],
    flags: given,
  } = readArguments(argv, flags, ['a preset', 'the file to write']);
  const lanes = presets[presetName(preset)].lanes.map(({ name, settings }) => ({
    name,
    settings: validateSettings({ seed }, settings),
  }));
  const output = new Output(to, { flag: 'The file to write', force: given.has('force'), read: [] });
  try {
    const gpu = await openHeadless();
    const device = new Device(gpu);
    for (const [index, lane] of (await planLanes(device, lanes)).entries()) {
      const run = index + 1;
      const rows: Partial<MetricRow>[] = [];
      const shown: string[] = [];
      const summary = await runLane(device, lane, {
        record: (row) => rows.push(row),
        changed: () => undefined,
        decided: (step, decisions, by) => {
          if (!looks.includes(step)) return;
          const recorded = recordStep(step, decisions);
          const groups = decisions.groups.flatMap((_, b) => shownGroup(recorded, b, by) ?? []);
          shown.push(rolloutsLine(run, groups));
        },
        interrupted: () => false,
      });
      const head = { ...lane, lab: thisLab, adapter: gpu.adapter, origin: null };
      output.write(exampleLines(run, head, rows, summary) + shown.join(''));
      console.log(describe(lane.name, seed, summary));
    }
  } finally {
    output.close();
  }
}

/**
 * The lines of a run with fewer digits and metrics.
 * @throws LabError where the early warning would say something else of the rounded numbers
 */
export function exampleLines(
  run: number,
  head: RunHead,
  rows: readonly Partial<MetricRow>[],
  summary: RunSummary,
): string {
  const rounded = rows.map(roundedRow);
  const [exact, less] = [new EarlyWarning(), new EarlyWarning()];
  rows.forEach((row, at) => {
    if (exact.add(row).state === less.add(rounded[at] ?? {}).state) return;
    throw new LabError(
      'bug',
      `With ${digits} digits the early warning judges step ${row.step ?? 0} of ${head.name} otherwise.`,
      'Keep more digits.',
    );
  });
  const header = { ...(JSON.parse(headerLine(run, head)) as object), metrics: kept };
  return [
    `${JSON.stringify(header)}\n`,
    ...rounded.map((row) => stepLine(run, row)),
    summaryLine(run, summary),
  ].join('');
}

function roundedRow(row: Partial<MetricRow>): Partial<MetricRow> {
  const entries = kept.flatMap((id): [MetricId, number][] => {
    const value = row[id];
    return value === undefined ? [] : [[id, Number(value.toPrecision(digits))]];
  });
  return Object.fromEntries(entries);
}

/** What the page shows of every prompt of a step; NaN, which JSON lacks, is null. */
function rolloutsLine(run: number, groups: readonly ShownGroup[]): string {
  const round = (_: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(rolloutDigits)) : value;
  const [first] = groups;
  const prompts = groups.map(
    ({ flags: _, step: _step, index: _index, earlier: _earlier, ...group }) => group,
  );
  return `${JSON.stringify({ type: 'rollouts', run, step: first?.step, flags: first?.flags, prompts }, round)}\n`;
}
