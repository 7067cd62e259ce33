import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { LabError } from '../lib/labError.ts';
import { plainText } from '../lib/plainText.ts';
import { quotePath, saidBy } from '../lib/quote.ts';

/** How an input file is read. */
export interface InputRules {
  /** A larger one is refused before it is read. */
  readonly mostBytes: number;
  readonly remedy: string;
  /** What the file is called in a refusal, `--out "runs/a.jsonl"`; the end of its path in quotation marks unless said. */
  readonly called?: string;
  /** Bytes at the beginning that are not read. */
  readonly from?: number;
  /** Bytes behind which nothing is read. */
  readonly to?: number;
}

/** What the system's usual refusals mean; others are shown by their code. */
const meanings: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ERR_INVALID_ARG_VALUE: 'its name holds a character that no name may hold',
};

/** Read at once where a file is longer than it claimed, as those of /proc are. */
const chunkBytes = 2 ** 20;

/**
 * The bytes of a file that somebody named. Only regular files are read, after a look at their size: a device, a pipe
 * or a folder is refused, and one that grows meanwhile is read no further than the limit.
 * @throws LabError `bad-file` saying what can't be read and why
 */
export function readRegularFile(path: string, rules: InputRules): Uint8Array<ArrayBuffer> {
  const { mostBytes, remedy, called = quotePath(path), from = 0, to = Infinity } = rules;
  const refused = (why: string, cause?: unknown): LabError =>
    new LabError('bad-file', `${called} can't be read: ${why}.`, remedy, cause);
  const tooLarge = (bytes: string): LabError =>
    refused(`it has ${bytes}, and at most ${megabytes(mostBytes)} are read`);
  let file: number | undefined;
  try {
    // Without waiting: whoever opens a pipe for reading waits for a writer. Some systems have no such flag.
    const { O_RDONLY, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
    file = openSync(path, (O_RDONLY ?? 0) | O_NONBLOCK);
    const stat = fstatSync(file);
    if (stat.isDirectory()) throw refused('it is a folder');
    if (!stat.isFile()) throw refused('it is no regular file, but a device or a pipe');
    if (stat.size > mostBytes) throw tooLarge(megabytes(stat.size));
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let total = 0;
    for (let next = Math.max(0, stat.size - from) + 1; ; next = chunkBytes) {
      const room = Math.min(next, to - from - total);
      const part = new Uint8Array(room);
      let filled = 0;
      while (filled < room) {
        const count = readSync(file, part, filled, room - filled, from + total + filled);
        if (count === 0) break;
        filled += count;
      }
      total += filled;
      if (from + total > mostBytes) throw tooLarge('more bytes than it says');
      parts.push(part.subarray(0, filled));
      if (filled < room || from + total >= to) break;
    }
    return joined(parts, total);
  } catch (cause) {
    if (cause instanceof LabError) throw cause;
    const { code = '' } = cause as { code?: string };
    throw refused(meanings[code] ?? (code || saidBy(cause)), cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * The text of a file that somebody named, as `plainText` gives it.
 * @throws LabError as `readRegularFile` does, and where it is not UTF-8
 */
export function readTextFile(path: string, rules: InputRules): string {
  const bytes = readRegularFile(path, rules);
  try {
    return plainText(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw new LabError(
      'bad-file',
      `${rules.called ?? quotePath(path)} can't be read: it is ${wide ? 'text in UTF-16' : 'no text in UTF-8'}.`,
      wide ? 'Save it as UTF-8.' : rules.remedy,
      cause,
    );
  }
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[], total: number): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
