import { LabError } from '../../lib/labError.ts';
import type { Completion } from '../completions/completion.ts';
import { areCompletions, CompletionLines, openCompletions } from '../completions/open.ts';
import { JsonLines, kindOfLines, parseJson } from '../import/jsonLines.ts';
import type { Log } from '../import/log.ts';
import { openLog } from '../import/open.ts';

/** A file that a trainer may be writing. */
export interface Growing {
  /** Bytes. */
  readonly size: number;
  readonly read: (from: number, to: number) => Promise<Uint8Array<ArrayBuffer>>;
}

/** What a file holds by now: the runs of a log, or completions. */
export interface Contents {
  readonly logs: readonly Log[];
  /** Null for a log. */
  readonly completions: readonly Completion[] | null;
}

/** Lines as far as they were read. */
interface Read {
  readonly lines: JsonLines | CompletionLines;
  /** Bytes that are read. */
  at: number;
  /** The first bytes, and those before `at`: in another file they are others. */
  readonly head: Uint8Array;
  tail: Uint8Array;
}

/** Bytes by which a file is known again. */
const known = 512;
/** What only readers of whole texts understand: NUL bytes, escapes of a terminal, marks of encodings, bare carriage returns. */
const special = /[\0\u001b\uFEFF]|\r(?!\n)/;

/**
 * Reads a file again and again while it is written. Of lines of JSON only what was appended is read, as long as what
 * was read before is still there: one that was replaced, or cut, is read from its beginning, as are all other formats.
 */
export class GrownFile {
  readonly #name: string;
  #read: Read | null = null;

  /** @param name of the file: what a run is called where the contents don't say */
  constructor(name: string) {
    this.#name = name;
  }

  /** @throws LabError `bad-file` as `openLog` and `openCompletions` do */
  async read(file: Growing): Promise<Contents> {
    const before = this.#read;
    this.#read = null;
    if (before !== null && (await isContinued(before, file))) {
      const contents = this.#grown(before, await file.read(before.at, file.size));
      if (contents !== null) return contents;
    }
    const bytes = await file.read(0, file.size);
    return this.#begun(bytes) ?? this.#whole(bytes);
  }

  async #whole(bytes: Uint8Array<ArrayBuffer>): Promise<Contents> {
    const completions = await openCompletions(bytes);
    return { completions, logs: completions === null ? await openLog(this.#name, bytes) : [] };
  }

  /** Lines of JSON from their beginning; null for any other file. */
  #begun(bytes: Uint8Array<ArrayBuffer>): Contents | null {
    const end = bytes.indexOf(newline);
    // One line alone may be a document.
    if (bytes[0] !== brace || end < 0 || end === bytes.length - 1) return null;
    const first = new TextDecoder().decode(bytes.subarray(0, end));
    const lines = linesOf(first);
    if (lines === null) return null;
    const empty = new Uint8Array();
    return this.#grown({ lines, at: 0, head: bytes.slice(0, known), tail: empty }, bytes);
  }

  /** What there is with some bytes more; null where they are no such lines. */
  #grown(read: Read, bytes: Uint8Array<ArrayBuffer>): Contents | null {
    const { lines } = read;
    // A line that was read without its end is longer than that.
    const goesOn = read.at > 0 && read.tail.at(-1) !== newline && bytes.length > 0;
    if (goesOn && bytes[0] !== newline && bytes[0] !== carriageReturn) return null;
    const whole = bytes.lastIndexOf(newline) + 1;
    const [text, rest] = [bytes.subarray(0, whole), bytes.subarray(whole)].map((part) =>
      new TextDecoder().decode(part),
    ) as [string, string];
    if (special.test(text) || special.test(rest)) return null;
    let taken = whole;
    try {
      if (lines.add(text)) return null;
      if (!lines.add(rest)) taken = bytes.length;
    } catch (error) {
      // What is wrong with it, the reader of whole files says; or that it is something else.
      if (error instanceof LabError) return null;
      throw error;
    }
    const last = bytes.subarray(0, taken);
    const tail = last.length >= known ? last.slice(-known) : joined(read.tail, last).slice(-known);
    this.#read = { ...read, at: read.at + taken, tail };
    return lines instanceof CompletionLines
      ? { logs: [], completions: [...lines.rows] }
      : { logs: [lines.log(this.#name.replace(/\.(jsonl?|ndjson|txt|log|out)$/i, ''))], completions: null };
  }
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const brace = 0x7b;

/** A reader of lines like the first one; null where it is none of a file that grows by lines. */
function linesOf(first: string): JsonLines | CompletionLines | null {
  if (areCompletions(first)) return new CompletionLines();
  let opening: unknown;
  try {
    opening = parseJson(first);
  } catch {
    return null;
  }
  const kind = kindOfLines(opening);
  const others = kind === null || ['log_history', 'type', 'kind'].some((key) => key in (opening as object));
  return others ? null : new JsonLines(kind);
}

/** Whether a file begins with what was read of it before. */
async function isContinued({ at, head, tail }: Read, file: Growing): Promise<boolean> {
  if (file.size < at) return false;
  const [first, last] = await Promise.all([
    file.read(0, Math.min(head.length, at)),
    file.read(at - tail.length, at),
  ]);
  return areEqual(first, head.subarray(0, first.length)) && areEqual(last, tail);
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
