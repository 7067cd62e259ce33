import { LabError } from '../lib/labError.ts';
import type { RecordedRun } from '../records/building.ts';
import { readRecord } from '../records/read.ts';
import type { LiveChange, RunHead } from '../records/run.ts';
import { changeLine, measured, recordLines, stepLine } from '../records/write.ts';
import { diffSettings } from '../settings/settings.ts';
import { fromRow, metricIds, toRow, type MetricRow } from '../spec/metrics.ts';
import { comparedAgain } from './again.ts';
import type { Folder } from './folder.ts';
import { forkableBytes, type KeptCourseState, type KeptSize, rolloutBytes, type Thinning } from './kept.ts';
import { KeptRollouts, type PackedStep, rolloutFile } from './keptRollouts.ts';
import { checkpointSteps, KeptRuns, type Keeping, recordFile } from './keptRuns.ts';
import { CheckpointReceiver, type SentCheckpoint } from './sentCheckpoint.ts';

/** A folder of the page keeps one run. */
const run = 1;

const keeping: Keeping = {
  forkableBytes,
  belongs: changesAt,
};

/** Rows, [rows × metrics] in table order, as records have them. */
export function unpackRows(packed: Float64Array): readonly Partial<MetricRow>[] {
  const count = packed.length / metricIds.length;
  return Array.from({ length: count }, (_, row) => measured(fromRow(packed, row * metricIds.length)));
}

/** The inverse of `unpackRows`. */
export function packRows(rows: readonly Partial<MetricRow>[]): Float64Array<ArrayBuffer> {
  const packed = new Float64Array(rows.length * metricIds.length);
  rows.forEach((row, index) => {
    packed.set(toRow(row), index * metricIds.length);
  });
  return packed;
}

/** What a folder keeps of its run, without a look into its files. */
export async function sizeKept(folder: Folder): Promise<KeptSize> {
  const names = await folder.names();
  const rollouts = rolloutFile(names);
  // One for all: they are of the same model.
  const [one] = names.filter((name) => name.startsWith('checkpoint-'));
  const count = names.filter((name) => name.startsWith('checkpoint-')).length;
  const parts = [
    await folder.size(recordFile),
    rollouts === null ? 0 : await folder.size(rollouts.name),
    one === undefined ? 0 : count * (await folder.size(one)),
  ];
  return {
    checkpoints: checkpointSteps(names, run),
    rollouts: rollouts?.stride ?? null,
    bytes: parts.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** All that is written of the record of a folder's run, whole lines. @throws LabError `bad-file` where there is none */
export async function recordKept(folder: Folder): Promise<string> {
  const text = new TextDecoder().decode((await folder.read(recordFile)) ?? new Uint8Array());
  if (!text.includes('\n'))
    throw new LabError('bad-file', 'Nothing is kept of the run.', 'Choose another one.');
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

/** Keeps the record of a run that was trained elsewhere. @param lines all of it */
export async function keepRecord(folder: Folder, lines: string): Promise<void> {
  await folder.write(recordFile, new TextEncoder().encode(lines));
}

/** One run of the page in a folder of its own, as it is trained. Lines wait until `write`. */
export class KeptCourse {
  readonly #folder: Folder;
  readonly #runs: KeptRuns;
  readonly #rollouts: KeptRollouts;
  readonly #received = new CheckpointReceiver();
  #lines = '';
  #steps: PackedStep[] = [];
  #step = 0;
  /** What had been measured before and comes out once more, and what has come out of it so far. */
  #again: { found: RecordedRun; rows: Partial<MetricRow>[]; changes: LiveChange[] } | null = null;

  /** @param step where it goes on @param found as it was recorded before */
  private constructor(
    folder: Folder,
    runs: KeptRuns,
    rollouts: KeptRollouts,
    step: number,
    found: RecordedRun | null,
  ) {
    this.#folder = folder;
    this.#runs = runs;
    this.#rollouts = rollouts;
    const ahead = (found?.rows.at(-1)?.step ?? -1) > step || step === 0;
    this.#again = found === null || !ahead ? null : { found, rows: [], changes: [] };
    this.#step = step;
  }

  /** Begins a run in a folder; what lies there of a beginning that was cut short comes out once more. */
  static async begin(
    folder: Folder,
    head: RunHead,
    changes: readonly LiveChange[],
    rows: Float64Array,
  ): Promise<KeptCourse> {
    const { runs, restored } = await KeptRuns.restore(folder, keeping);
    const found = recordOf(restored.record + restored.tail);
    const same =
      found !== null &&
      Object.keys(diffSettings(found.settings, head.settings)).length === 0 &&
      found.changes.every(({ by }) => by === 'guard');
    const rollouts = await KeptRollouts.open(folder, rolloutBytes);
    const course = new KeptCourse(folder, runs, rollouts, 0, same ? found : null);
    const all = unpackRows(rows);
    await course.#runs.append(recordLines(run, { ...head, changes, rows: all, summary: null }));
    course.#step = all.at(-1)?.step ?? 0;
    course.#come(all);
    course.#again?.changes.push(...changes);
    return course;
  }

  /** A run as it was kept. @returns null where there is none @throws LabError `bad-file`, `bad-setting` */
  static async restore(folder: Folder): Promise<{ course: KeptCourse; state: KeptCourseState } | null> {
    const { runs, restored } = await KeptRuns.restore(folder, keeping);
    const found = recordOf(restored.record + restored.tail);
    if (found === null) return null;
    const before = recordOf(restored.record);
    const { name, settings, origin, plan, adapter, lab, rows } = found;
    const head = { name, settings, origin, plan, adapter, lab };
    const checkpoint = restored.under?.checkpoint ?? null;
    const rollouts = await KeptRollouts.open(folder, rolloutBytes);
    const course = new KeptCourse(folder, runs, rollouts, checkpoint?.step ?? 0, found);
    const state = {
      head,
      changes: before?.changes ?? [],
      rows: packRows(before?.rows ?? []),
      again: packRows(rows.slice(before?.rows.length ?? 0)),
      checkpoint,
      forkable: restored.forkable,
      rollouts: checkpoint === null ? [] : await rollouts.until(checkpoint.step),
      notes: restored.notes,
    };
    return { course, state };
  }

  rows(packed: Float64Array): void {
    const rows = unpackRows(packed);
    for (const row of rows) this.#lines += stepLine(run, row);
    this.#step = rows.at(-1)?.step ?? this.#step;
    this.#come(rows);
  }

  /** Rows that came out, to be held against what was there before. */
  #come(rows: readonly Partial<MetricRow>[]): void {
    for (const row of rows) this.#again?.rows.push(row);
  }

  /** Rollouts of steps, ascending; those of the same steps and later ones that wait give way to them. */
  rollouts(steps: readonly PackedStep[]): void {
    const first = steps[0]?.step ?? Infinity;
    this.#steps = [...this.#steps.filter(({ step }) => step < first), ...steps];
  }

  changed(change: LiveChange): void {
    this.#lines += changeLine(run, change);
    // From here on it is another run than the one that was recorded.
    if (change.by !== 'guard') this.#again = null;
    this.#again?.changes.push(change);
  }

  /** Writes what waits. @returns the step up to which all is kept */
  async write(): Promise<number> {
    const [lines, steps, step] = [this.#lines, this.#steps, this.#step];
    [this.#lines, this.#steps] = ['', []];
    if (lines !== '') await this.#runs.append(lines);
    await this.#rollouts.add(steps);
    return step;
  }

  async keep(sent: SentCheckpoint): Promise<void> {
    const checkpoint = this.#received.unpack(sent);
    await this.write();
    await this.#runs.keep(run, checkpoint);
  }

  /** What is about to be thinned. */
  get thinning(): Thinning {
    return {
      checkpoints: this.#runs.going(run),
      rollouts: this.#rollouts.full ? 2 * this.#rollouts.stride : null,
    };
  }

  /**
   * Goes back to the checkpoint of a step, or to where nothing had begun: then it is to be begun once more.
   * @returns false, and nothing is changed, where that checkpoint is not kept
   */
  async back(step: number): Promise<boolean> {
    if (step > 0 && !this.#runs.keeps(run, step)) return false;
    [this.#lines, this.#steps] = ['', []];
    this.#step = step;
    if (step > 0) {
      await this.#runs.back(run, step);
      return true;
    }
    for (const name of await this.#folder.names()) await this.#folder.remove(name);
    return true;
  }

  /** What is to be said of steps that came out once more, once they all have; then null again. */
  compared(): string | null {
    if (this.#again === null) return null;
    const sentence = comparedAgain(this.#again.found, this.#again);
    if (sentence !== null) this.#again = null;
    return sentence;
  }
}

/** The changes that a tail begins with, made right after its checkpoint. */
function changesAt(tail: string, step: number): string {
  let end = 0;
  for (;;) {
    const next = tail.indexOf('\n', end) + 1;
    if (next === 0 || !isChangeAt(tail.slice(end, next), step)) return tail.slice(0, end);
    end = next;
  }
}

function isChangeAt(line: string, at: number): boolean {
  try {
    const { type, step } = JSON.parse(line) as { readonly type?: unknown; readonly step?: unknown };
    return type === 'change' && step === at;
  } catch {
    return false;
  }
}

/** The run of a record; null where not even its header is whole. */
function recordOf(text: string): RecordedRun | null {
  return text.includes('\n') ? (readRecord(text).runs[0] ?? null) : null;
}
