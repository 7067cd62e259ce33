import type { Device } from '../host/host.ts';
import { interruption as interrupted, type LiveChange, type RunSummary } from '../records/run.ts';
import { thisLab } from '../records/thisLab.ts';
import { changeLine, headerLine, measured, stepLine, summaryLine } from '../records/write.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import type { KeptTraining } from './keptTraining.ts';
import { runLane, type LaneRun, type MakeTrainer, type TrainedLane } from './runLane.ts';

/** Where lines of a record go, and checkpoints where they are kept. */
export interface Sink {
  readonly write: (lines: string) => unknown;
  readonly kept: KeptTraining | null;
  /** Handed every checkpoint that is due, and the run as it is at its end. */
  readonly save?: (checkpoint: Checkpoint, ended: boolean) => void;
  /** Told of every row. */
  readonly seen?: (row: Partial<MetricRow>) => void;
  /** Asked between steps of what was evaluated so far; a sentence ends the run there, for good. */
  readonly enough?: LaneRun['enough'];
}

/**
 * Trains a lane from where it stands.
 * @param run of the record, from 1
 * @param interruption asked between steps; a status ends the run there
 * @param make the trainer; that of a base model where it is not said
 */
export async function trainLane(
  device: Device,
  run: number,
  lane: TrainedLane,
  { write, kept, seen, save, enough }: Sink,
  interruption: () => number | null,
  make?: MakeTrainer,
): Promise<RunSummary> {
  const begun = kept?.begun(run) ?? null;
  const head = { ...lane, lab: thisLab, adapter: device.gpu.adapter, origin: null };
  // With the first row: a run that is refused leaves no file behind.
  let header = begun === null ? headerLine(run, head) : '';
  const rows: Partial<MetricRow>[] = [];
  const changes: LiveChange[] = [];
  let told = kept === null;
  /** Says what is to be said of steps that came out once more, once they all have. */
  const tell = (): void => {
    const compared = told ? null : (kept?.compared(run, { rows, changes }) ?? null);
    if (compared === null) return;
    told = true;
    console.error(`${lane.name}: ${compared}.`);
  };
  const of = {
    record: async (row: Partial<MetricRow>) => {
      await write(header + stepLine(run, row));
      header = '';
      seen?.(row);
      if (told) return;
      rows.push(measured(row));
      tell();
    },
    changed: (change: LiveChange) => {
      changes.push(change);
      tell();
      return write(changeLine(run, change));
    },
    interrupted: () => interruption() !== null,
    ...(enough === undefined ? {} : { enough }),
    ...(kept === null && save === undefined
      ? {}
      : {
          keep: async (checkpoint: Checkpoint, end: RunSummary | null) => {
            save?.(checkpoint, end !== null);
            if (kept === null) return;
            // A run that was told to end goes on another time.
            const ended = end !== null && end.stopped !== interrupted;
            if (ended) await write(header + summaryLine(run, end));
            await kept.keep(run, checkpoint, ended);
          },
        }),
  };
  const summary = await runLane(device, lane, of, [], begun, make);
  if (kept === null) await write(header + summaryLine(run, summary));
  return summary;
}
