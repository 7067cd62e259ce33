import type { Gpu } from '../gpu/device.ts';
import { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import { excerpt } from '../lib/quote.ts';
import { compare, type Comparison, type Replayed } from '../records/compare.ts';
import type { LiveChange, RunRecord } from '../records/run.ts';
import type { RecordedRun } from '../records/building.ts';
import type { LoraHead } from '../records/lora.ts';
import { measured } from '../records/write.ts';
import { readArguments } from '../settings/arguments.ts';
import type { MetricRow } from '../spec/metrics.ts';
import { madeOfFlags, openRecorded, trainerOf } from './adapterRun.ts';
import { openHeadless } from './headless.ts';
import { planLane } from './planLanes.ts';
import { readRecordFile } from './recordFile.ts';
import { runLane, type MakeTrainer } from './runLane.ts';

/**
 * `npm run replay -- run.jsonl`: trains every run of a record once more, its live changes, forks and interventions of
 * the guard at their steps, and compares everything that it holds: numbers bit for bit, changes, the summary. Exit
 * status 1 where something differs, 2 where a record can't be read or trained here.
 */
export default async function main(argv: string[]): Promise<void> {
  const {
    words: [path],
    flags,
  } = readArguments(argv, madeOfFlags, ['the file of a record']);
  const { runs, truncated } = readRecordFile(path);
  if (truncated !== null) console.log(`${excerpt(path, 200)}: ${truncated}`);
  const [unused] = flags.keys();
  if (unused !== undefined && runs.every(({ lora }) => lora === undefined)) {
    throw new LabError(
      'bad-setting',
      `--${unused} has no effect: no run of the record trains an adapter.`,
      'Leave it out.',
    );
  }
  const gpu = await openHeadless();
  const device = new Device(gpu);
  for (const [index, run] of runs.entries()) {
    const twins = runs.filter(({ name }) => name === run.name).length;
    const called = excerpt(run.name, 200);
    const name = twins === 1 ? called : `${called} (run ${index + 1} of ${runs.length})`;
    if (run.rows.length === 0) {
      console.log(`${name}: holds no step`);
      continue;
    }
    const make =
      run.lora === undefined ? undefined : await makerOf({ ...run, lora: run.lora }, flags, device);
    const comparison = compare(run, await replay(device, run, make));
    if (comparison.difference !== null) process.exitCode = 1;
    console.log(`${name}: ${inWords(run, comparison, gpu)}`);
  }
}

/** What trains a recorded run of an adapter. @throws LabError where what it is made of is not given as it was */
async function makerOf(
  run: RecordedRun & { readonly lora: LoraHead },
  given: ReadonlyMap<string, string | boolean>,
  device: Device,
): Promise<MakeTrainer> {
  return trainerOf(await openRecorded(run, given), device, null);
}

/** A recorded run, trained once more up to its last row. @param make the trainer of an adapter's run */
export async function replay(
  device: Device,
  run: Pick<RunRecord, 'name' | 'settings' | 'plan' | 'rows' | 'changes'>,
  make?: MakeTrainer,
): Promise<Replayed> {
  const { name, settings } = run;
  const lane =
    make === undefined
      ? await planLane(device, { name, settings }, run.plan)
      : { name, settings, plan: null };
  const last = run.rows.at(-1)?.step ?? 0;
  const rows: Partial<MetricRow>[] = [];
  const changes: LiveChange[] = [];
  const of = {
    record: (row: Partial<MetricRow>) => rows.push(measured(row)),
    changed: (change: LiveChange) => changes.push(change),
    interrupted: () => (rows.at(-1)?.step ?? 0) >= last,
  };
  const summary = await runLane(device, lane, of, run.changes, null, make);
  return { rows, changes, summary };
}

function inWords(run: RecordedRun, { difference, missing }: Comparison, gpu: Gpu): string {
  const { rows, changes, adapter, plan } = run;
  const unknown =
    plan === null && run.lora === undefined ? ['its kernels are not known here, and others were chosen'] : [];
  if (difference !== null) {
    const was = adapter === null ? null : `${adapter.vendor} ${adapter.architecture}`;
    const is = `${gpu.adapter.vendor} ${gpu.adapter.architecture}`;
    const why =
      was === null || was === is
        ? 'Another adapter, browser or version gives other bits'
        : `It was made on ${was}, and this is ${is}`;
    return [difference, ...unknown].join('; ') + `. ${why}`;
  }
  const changed = changes.length === 0 ? '' : ` with ${changes.length} changes on the way`;
  const all = `${rows.at(-1)?.step ?? 0} steps${changed}, every metric as recorded, bit for bit`;
  return [all, ...unknown, ...missing].join('; ');
}
