import * as v from 'valibot';
import { parseJson, TwiceError } from '../lib/boundedJson.ts';
import { LabError } from '../lib/labError.ts';
import { excerpt, mostQuoted, quote, saidBy } from '../lib/quote.ts';

/** What a header may have beside the model's tensors: metadata, and a few names too many to be told of. */
const spare = { bytes: 2 ** 20, keys: 1000 };
/** Of one tensor's entry; a lab model's have a hundred. */
const entryBytes = 1024;

/** Bytes in front of a header: its length, as a 64-bit number. */
export const lengthBytes = 8;

const entrySchema = v.strictObject({
  dtype: v.string(),
  shape: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
  data_offsets: v.tuple([
    v.pipe(v.number(), v.integer(), v.minValue(0)),
    v.pipe(v.number(), v.integer(), v.minValue(0)),
  ]),
});
const headerSchema = v.objectWithRest(
  { __metadata__: v.optional(v.record(v.string(), v.string())) },
  entrySchema,
);

/** What a header says of a tensor; offsets count from the end of the header. */
export type HeaderEntry = v.InferOutput<typeof entrySchema>;

/** Bytes that the header of a file of so many tensors may have. */
export function mostHeaderBytes(tensors: number): number {
  return spare.bytes + entryBytes * tensors;
}

/** The error for a file of weights. @param file its name */
export function weightsRefusal(file: string, sentence: string, cause?: unknown): LabError {
  return new LabError(
    'bad-file',
    `${file}: ${sentence}.`,
    'Export the model again, or check that the download is complete.',
    cause,
  );
}

/**
 * How long the header is that a file begins with.
 * @param start the file's first bytes, eight where it has so many
 * @param tensors of the model that it is to hold
 * @throws LabError `bad-file`
 */
export function headerLength(start: Uint8Array, fileBytes: number, tensors: number, file: string): number {
  if (fileBytes < lengthBytes)
    throw weightsRefusal(file, `The file has ${String(fileBytes)} bytes, fewer than its header`);
  const length = Number(new DataView(start.buffer, start.byteOffset, lengthBytes).getBigUint64(0, true));
  if (length > fileBytes - lengthBytes) {
    throw weightsRefusal(file, `The header claims ${String(length)} bytes of a file of ${String(fileBytes)}`);
  }
  if (length > mostHeaderBytes(tensors)) {
    throw weightsRefusal(
      file,
      `The header claims ${String(length)} bytes, but ${String(mostHeaderBytes(tensors))} are plenty for the model of config.json`,
    );
  }
  return length;
}

/**
 * The tensors that a header names, which tile the data behind it exactly.
 * @param tensors of the model that the file is to hold
 * @param dataBytes bytes behind the header
 * @throws LabError `bad-file` naming the entry and the rule
 */
export function parseHeader(
  bytes: Uint8Array,
  tensors: number,
  dataBytes: number,
  file: string,
): readonly (readonly [string, HeaderEntry])[] {
  const refusal = (sentence: string, cause?: unknown) => weightsRefusal(file, sentence, cause);
  const keys = tensors + spare.keys;
  let json: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    json = parseJson(text, { depth: 4, keys, containers: 4 * keys, values: 16 * keys }, { unique: true });
  } catch (cause) {
    if (cause instanceof TwiceError) throw refusal(`The header has ${quote(cause.key)} twice`);
    if (cause instanceof SyntaxError || cause instanceof TypeError)
      throw refusal('The header is no JSON', cause);
    throw refusal(`The header can't be read: ${saidBy(cause)}`, cause);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw refusal('The header is no object');
  const result = v.safeParse(headerSchema, json, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw refusal(
      `The header's entry ${quote(v.getDotPath(issue) ?? '')}: ${excerpt(issue.message, 2 * mostQuoted)}`,
    );
  }
  // Names that could reach a prototype do not get through the schema.
  const left = Object.keys(json).find((name) => !Object.hasOwn(result.output, name));
  if (left !== undefined) throw refusal(`${quote(left)} is no name of a tensor`);
  const { __metadata__: _, ...entries } = result.output;
  const named = Object.entries<HeaderEntry>(entries as Record<string, HeaderEntry>);
  checkExtents(named, dataBytes, file);
  return named;
}

/** Tensors must tile the data exactly: no gap, no overlap, nothing behind the last. */
function checkExtents(
  entries: readonly (readonly [string, HeaderEntry])[],
  dataBytes: number,
  file: string,
): void {
  let at = 0;
  const ordered = [...entries].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [
    name,
    {
      data_offsets: [begin, end],
    },
  ] of ordered) {
    if (begin !== at || end < begin) {
      throw weightsRefusal(
        file,
        `${quote(name)} lies at bytes ${String(begin)} to ${String(end)}, but the tensor before it ends at ${String(at)}`,
      );
    }
    at = end;
  }
  if (at !== dataBytes) {
    throw weightsRefusal(
      file,
      `The tensors cover ${String(at)} bytes, but the file holds ${String(dataBytes)}`,
    );
  }
}

/** The refusal of a tensor whose shape is another than config.json asks for; null where it is the same. */
export function otherShape(
  name: string,
  shape: readonly number[],
  wanted: readonly number[],
  file: string,
): LabError | null {
  if (shape.length === wanted.length && shape.every((size, i) => size === wanted[i])) return null;
  return weightsRefusal(
    file,
    `${quote(name)} has shape [${excerpt(shape.slice(0, 8).join(', '))}], but config.json asks for [${wanted.join(', ')}]`,
  );
}
