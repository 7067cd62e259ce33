import { logOfCompletions, withCompletions } from '../records/completions/attach.ts';
import type { Completion } from '../records/completions/completion.ts';
import {
  type CompletionGroup,
  groupAt,
  type Grouped,
  groupedCompletions,
} from '../records/completions/groups.ts';
import { rowsOfGroups } from '../records/completions/rows.ts';
import { type Log, type LogOutline, outlineOf } from '../records/import/log.ts';
import { guessed } from '../records/import/kind.ts';
import type { Mapping } from '../records/import/mapping.ts';
import { type PackedRows, packLog } from '../records/import/pack.ts';
import { refuseLarge } from '../records/import/parse.ts';
import { GrownFile } from '../records/watched/grown.ts';
import { joinLogs } from '../records/import/join.ts';
import { LabError } from '../lib/labError.ts';

/** A log on the shelf: what the page is told of it. */
export interface ShelvedLog {
  readonly id: number;
  readonly outline: LogOutline;
  /** The columns whose names say what they are, and one that was taken for the truth. */
  readonly guess: Mapping;
  /** That one; null where no column looks like it. */
  readonly truth: string | null;
  /** What is known of its completions; null where there are none. */
  readonly told: CompletionsOutline | null;
}

/** A run's completions in a few words. */
export interface CompletionsOutline {
  /** Ascending. */
  readonly steps: readonly number[];
  /** The form of answers that was asked for; null where the surest was taken. */
  readonly wanted: string | null;
  /** Sentences about what was read, and how answers were found. */
  readonly notes: readonly string[];
}

/** A run on the shelf: its log, in parts as files have it, and its completions. */
interface Shelved {
  /** By the number that each was read under. */
  readonly parts: ReadonlyMap<number, Log>;
  readonly completions: ReadonlyMap<number, readonly Completion[]>;
  readonly grouped: Grouped | null;
  /** How answers are found, where somebody said so. */
  readonly wanted: string | null;
  readonly log: Log;
}

/** Keeps the values of logs, which are many, away from the page: it gets the rows that it draws. */
export class LogShelf {
  readonly #runs = new Map<number, Shelved>();
  /** Completions that belong to no run yet. */
  readonly #loose = new Map<number, readonly Completion[]>();
  /** Files that are read again, by the number of their first run. */
  readonly #followed = new Map<number, GrownFile>();

  /**
   * Reads the runs of a file.
   * @param firstId of the first of them; the others follow
   * @returns none for a file of completions, which are kept under that number until they are attached to a run
   */
  async read(file: File, firstId: number): Promise<readonly ShelvedLog[]> {
    return this.#read(file, new GrownFile(file.name), firstId, (id) => id);
  }

  /** Reads a file once more under the same number: its runs are anew what it holds now, the new ones among them. */
  async refresh(file: File, firstId: number): Promise<readonly ShelvedLog[]> {
    const grown = this.#followed.get(firstId) ?? new GrownFile(file.name);
    this.#followed.set(firstId, grown);
    return this.#read(file, grown, firstId, (id) => this.#runWith(id) ?? id);
  }

  async #read(
    file: File,
    grown: GrownFile,
    firstId: number,
    runOf: (part: number) => number,
  ): Promise<readonly ShelvedLog[]> {
    refuseLarge(file.size);
    const { logs, completions } = await grown.read({
      size: file.size,
      read: async (from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
    });
    if (completions !== null) {
      const id = this.#runWith(firstId);
      this.#loose.set(firstId, completions);
      return id === null ? [] : [this.attach(id, [firstId], file.name)];
    }
    return logs.map((log, index) => {
      const id = runOf(firstId + index);
      const { parts, completions: told } = this.#runs.get(id) ?? nothing;
      return this.#put(id, { parts: new Map([...parts, [firstId + index, log]]), completions: told });
    });
  }

  /** Gives completions to a run; one that is not there yet is of them alone. @param name of that one */
  attach(to: number, ids: readonly number[], name: string): ShelvedLog {
    const { parts, completions } = this.#runs.get(to) ?? nothing;
    const more = ids.flatMap((id) => {
      const loose = this.#loose.get(id);
      this.#loose.delete(id);
      return loose === undefined ? [] : [[id, loose] as const];
    });
    return this.#put(to, { parts, completions: new Map([...completions, ...more]) }, name);
  }

  /** Puts the rows of a log below those of another of the same run. What can't be joined is dropped. */
  join(to: number, id: number): ShelvedLog {
    const more = this.#run(id);
    const { parts, completions } = this.#run(to);
    this.#runs.delete(id);
    return this.#put(to, { parts: new Map([...parts, ...more.parts]), completions });
  }

  /**
   * Finds the answers in a run's completions anew.
   * @param wanted a form's name or a pattern; null: the surest that is often found
   */
  answers(id: number, wanted: string | null): ShelvedLog {
    return this.#put(id, { ...this.#run(id), wanted });
  }

  /** The completions of one prompt, as `groupAt` has it; null where the run has none. */
  group(id: number, step: number | null, index: number): CompletionGroup | null {
    const { grouped } = this.#run(id);
    return grouped === null ? null : groupAt(grouped, { step, index });
  }

  /** The rows of a log as mapped. */
  rows(id: number, mapping: Mapping): PackedRows {
    return packLog(this.#run(id).log, mapping);
  }

  drop(id: number): void {
    const { parts, completions } = this.#runs.get(id) ?? nothing;
    for (const part of [...parts.keys(), ...completions.keys()]) this.#followed.delete(part);
    this.#runs.delete(id);
  }

  /** @param name of a run that has nothing but completions */
  #put(
    id: number,
    {
      parts,
      completions,
      wanted = this.#runs.get(id)?.wanted ?? null,
    }: Pick<Shelved, 'parts' | 'completions'> & { readonly wanted?: string | null },
    name = this.#runs.get(id)?.log.name ?? '',
  ): ShelvedLog {
    const [first, ...others] = parts.values();
    const own = first === undefined ? null : others.reduce(joinLogs, first);
    const { guess, truth } = own === null ? { guess: {}, truth: null } : guessed(own);
    const all = [...completions.values()].flat();
    const grouped = all.length === 0 ? null : groupedCompletions(all, wanted ?? undefined);
    const told = grouped === null ? null : rowsOfGroups(grouped);
    const mapped =
      own === null
        ? logOfCompletions(name, told ?? { rows: [], notes: [] })
        : told === null
          ? { log: own, mapping: guess }
          : withCompletions({ log: own, mapping: guess }, told);
    this.#runs.set(id, { parts, completions, grouped, wanted, log: mapped.log });
    const steps = grouped?.batches.map(({ step }) => step);
    return {
      id,
      outline: outlineOf(mapped.log),
      guess: mapped.mapping,
      truth,
      told: steps === undefined ? null : { steps, wanted, notes: told?.notes ?? [] },
    };
  }

  /** The run that has what was read under a number. */
  #runWith(part: number): number | null {
    for (const [id, { parts, completions }] of this.#runs)
      if (parts.has(part) || completions.has(part)) return id;
    return null;
  }

  #run(id: number): Shelved {
    const run = this.#runs.get(id);
    if (run !== undefined) return run;
    throw new LabError('bad-file', 'What was read of the file is gone.', 'Drop the file once more.');
  }
}

const nothing = { parts: new Map<number, Log>(), completions: new Map<number, readonly Completion[]>() };

/** A call of one of the shelf's methods, as it is sent to the worker that has it. */
export type ShelfMethod = keyof LogShelf;
export type ShelfResult<Method extends ShelfMethod> = Awaited<ReturnType<LogShelf[Method]>>;
export interface ShelfCall {
  readonly method: ShelfMethod;
  readonly args: Parameters<LogShelf[ShelfMethod]>;
}

/** What became of it: a result, or why it was refused. */
export type ShelfAnswer =
  | { readonly result: ShelfResult<ShelfMethod> }
  | { readonly refused: { readonly sentence: string; readonly remedy: string } };

/** Makes a call; what it throws becomes a refusal. */
export async function answerCall(shelf: LogShelf, { method, args }: ShelfCall): Promise<ShelfAnswer> {
  try {
    const methods = shelf as unknown as Record<ShelfMethod, (...args: unknown[]) => unknown>;
    return { result: (await methods[method](...args)) as ShelfResult<ShelfMethod> };
  } catch (error) {
    if (error instanceof LabError) return { refused: { sentence: error.message, remedy: error.remedy } };
    const words = error instanceof Error ? error.message : String(error);
    return { refused: { sentence: `The file can’t be read: ${words}.`, remedy: 'Drop it once more.' } };
  }
}
