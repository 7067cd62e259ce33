import * as v from 'valibot';
import { LabError } from '../lib/labError.ts';
import type { Layout } from './layout.ts';

/** Larger headers are refused before they are parsed; a lab model's is a few kilobytes. */
const maxHeaderBytes = 16 * 2 ** 20;

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

/** The tokens of JSON that tell keys: strings whole, with the colon behind a key, and the braces of objects. */
const keyTokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

/**
 * Reads a model's weights into one flat buffer, checking names, shapes, dtype and the extent of every tensor.
 * @param bytes a .safetensors file
 * @returns [layout.size] floats, padding zero
 * @throws LabError `bad-file` naming the tensor and the rule; nothing is half-loaded
 */
export function readSafetensors(bytes: ArrayBuffer, layout: Layout): Float32Array<ArrayBuffer> {
  if (bytes.byteLength < 8)
    throw refusal(`The file has ${String(bytes.byteLength)} bytes, fewer than its header`);
  const view = new DataView(bytes);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > Math.min(maxHeaderBytes, bytes.byteLength - 8)) {
    throw refusal(`The header claims ${String(headerBytes)} bytes of a file of ${String(bytes.byteLength)}`);
  }
  const header = parseHeader(new Uint8Array(bytes, 8, headerBytes));
  const data = 8 + headerBytes;
  const values = new Float32Array(layout.size);
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__') as [
    string,
    v.InferOutput<typeof entrySchema>,
  ][];
  checkExtents(entries, bytes.byteLength - data);
  const wanted = new Map(layout.tensors.map((tensor) => [tensor.name, tensor]));
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [begin, end],
    },
  ] of entries) {
    const tensor = wanted.get(name);
    if (tensor === undefined) throw refusal(`The tensor "${name}" has no place in the model of config.json`);
    if (dtype !== 'F32') throw refusal(`"${name}" is ${dtype}; only F32 is read`);
    if (shape.join() !== tensor.shape.join()) {
      throw refusal(
        `"${name}" has shape [${shape.join(', ')}], but config.json asks for [${tensor.shape.join(', ')}]`,
      );
    }
    if (end - begin !== 4 * tensor.length) {
      throw refusal(
        `"${name}" has ${String(end - begin)} bytes, but its shape needs ${String(4 * tensor.length)}`,
      );
    }
    // The data may begin at any byte: copy, then view.
    const own = new Float32Array(bytes.slice(data + begin, data + end));
    if (!own.every(Number.isFinite)) throw refusal(`"${name}" holds a number that is not finite`);
    values.set(own, tensor.offset);
    wanted.delete(name);
  }
  if (wanted.size > 0) throw refusal(`Missing: ${[...wanted.keys()].join(', ')}`);
  return values;
}

/** Writes a flat buffer as a .safetensors file, tensors in layout order. */
export function writeSafetensors(values: Float32Array, layout: Layout): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const { name, shape, length } of layout.tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + 4 * length] };
    offset += 4 * length;
  }
  const json = JSON.stringify(header);
  // Data begins at a multiple of 8, as the format asks.
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const file = new Uint8Array(8 + text.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let at = 8 + text.length;
  for (const tensor of layout.tensors) {
    const part = values.slice(tensor.offset, tensor.offset + tensor.length);
    file.set(new Uint8Array(part.buffer), at);
    at += 4 * tensor.length;
  }
  return file;
}

function parseHeader(bytes: Uint8Array): v.InferOutput<typeof headerSchema> {
  let json: unknown;
  let twice: string | null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
    twice = repeatedKey(text);
  } catch (cause) {
    throw refusal('The header is no JSON', cause);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw refusal('The header is no object');
  if (twice !== null) throw refusal(`The header has "${twice}" twice`);
  const result = v.safeParse(headerSchema, json);
  if (!result.success) {
    const [issue] = result.issues;
    throw refusal(`The header's entry "${v.getDotPath(issue) ?? ''}": ${issue.message}`);
  }
  // Names that could reach a prototype do not get through the schema.
  const left = Object.keys(json).find((name) => !Object.hasOwn(result.output, name));
  if (left !== undefined) throw refusal(`"${left}" is no name of a tensor`);
  return result.output;
}

/** The first key that an object of a valid JSON text has twice: JSON.parse would take the last in silence. */
function repeatedKey(text: string): string | null {
  const open: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(keyTokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key) === true) return key;
      keys?.add(key);
    }
  }
  return null;
}

/** Tensors must tile the data exactly: no gap, no overlap, nothing behind the last. */
function checkExtents(
  entries: readonly [string, v.InferOutput<typeof entrySchema>][],
  dataBytes: number,
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
      throw refusal(
        `"${name}" lies at bytes ${String(begin)} to ${String(end)}, but the tensor before it ends at ${String(at)}`,
      );
    }
    at = end;
  }
  if (at !== dataBytes)
    throw refusal(`The tensors cover ${String(at)} bytes, but the file holds ${String(dataBytes)}`);
}

function refusal(sentence: string, cause?: unknown): LabError {
  return new LabError(
    'bad-file',
    `model.safetensors: ${sentence}.`,
    'Export the model again, or check that the download is complete.',
    cause,
  );
}
