import * as v from 'valibot';
import { LabError } from '../lib/labError.ts';
import { plainText } from '../lib/plainText.ts';
import { excerpt, quote } from '../lib/quote.ts';

/** The settings of a record have one level less, those of the formats before it as many. */
const deepest = 6;

/** A line of a record, still unchecked; `number` counts from 1. */
export interface RecordLine {
  readonly number: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A file that is no record, in words: which line and why. */
export function refused(line: number | null, why: string, cause?: unknown): LabError {
  return new LabError(
    'bad-file',
    `${line === null ? 'The record' : `Line ${line} of the record`} ${why}.`,
    'Give a file written by npm run train -- --out, or exported from the page, as it was written.',
    cause,
  );
}

/**
 * The lines of a text that hold something, each an object, in time linear in the text.
 * @param cut told the number of a last line that ends within itself, as where a disk was full or a run was killed
 * @throws LabError `bad-file` for a line that is no object, nests too deep, or hides a key in `__proto__`
 */
export function* linesOf(given: string, cut: (line: number) => void): Generator<RecordLine> {
  const text = plainText(given);
  let at = 0;
  for (let number = 1; at < text.length; number++) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    at = end < 0 ? text.length : end + 1;
    if (line === '') continue;
    const json = parsed(line);
    if (json === undefined) {
      if (end >= 0) throw refused(number, 'is no JSON');
      cut(number);
      return;
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw refused(number, 'is no object');
    const bad = unsafe(json, deepest);
    if (bad !== null) throw refused(number, bad);
    yield { number, json: json as RecordLine['json'] };
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What must not go further, in words; null for what may. */
function unsafe(json: object, depth: number): string | null {
  if (depth === 0) return `is nested deeper than ${deepest} levels`;
  for (const [key, value] of Object.entries(json) as [string, unknown][]) {
    if (key === '__proto__') return 'has a key "__proto__", which no record has';
    if (typeof value !== 'object' || value === null) continue;
    const bad = unsafe(value, depth - 1);
    if (bad !== null) return bad;
  }
  return null;
}

/** A line under a schema. @throws LabError naming the key that is not as it should be */
export function checked<const Schema extends v.GenericSchema>(
  schema: Schema,
  { number, json }: RecordLine,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const [{ message, path }] = result.issues;
  const key = path?.map((item) => String(item.key)).join('.') ?? '';
  throw refused(number, `has a bad ${quote(key)}: ${excerpt(message, 200)}`);
}
