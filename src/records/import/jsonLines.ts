import { type JsonLimits, parseJson as parseBounded } from '../../lib/boundedJson.ts';
import { LabError } from '../../lib/labError.ts';
import { quote, saidBy } from '../../lib/quote.ts';
import { FlatRows } from './flatRows.ts';
import { type Log, limits, refusal, whatIsRead } from './log.ts';
import { LogTable } from './table.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Rows may hold more than the numbers that are read. */
const jsonLimits: JsonLimits = {
  depth: 32,
  keys: 4 * limits.columns,
  containers: 4 * limits.rows,
  values: 2 * limits.cells,
};

/** Whose lines: verl's file logger, {"step": …, "data": {…}}, or any logger's, flat or nested, under whatever names. */
export type LineKind = 'verl' | 'lines';

/** @param opening what the first line holds @returns null where it is no record */
export function kindOfLines(opening: unknown): LineKind | null {
  if (!isRow(opening)) return null;
  return typeof opening.step === 'number' && isObject(opening.data) ? 'verl' : 'lines';
}

/** The run of a file with a record in each line, as far as it was read: more lines can be added. */
export class JsonLines {
  readonly #kind: LineKind;
  readonly #verl = new LogTable();
  readonly #flat = new FlatRows();
  readonly #place: Place = { line: 0, read: 0, cut: null };

  constructor(kind: LineKind) {
    this.#kind = kind;
  }

  /**
   * Adds the lines of a text, each of them whole but for the last.
   * @returns whether the last one is cut off: then it is not read, and can be added once more when it is whole
   */
  add(text: string): boolean {
    for (const { line, json } of linesOf(text, this.#place)) {
      if (this.#kind === 'lines') {
        if (!isRow(json)) throw mustBeRow(`Line ${line}`, json);
        this.#flat.add(`Line ${line}`, json);
      } else {
        const { step, data } = isObject(json) ? json : {};
        if (typeof step !== 'number') throw mustBe(`Line ${line}`, json, 'step', 'a number');
        if (!isObject(data)) throw mustBe(`Line ${line}`, json, 'data', 'an object');
        this.#verl.addRow(`Line ${line}`, [...Object.entries(data), ['step', step]]);
      }
    }
    return this.#place.cut !== null;
  }

  /** @param name of the run */
  log(name: string): Log {
    const notes = this.#place.cut === null ? [] : [this.#place.cut];
    return this.#kind === 'verl' ? this.#verl.log('verl', name, notes) : this.#flat.log('lines', name, notes);
  }
}

/** How far a file was read. */
export interface Place {
  /** The last line that was read, from 1. */
  line: number;
  /** Lines that held something. */
  read: number;
  /** What is said of a last line that is cut off, which ends the others. */
  cut: string | null;
}

/** The lines that hold something. @param place where the text begins: goes along */
export function* linesOf(
  text: string,
  place: Place = { line: 0, read: 0, cut: null },
): Generator<{ readonly line: number; readonly json: unknown }> {
  place.cut = null;
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const content = text.slice(at, end < 0 ? text.length : end).trim();
    const line = place.line + 1;
    at = end < 0 ? text.length : end + 1;
    if (content === '') {
      if (end >= 0) place.line = line;
      continue;
    }
    let json: unknown;
    try {
      json = parseJson(content, line);
    } catch (error) {
      const broken = error instanceof LabError && error.cause instanceof SyntaxError;
      if (!broken || place.read === 0 || text.slice(at).trim() !== '') throw error;
      place.cut = `The last line, ${line}, is cut off: what is read ends before it.`;
      return;
    }
    // The end of a line that was read without it is in the text that follows.
    if (end >= 0) place.line = line;
    place.read++;
    yield { line, json };
  }
}

/** JSON as Python writes it, with NaN and Infinity, which become texts. @param line of a file of JSON lines */
export function parseJson(text: string, line?: number): unknown {
  try {
    return parseBounded(text, jsonLimits, { python: true });
  } catch (error) {
    const place = line === undefined ? 'The file' : `Line ${line}`;
    if (error instanceof SyntaxError) {
      throw refusal(
        `${place} is no JSON: ${saidBy(error)}.`,
        'If the run was writing while you copied the file, copy it once more; the last line may be cut.',
        error,
      );
    }
    throw refusal(
      `${place} is no log that is read: ${saidBy(error)}.`,
      'Check that this is the log of a training run.',
      error,
    );
  }
}

/** A record that can be a row: it has a name for each of its values. */
export function isRow(json: unknown): json is Json {
  return isObject(json) && Object.keys(json).length > 0;
}

export function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

export function mustBeRow(place: string, json: unknown): LabError {
  return refusal(`${place} must be an object of names and values; it has ${keysOf(json)}.`, whatIsRead);
}

export function mustBe(place: string, json: unknown, key: string, what: string): LabError {
  return refusal(`${place}: "${key}" must be ${what}; it has ${keysOf(json)}.`, whatIsRead);
}

export function keysOf(json: unknown): string {
  const keys = isObject(json) ? Object.keys(json) : [];
  const named = keys.slice(0, 5).map((key) => quote(key, 40));
  return keys.length === 0 ? 'no keys' : `the keys ${named.join(', ')}${keys.length > 5 ? ' …' : ''}`;
}
