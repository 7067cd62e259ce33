import { parseArgs } from 'node:util';
import type { Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { type MetricId, metricIds, type MetricRow } from '../spec/metrics.ts';
import { openHeadless } from './headless.ts';
import { planLanes } from './planLanes.ts';
import { type RecordedRun, readRecord } from './readRecord.ts';
import { measured } from './recordFile.ts';
import { runLane } from './runLane.ts';

/** What must come out again: all but times. */
const compared = metricIds.filter((id) => !id.startsWith('perf/'));

/** Where a replay first leaves its record. */
export interface Difference {
  readonly step: number;
  readonly metric: MetricId;
  readonly recorded: number | undefined;
  readonly replayed: number | undefined;
}

/**
 * `npm run replay -- run.jsonl`: trains every lane of a record once more, its live changes, forks and interventions of
 * the guard at their steps, and compares each metric of each step bit for bit. Exit status 1 where one differs.
 */
export default async function main(argv: string[]): Promise<void> {
  const { positionals } = parseArgs({ args: argv, allowPositionals: true });
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) {
    throw new LabError(
      'bad-setting',
      `replay needs one file, and was given ${positionals.length}.`,
      'Name a record: npm run replay -- run.jsonl.',
    );
  }
  const runs = readRecord(path);
  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  for (const run of runs) {
    const rows = await replay(gpu, kernels, run);
    const different = difference(run.rows, rows);
    if (different !== null) process.exitCode = 1;
    console.log(`${run.name}: ${inWords(run, different)}`);
  }
}

/** A recorded run, trained once more. @returns its rows as a record has them */
export async function replay(gpu: Gpu, kernels: Kernels, run: RecordedRun): Promise<Partial<MetricRow>[]> {
  const [lane] = await planLanes(gpu, kernels, [run], run.plan);
  const last = run.rows.at(-1)?.step ?? 0;
  const rows: Partial<MetricRow>[] = [];
  if (lane === undefined) return rows;
  const of = {
    record: (metrics: Partial<MetricRow>) => {
      rows.push(measured(metrics));
    },
    guarded: () => undefined,
    interrupted: () => (rows.at(-1)?.step ?? 0) >= last,
  };
  await runLane(gpu, kernels, lane, of, run.changes);
  return rows;
}

/** The first metric of the first step that is not the same number in both; null where all are. */
export function difference(
  recorded: readonly Partial<MetricRow>[],
  replayed: readonly Partial<MetricRow>[],
): Difference | null {
  // A column that no row of the record has is of a later version, or of none of its steps.
  const held = compared.filter((id) => recorded.some((row) => row[id] !== undefined));
  for (let at = 0; at < Math.max(recorded.length, replayed.length); at++) {
    const [one, two] = [recorded[at] ?? {}, replayed[at] ?? {}];
    const metric = held.find((id) => one[id] !== two[id]);
    if (metric !== undefined) {
      return { step: one.step ?? two.step ?? at, metric, recorded: one[metric], replayed: two[metric] };
    }
  }
  return null;
}

function inWords({ rows, changes }: RecordedRun, different: Difference | null): string {
  if (different === null) {
    const changed = changes.length === 0 ? '' : ` with ${changes.length} changes on the way`;
    return `${rows.at(-1)?.step ?? 0} steps${changed}, every metric as recorded, bit for bit`;
  }
  const { step, metric, recorded, replayed } = different;
  return `differs from step ${step} on: ${metric} was ${recorded ?? 'not measured'}, is ${replayed ?? 'not measured'}. Another adapter, browser or version gives other bits`;
}
