import { type Log, type LogOutline, outlineOf } from '../records/import/log.ts';
import { guessed } from '../records/import/kind.ts';
import type { Mapping } from '../records/import/mapping.ts';
import { type PackedRows, packLog } from '../records/import/pack.ts';
import { openLog } from '../records/import/open.ts';
import { refuseLarge } from '../records/import/parse.ts';
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
}

/** Keeps the values of logs, which are many, away from the page: it gets the rows that it draws. */
export class LogShelf {
  readonly #logs = new Map<number, Log>();

  /** Reads the runs of a file. @param firstId of the first of them; the others follow */
  async read(file: File, firstId: number): Promise<readonly ShelvedLog[]> {
    refuseLarge(file.size);
    const logs = await openLog(file.name, new Uint8Array(await file.arrayBuffer()));
    return logs.map((log, index) => this.#put(firstId + index, log));
  }

  /** Puts the rows of a log below those of another of the same run. What can't be joined is dropped. */
  join(to: number, id: number): ShelvedLog {
    const log = this.#log(id);
    this.drop(id);
    return this.#put(to, joinLogs(this.#log(to), log));
  }

  /** The rows of a log as mapped. */
  rows(id: number, mapping: Mapping): PackedRows {
    return packLog(this.#log(id), mapping);
  }

  drop(id: number): void {
    this.#logs.delete(id);
  }

  #put(id: number, log: Log): ShelvedLog {
    this.#logs.set(id, log);
    return { id, outline: outlineOf(log), ...guessed(log) };
  }

  #log(id: number): Log {
    const log = this.#logs.get(id);
    if (log !== undefined) return log;
    throw new LabError('bad-file', 'What was read of the file is gone.', 'Drop the file once more.');
  }
}

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
