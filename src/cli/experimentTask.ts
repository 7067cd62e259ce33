import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { collapsesOf, type Evaluation } from '../diagnostics/collapse.ts';
import type { Experiment, RunSetup } from '../experiments/declaration.ts';
import { reduced } from '../experiments/reduced.ts';
import { adapterName, otherwise } from '../experiments/resume.ts';
import { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import { thisLab } from '../records/thisLab.ts';
import { diffSettings } from '../settings/settings.ts';
import type { MetricRow } from '../spec/metrics.ts';
import { statuses } from './exitStatus.ts';
import { readResult, resultPath, writeResult } from './experimentFiles.ts';
import { openHeadless } from './headless.ts';
import { keepsRuns, KeptTraining, readLanes } from './keptTraining.ts';
import { recordFile } from '../storage/keptRuns.ts';
import { claim, type Claim } from './output.ts';
import { planLane } from './planLanes.ts';
import { readRecordFile } from './recordFile.ts';
import { trainLane } from './trainLane.ts';

/** What becomes of a task's runs, told as it happens. */
export interface TaskReport {
  readonly there: (setup: RunSetup) => void;
  readonly progress: (setup: RunSetup, row: Partial<MetricRow>) => void;
  readonly done: (setup: RunSetup) => void;
  /** A sentence for people. */
  readonly note: (sentence: string) => void;
}

export interface TaskOptions {
  /** Of all results; runs under way lie in it as well. */
  readonly folder: string;
  /** What is written into results as what made them. */
  readonly command: string;
  /** Whether a software adapter will do. */
  readonly software: boolean;
  /** Asked between steps; a status ends the task there, with a checkpoint. */
  readonly interruption: () => number | null;
}

/**
 * Makes runs of an experiment so that any number of tasks may be started, killed and started again, on any machines
 * that share the folder: a run belongs to one task at a time, is kept while it goes on, and its result appears whole.
 * A run that is there is not touched, nor is a device opened for it.
 * @returns the exit status
 * @throws LabError as `statusOf` takes it; `bad-file` where a result is there that was made otherwise
 */
export async function runTask(
  experiment: Experiment,
  setups: readonly RunSetup[],
  options: TaskOptions,
  report: TaskReport,
): Promise<number> {
  let device: Device | null = null;
  for (const setup of setups) {
    if (isThere(setup, options.folder)) {
      report.there(setup);
      continue;
    }
    const place = workPlace(setup, options.folder);
    mkdirSync(join(options.folder, setup.experiment), { recursive: true });
    let lease: Claim;
    try {
      lease = claim(place, { flag: 'The run', force: true, read: [] });
    } catch (error) {
      if (!(error instanceof LabError) || !error.message.includes(' writes it')) throw error;
      report.note(error.message);
      return statuses.again;
    }
    try {
      // Another task may have made it while this one came here.
      if (isThere(setup, options.folder)) {
        report.there(setup);
        continue;
      }
      device ??= await usableDevice(options.software);
      const status = await makeRun(device, experiment, setup, place, lease, options, report);
      if (status !== null) return status;
    } finally {
      lease.release();
    }
    report.done(setup);
  }
  return statuses.done;
}

/** Where a run lies while it goes on: record and checkpoints. */
export function workPlace({ experiment, index }: RunSetup, folder: string): string {
  return join(folder, experiment, `.run-${index}`);
}

function isThere(setup: RunSetup, folder: string): boolean {
  const found = readResult(setup, folder);
  if (found === null) return false;
  const why = otherwise(found, setup);
  if (why === null) return true;
  throw new LabError(
    'bad-file',
    `${resultPath(setup, folder)} was made ${why}.`,
    'Remove it, or name another folder with --out.',
  );
}

/** @throws LabError `no-adapter` for a software adapter that was not asked for */
async function usableDevice(software: boolean): Promise<Device> {
  const gpu = await openHeadless();
  if (!gpu.adapter.software || software) return new Device(gpu);
  throw new LabError(
    'no-adapter',
    `There is only a software adapter here: ${adapterName(gpu.adapter)}.`,
    'Start the task on a machine with a GPU, or add --software to compute on the processor.',
  );
}

/** One run, from its newest checkpoint where there is one. @returns null where it has come to its end, else the exit status */
async function makeRun(
  device: Device,
  { keep, untilCollapse }: Experiment,
  setup: RunSetup,
  place: string,
  lease: Claim,
  { folder, command, interruption }: TaskOptions,
  report: TaskReport,
): Promise<number | null> {
  const why = notOurs(place, setup, device);
  if (why !== null) {
    report.note(`${setup.name}, seed ${setup.settings.seed}: begins anew, as what was kept ${why}.`);
    rmSync(place, { recursive: true, force: true });
  }
  const kept = keepsRuns(place)
    ? await KeptTraining.resume(place, 'train', true)
    : await KeptTraining.begin(place, [await planLane(device, setup)]);
  const [lane] = kept.lanes;
  if (lane === undefined) throw new RangeError('a kept training has a lane');
  const taken = (): number | null => (lease.lost() ? statuses.again : null);
  const ending = (): number | null => interruption() ?? taken();
  const write = (lines: string): Promise<void> => {
    // Whoever has the run now writes the same bits, but not into the same file at once.
    if (lease.lost()) throw takenOver;
    return kept.append(lines);
  };
  const seen = (row: Partial<MetricRow>): void => {
    report.progress(setup, row);
  };
  const enough = untilCollapse ? collapsed : () => null;
  try {
    if (kept.ended(1) === null) await trainLane(device, 1, lane, { write, kept, seen, enough }, ending);
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== 'bad-file') throw error;
    // The folder can't be written at the moment, or is another's: what was kept goes on another time.
    report.note(`${error.message} ${error.remedy}`);
    return statuses.again;
  }
  const status = ending();
  const record = readRecordFile(join(place, recordFile)).runs[0];
  if (record === undefined || record.summary === null) return status ?? statuses.again;
  if (taken() !== null) return statuses.again;
  writeResult(setup, reduced(record, keep, { experiment: setup.experiment, command }), folder);
  rmSync(place, { recursive: true, force: true });
  return null;
}

/** Said of a run that is not trained beyond its collapse. */
function collapsed(evaluations: readonly Evaluation[]): string | null {
  return collapsesOf(evaluations).length === 0 ? null : 'It has collapsed: no more was asked of it.';
}

const takenOver = new LabError(
  'bad-file',
  'Another task has taken the run over, as this one gave no sign of life for two minutes.',
  'Start it again.',
);

/** Why a run that was kept can't be gone on with, in words to follow "what was kept"; null where it can, or none was. */
function notOurs(place: string, { settings }: RunSetup, { gpu }: Device): string | null {
  if (!existsSync(place)) return null;
  if (!keepsRuns(place)) return 'is no run';
  const { lanes, commit } = readLanes(place, 'The run');
  if (commit !== thisLab.commit) return 'is of another version of the lab';
  const [lane] = lanes;
  if (lane === undefined || Object.keys(diffSettings(lane.settings, settings)).length > 0) {
    return 'has other settings';
  }
  const record = join(place, recordFile);
  // Killed within its first line it has no run yet.
  const begun = existsSync(record) && readFileSync(record).includes('\n');
  const adapter = begun ? (readRecordFile(record).runs[0]?.adapter ?? null) : null;
  if (adapter === null || adapterName(adapter) === adapterName(gpu.adapter)) return null;
  return `was made on ${adapterName(adapter)}, and this is ${adapterName(gpu.adapter)}`;
}
