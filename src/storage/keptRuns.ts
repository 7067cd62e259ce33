import { crc32 } from '../lib/crc32.ts';
import { LabError } from '../lib/labError.ts';
import { checkpointBytes, type Checkpoint } from '../trainer/checkpoint.ts';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  type RecordEnd,
  type StoredCheckpoint,
} from './checkpointFile.ts';
import type { Folder } from './folder.ts';
import { alwaysKept, goingNext, type Held, superfluous } from './thinning.ts';

/** The record of the runs that a folder keeps, as `records/write.ts` writes it. */
export const recordFile = 'record.jsonl';

/** Where a checkpoint lies; that of a run's end apart, as it never takes another's place. */
const nameOf = (run: number, step: number, ended: boolean): string =>
  `${ended ? 'end' : 'checkpoint'}-${String(run)}-${String(step)}`;
const namePattern = /^(checkpoint|end)-\d+-\d+$/;

/** Steps of the checkpoints of one run among the files of a folder, ascending; of its end apart. */
export function checkpointSteps(names: readonly string[], run: number): readonly number[] {
  return names
    .flatMap((name) => {
      const step = Number(name.split('-')[2]);
      return name === nameOf(run, step, false) ? [step] : [];
    })
    .sort((a, b) => a - b);
}

/** What a folder holds of its runs. */
export interface Restored {
  /** Runs that have come to their end, as the record counts them. */
  readonly ended: readonly number[];
  /** The run that was under way and where it goes on; null: at its beginning, or all have ended. */
  readonly under: { readonly run: number; readonly checkpoint: Checkpoint } | null;
  /** The record up to there. */
  readonly record: string;
  /** What had been written after it: it comes out once more, and can be compared. */
  readonly tail: string;
  /** All checkpoints from which the run under way can go on, oldest first. */
  readonly forkable: readonly Checkpoint[];
  /** Sentences on files that are of no use. */
  readonly notes: readonly string[];
}

/** How runs are kept. */
export interface Keeping {
  /** Checkpoints beyond the newest two stay while those of a run fit into so many bytes: a run can be forked there. */
  readonly forkableBytes?: number;
  /**
   * How much of the tail belongs to the state of its checkpoint, as settings do that were changed right after it.
   * @returns the beginning of the tail
   */
  readonly belongs?: (tail: string, step: number) => string;
}

/** A checkpoint that lies in the folder whole. */
interface Whole {
  readonly needs: readonly string[];
  readonly step: number;
  readonly bytes: number;
  readonly record: RecordEnd | null;
}

/**
 * Runs kept in a folder, so that a process killed at any moment loses what came after the newest checkpoint and no
 * more. The record is appended to; each checkpoint is a new file that names length and checksum of the record when it
 * was taken, and counts once its own checksum is right. Nothing that is needed is ever written over.
 */
export class KeptRuns {
  readonly #folder: Folder;
  readonly #keeping: Keeping;
  #end: RecordEnd;
  /** Whether more of the record is there than counts: cut off before anything is added, so that looking changes nothing. */
  #hasTail: boolean;
  /** Oldest first. */
  readonly #whole: Map<string, Whole>;

  private constructor(
    folder: Folder,
    keeping: Keeping,
    end: RecordEnd,
    hasTail: boolean,
    whole: Iterable<readonly [string, Whole]>,
  ) {
    this.#folder = folder;
    this.#keeping = keeping;
    this.#end = end;
    this.#hasTail = hasTail;
    this.#whole = new Map(whole);
  }

  /** Begins in a folder. @throws LabError `bad-file` where it holds runs already */
  static async begin(folder: Folder, keeping: Keeping = {}): Promise<KeptRuns> {
    const there = (await folder.names()).find((name) => name === recordFile || namePattern.test(name));
    if (there === undefined) return new KeptRuns(folder, keeping, { bytes: 0, crc: 0 }, false, []);
    throw new LabError(
      'bad-file',
      `The folder holds runs already: ${there} is there.`,
      'Go on with them, or name another folder.',
    );
  }

  /**
   * Goes on in a folder, at the newest checkpoint that is whole with all that it needs. What comes after it in the
   * record is given back, and cut off when something is added: until then nothing is changed.
   * @throws LabError `bad-file` where the record is not the one that its checkpoints were taken with
   */
  static async restore(
    folder: Folder,
    keeping: Keeping = {},
  ): Promise<{ readonly runs: KeptRuns; readonly restored: Restored }> {
    const record = (await folder.read(recordFile)) ?? new Uint8Array();
    const { stored, notes } = await storedIn(folder);
    const fitting = new Map([...stored].filter(([, { record: end }]) => beginsWith(record, end)));
    // What was taken last names the longest part of the record.
    const found = [...fitting.values()]
      .sort((a, b) => lengthOf(b) - lengthOf(a))
      .flatMap(({ run, record: end, ended, ...one }) => {
        const checkpoint = withEarlier({ run, ...one }, fitting);
        return checkpoint === null || end === null ? [] : [{ run, end, ended, checkpoint }];
      })[0];
    if (found === undefined && [...stored.values()].some(({ record: end }) => end !== null)) {
      throw new LabError(
        'bad-file',
        `${recordFile} is damaged: it does not begin as it did when its checkpoints were taken.`,
        'Restore it from a copy. Nothing was changed.',
      );
    }
    const taken = found?.end ?? { bytes: 0, crc: 0 };
    const used = [...fitting]
      .filter(([, one]) => lengthOf(one) <= taken.bytes)
      .sort(([, a], [, b]) => lengthOf(a) - lengthOf(b) || a.checkpoint.step - b.checkpoint.step);
    const under =
      found === undefined || found.ended ? null : { run: found.run, checkpoint: found.checkpoint };
    const decoder = new TextDecoder();
    const end = under === null ? taken : endOf(record, taken, under.checkpoint.step, keeping);
    const restored = {
      ended: used.flatMap(([, { ended, run }]) => (ended ? [run] : [])),
      under,
      record: decoder.decode(record.subarray(0, end.bytes)),
      tail: decoder.decode(record.subarray(end.bytes)),
      forkable: used.flatMap(([, one]) => {
        const checkpoint =
          one.run === under?.run && one.record !== null && !one.ended ? withEarlier(one, fitting) : null;
        return checkpoint === null ? [] : [checkpoint];
      }),
      notes,
    };
    const whole = used.map(([name, one]) => [name, wholeOf(one)] as const);
    return { runs: new KeptRuns(folder, keeping, end, record.length > end.bytes, whole), restored };
  }

  /** Adds lines to the record. */
  async append(lines: string): Promise<void> {
    await this.#cutTail();
    const bytes = new TextEncoder().encode(lines);
    await this.#folder.append(recordFile, bytes);
    this.#end = { bytes: this.#end.bytes + bytes.length, crc: crc32(bytes, this.#end.crc) };
  }

  /**
   * Keeps a checkpoint, and those that the guard may go back to; all of the record up to it must have been appended.
   * Then those that nothing needs any more are removed; the one before stays in reserve.
   * @param ended whether the run has come to its end
   * @throws LabError `bad-file` where it can't be read back as it was written
   */
  async keep(run: number, checkpoint: Checkpoint, ended = false): Promise<void> {
    // One that was due at this step has been kept, or is where the run begins.
    if (!ended && checkpoint.earlier.some(({ step }) => step === checkpoint.step)) return;
    await this.#cutTail();
    for (const one of checkpoint.earlier) await this.#write(run, one, null, false);
    const name = await this.#write(run, checkpoint, this.#end, ended);
    const held = this.#heldOf(run);
    for (const other of superfluous(held, alwaysKept(held, name), this.#forkableBytes))
      await this.#remove(other);
  }

  /** Steps of the checkpoints of a run that the next one takes the place of: what is forked there has to be by then. */
  going(run: number): readonly number[] {
    if (this.#forkableBytes === 0) return [];
    const going = goingNext(this.#heldOf(run), this.#forkableBytes);
    return going.flatMap((name) => {
      const one = this.#whole.get(name);
      return one === undefined || one.record === null ? [] : [one.step];
    });
  }

  get #forkableBytes(): number {
    return this.#keeping.forkableBytes ?? 0;
  }

  /** Whether a run can go back to the checkpoint of a step. */
  keeps(run: number, step: number): boolean {
    return (this.#whole.get(nameOf(run, step, false))?.record ?? null) !== null;
  }

  /**
   * Goes back to a checkpoint that is kept: what came after it never was.
   * @throws LabError `bad-file` where it is not kept
   */
  async back(run: number, step: number): Promise<void> {
    const name = nameOf(run, step, false);
    const to = this.#whole.get(name)?.record;
    if (to === undefined || to === null) {
      throw new LabError(
        'bad-file',
        `The checkpoint of step ${String(step)} is not kept.`,
        'Go on from another one.',
      );
    }
    const later = [...this.#whole].filter(([, { record }]) => (record?.bytes ?? 0) > to.bytes);
    // First those that would be refused once the record is shorter.
    for (const [other] of later) await this.#remove(other);
    const end = endOf((await this.#folder.read(recordFile)) ?? new Uint8Array(), to, step, this.#keeping);
    await this.#folder.truncate(recordFile, end.bytes);
    this.#end = end;
    this.#hasTail = false;
  }

  async #cutTail(): Promise<void> {
    if (!this.#hasTail) return;
    await this.#folder.truncate(recordFile, this.#end.bytes);
    this.#hasTail = false;
  }

  async #remove(name: string): Promise<void> {
    await this.#folder.remove(name);
    this.#whole.delete(name);
  }

  /** Checkpoints of a run, oldest first. */
  #heldOf(run: number): readonly Held[] {
    return [...this.#whole]
      .filter(([name]) => isOf(run, name))
      .map(([name, { needs, bytes, record }]) => ({ name, needs, bytes, forks: record !== null }));
  }

  async #write(
    run: number,
    checkpoint: Checkpoint,
    record: RecordEnd | null,
    ended: boolean,
  ): Promise<string> {
    const name = nameOf(run, checkpoint.step, ended);
    if (this.#whole.has(name)) return name;
    const earlier = checkpoint.earlier.map(({ step }) => step);
    const stored = { run, checkpoint: { ...checkpoint, earlier }, record, ended };
    const bytes = encodeCheckpoint(stored);
    await this.#folder.write(name, bytes);
    const back = await this.#folder.read(name);
    if (back === null || back.length !== bytes.length || crc32(back) !== crc32(bytes)) {
      throw new LabError(
        'bad-file',
        `${name} was written, and reads back as something else.`,
        'The disk is full or failing: make room, or keep the run elsewhere.',
      );
    }
    this.#whole.set(name, wholeOf(stored));
    return name;
  }
}

/** Of what belongs to a checkpoint. @param taken of the record when the checkpoint was */
function endOf(record: Uint8Array, taken: RecordEnd, step: number, { belongs }: Keeping): RecordEnd {
  const tail = new TextDecoder().decode(record.subarray(taken.bytes));
  const more = new TextEncoder().encode(belongs?.(tail, step) ?? '');
  return { bytes: taken.bytes + more.length, crc: crc32(more, taken.crc) };
}

/** Of the record when it was taken, in bytes. */
function lengthOf({ record }: StoredCheckpoint): number {
  return record?.bytes ?? 0;
}

/**
 * The newest checkpoint of a run that a folder keeps whole, of its end where it has come to it; nothing is changed.
 * @returns null where there is none
 */
export async function newestCheckpoint(folder: Folder, run: number): Promise<Checkpoint | null> {
  const { stored } = await storedIn(folder);
  const [newest] = [...stored.values()]
    .filter((one) => one.run === run)
    .sort((a, b) => b.checkpoint.step - a.checkpoint.step);
  return newest === undefined ? null : { ...newest.checkpoint, earlier: [] };
}

function wholeOf({ run, checkpoint, record }: StoredCheckpoint): Whole {
  const { step, earlier } = checkpoint;
  const needs = earlier.map((each) => nameOf(run, each, false));
  return { needs, step, bytes: checkpointBytes(checkpoint), record };
}

function isOf(run: number, name: string): boolean {
  return name.split('-')[1] === String(run);
}

/** The checkpoints of a folder that are whole, and what is to be said of the others. */
async function storedIn(
  folder: Folder,
): Promise<{ readonly stored: ReadonlyMap<string, StoredCheckpoint>; readonly notes: readonly string[] }> {
  const stored = new Map<string, StoredCheckpoint>();
  const notes: string[] = [];
  for (const name of await folder.names()) {
    if (!namePattern.test(name)) continue;
    // One that can't be read at the moment is not damaged: going on without it would do its steps once more.
    const bytes = (await folder.read(name)) ?? new Uint8Array();
    try {
      const one = decodeCheckpoint(bytes);
      // Under another's name it would be taken for it.
      if (nameOf(one.run, one.checkpoint.step, one.ended) !== name) throw new RangeError('renamed');
      stored.set(name, one);
    } catch {
      notes.push(`${name} is cut off or damaged, and not used.`);
    }
  }
  return { stored, notes };
}

function beginsWith(record: Uint8Array, end: RecordEnd | null): boolean {
  if (end === null) return true;
  const { bytes, crc } = end;
  return record.length >= bytes && crc32(record.subarray(0, bytes)) === crc;
}

/** @returns null where one that it needs is missing */
function withEarlier(
  { run, checkpoint }: Pick<StoredCheckpoint, 'run' | 'checkpoint'>,
  stored: ReadonlyMap<string, StoredCheckpoint>,
): Checkpoint | null {
  const earlier = checkpoint.earlier.flatMap((step) => {
    const one = stored.get(nameOf(run, step, false));
    return one === undefined ? [] : [{ ...one.checkpoint, earlier: [] }];
  });
  return earlier.length === checkpoint.earlier.length ? { ...checkpoint, earlier } : null;
}
