import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { takeLock, type Lock } from './lock.ts';

/** What a command may do to the place it writes to. */
export interface OutputRules {
  /** The flag or the word that named the place, for sentences. */
  readonly flag: string;
  /** Whether what is there may be replaced. */
  readonly force: boolean;
  /** Files and folders that the command reads: never written to. */
  readonly read: readonly string[];
}

/**
 * A place that is this command's alone until it is released or the command ends: a file beside it,
 * `.<name>.lock`, is made exclusively and says who writes (lock.ts). A lock of a process that is gone is taken over.
 */
export interface Claim {
  /** Without links. */
  readonly path: string;
  readonly there: Stats | null;
  /** Whether another process has taken it over, as this one gave no sign of life for two minutes. */
  readonly lost: () => boolean;
  readonly release: () => void;
}

/**
 * Claims a place for writing, before anything is computed.
 * @throws LabError `bad-file` where it can't be written, is there already, was read, or another command writes it
 */
export function claim(given: string, { flag, force, read }: OutputRules): Claim {
  const refuse = (why: string, remedy: string, cause?: unknown): LabError =>
    new LabError('bad-file', `${flag} can't be ${quotePath(given)}: ${why}.`, remedy, cause);
  if (given === '') throw refuse('a file has a name', `Name a file after ${flag}.`);
  let path: string;
  let there: Stats | null;
  try {
    there = lstatSync(given, { throwIfNoEntry: false }) === undefined ? null : statSync(given);
    path =
      there === null ? join(realpathSync(dirname(resolve(given))), basename(given)) : realpathSync(given);
  } catch (cause) {
    throw refuse(reason(cause), elsewhere, cause);
  }
  if (read.some((one) => holds(one, path, there))) {
    throw refuse('this command reads it', 'Name another file to write.');
  }
  // A device or a pipe has nothing that could be lost, and no place beside it.
  if (there !== null && !there.isFile() && !there.isDirectory())
    return { path, there, lost: () => false, release: () => undefined };
  if (there !== null && !force) {
    throw refuse('it is there already', `Name another, or add --force to replace it.`);
  }
  const lock = join(dirname(path), `.${basename(path)}.lock`);
  let taken: Lock | string;
  try {
    taken = takeLock(lock);
  } catch (cause) {
    throw refuse(reason(cause), elsewhere, cause);
  }
  if (typeof taken === 'string') {
    throw refuse(
      `${taken} writes it`,
      `Wait until it has ended, or name another. If that is no command of this lab, delete ${lock}.`,
    );
  }
  const own = taken;
  const release = (): void => {
    process.off('exit', release);
    own.release();
  };
  process.once('exit', release);
  return { path, there, lost: own.lost, release };
}

/** Whether a path is what was read, or lies in it; a file counts under every name that it has. */
function holds(read: string, path: string, there: Stats | null): boolean {
  const known = statSync(read, { throwIfNoEntry: false });
  if (known === undefined) return false;
  if (there !== null && there.isFile() && known.dev === there.dev && known.ino === there.ino) return true;
  return `${path}${sep}`.startsWith(`${realpathSync(read)}${sep}`);
}

const elsewhere = 'Name a file in a folder that exists and that you may write to.';

/** Why the system refused, without its paths: "no space left on device". */
function reason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return /^[A-Z0-9]+: (.*?)(?:, \w+.*)?$/s.exec(message)?.[1] ?? message.slice(0, 200);
}

/** A file that a command writes to, whole lines of text or bytes at a time; made with the first of them. */
export class Output {
  readonly #given: string;
  readonly #claim: Claim;
  #file: number | null = null;
  /** Bytes of whole lines. */
  #length = 0;

  /** Claims the file. @throws as `claim`, and for a folder */
  constructor(given: string, rules: OutputRules) {
    this.#given = given;
    this.#claim = claim(given, rules);
    if (this.#claim.there?.isDirectory() === true) {
      this.#claim.release();
      throw new LabError(
        'bad-file',
        `${rules.flag} can't be ${quotePath(given)}: it is a folder.`,
        'Name a file in it.',
      );
    }
  }

  /** @param lines with their ends. @throws LabError `bad-file`; the file then ends with the lines before these */
  write(lines: string | Uint8Array): void {
    const bytes = typeof lines === 'string' ? Buffer.from(lines) : lines;
    try {
      this.#file ??= this.#open();
      let done = 0;
      while (done < bytes.length) done += writeSync(this.#file, bytes, done);
      this.#length += bytes.length;
    } catch (cause) {
      if (cause instanceof LabError) throw cause;
      const kept = this.#keepWholeLines();
      throw new LabError(
        'bad-file',
        `${quotePath(this.#given)} can't be written further: ${reason(cause)}. ${kept}`,
        'Make room, or name a file elsewhere, and start again.',
        cause,
      );
    }
  }

  /** Lets the file go; nothing can be written any more. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    this.#claim.release();
  }

  #open(): number {
    const { there, path } = this.#claim;
    const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC } = constants;
    if (there === null || !there.isFile()) {
      // What has come there since is nobody's to replace.
      return openSync(path, there === null ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY);
    }
    return openSync(path, O_WRONLY | O_TRUNC);
  }

  #keepWholeLines(): string {
    if (this.#file === null) return 'Nothing was written.';
    if (!fstatSync(this.#file).isFile()) return 'What it holds may end within a line.';
    try {
      ftruncateSync(this.#file, this.#length);
      return this.#length === 0 ? 'It is empty.' : 'It ends with the last line that was whole.';
    } catch {
      return 'It may end within a line.';
    }
  }
}

/**
 * Files of a folder, which is made where there is none, beside their places until all of them are whole: those that were
 * there stay as they are where one can't be written.
 */
export class FolderParts {
  readonly #folder: string;
  readonly #made: string[] = [];
  readonly #parts: (readonly [part: string, file: string])[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The path at which a file is to be written. */
  place(name: string): string {
    const first = mkdirSync(this.#folder, { recursive: true });
    if (first !== undefined) this.#made.push(first);
    const part = join(this.#folder, `.${name}.part`);
    this.#made.push(part);
    this.#parts.push([part, join(this.#folder, name)]);
    return part;
  }

  /** All of them are whole. */
  settle(): void {
    for (const [part, file] of this.#parts) renameSync(part, file);
  }

  /** Removes what was made. @returns the error to throw, `bad-file` where it was one of the disk */
  discard(cause: unknown): unknown {
    for (const path of this.#made) rmSync(path, { recursive: true, force: true });
    if (cause instanceof LabError) return cause;
    return new LabError(
      'bad-file',
      `${quotePath(this.#folder)} can't be written: ${reason(cause)}.`,
      'Make room, or name a folder elsewhere, and start again.',
      cause,
    );
  }
}

/**
 * Writes the files of a folder, all or none of them.
 * @param files text or bytes by name
 * @throws LabError `bad-file`
 */
export function replaceFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  const parts = new FolderParts(folder);
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(parts.place(name), content);
    parts.settle();
  } catch (cause) {
    throw parts.discard(cause);
  }
}
