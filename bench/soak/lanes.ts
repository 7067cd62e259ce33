import { readRecord } from '../../src/records/read.ts';

/** A lane as its record has it. */
export interface RecordedLane {
  readonly name: string;
  /** Step 0 first, each as a line of text. */
  readonly rows: readonly string[];
  readonly steps: readonly number[];
  /** The rarest that its checkpoints ever were, in steps. */
  readonly checkpointEvery: number;
}

/** The lanes of a record. @throws LabError `bad-file` where it is none */
export function lanesIn(record: string): readonly RecordedLane[] {
  return readRecord(record).runs.map(({ name, rows, settings, changes }) => ({
    name,
    rows: rows.map((row) => JSON.stringify(row)),
    steps: rows.map(({ step }) => step ?? NaN),
    checkpointEvery: Math.max(
      settings.checkpointEvery,
      ...changes.map(({ changes: { checkpointEvery = 0 } }) => checkpointEvery),
    ),
  }));
}

/** What is wrong with lanes by themselves: their steps are to be 0 … n, each once. */
export function gapsIn(lanes: readonly RecordedLane[]): readonly string[] {
  return lanes.flatMap(({ name, steps }) => {
    const at = steps.findIndex((step, index) => step !== index);
    return at < 0 ? [] : [`row ${at} of ${name} is of step ${steps[at] ?? NaN}`];
  });
}

/**
 * What is wrong with lanes that were seen before.
 * @param mayLose whether they may end earlier, as after a reload: by the steps between two checkpoints, or by ten where
 *   those lie closer, as the newest may not have been written yet
 */
export function lossIn(
  before: readonly RecordedLane[],
  after: readonly RecordedLane[],
  mayLose: boolean,
): readonly string[] {
  if (before.length !== after.length) return [`${before.length} lanes became ${after.length}`];
  return before.flatMap(({ name, rows, checkpointEvery }, index) => {
    const now = after[index];
    if (now === undefined) return [];
    const lost = rows.length - now.rows.length;
    const most = mayLose ? Math.max(10, checkpointEvery) : 0;
    const both = Math.min(rows.length, now.rows.length);
    const other = rows.findIndex((row, at) => at < both && row !== now.rows[at]);
    return [
      ...(name === now.name ? [] : [`${name} is called ${now.name}`]),
      ...(lost <= most
        ? []
        : [`${name} lost ${lost} rows of ${rows.length}, and ${most} at most may be lost`]),
      ...(other < 0 ? [] : [`row ${other} of ${name} is another one`]),
    ];
  });
}
