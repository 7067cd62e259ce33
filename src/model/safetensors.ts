import * as v from 'valibot';
import { parseJson, TwiceError } from '../lib/boundedJson.ts';
import { LabError } from '../lib/labError.ts';
import { excerpt, mostQuoted, quote, saidBy } from '../lib/quote.ts';
import type { Layout, Tensor } from './layout.ts';

/** What a header may have beside the model's tensors: metadata, and a few names too many to be told of. */
const spare = { bytes: 2 ** 20, keys: 1000 };
/** Of one tensor's entry; a lab model's have a hundred. */
const entryBytes = 1024;

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

type Entry = v.InferOutput<typeof entrySchema>;

/** The longest file that could hold a model's weights. */
export function mostSafetensorsBytes(layout: Layout): number {
  return 8 + mostHeaderBytes(layout) + 4 * layout.parameterCount;
}

function mostHeaderBytes({ tensors }: Layout): number {
  return spare.bytes + entryBytes * tensors.length;
}

/**
 * Reads a model's weights into one flat buffer, checking names, shapes, dtype and the extent of every tensor. Memory
 * for them is asked for once the file is known to hold them.
 * @param bytes a .safetensors file
 * @returns [layout.size] floats, padding zero
 * @throws LabError `bad-file` naming the tensor and the rule; nothing is half-loaded
 */
export function readSafetensors(bytes: ArrayBuffer, layout: Layout): Float32Array<ArrayBuffer> {
  if (bytes.byteLength < 8)
    throw refusal(`The file has ${String(bytes.byteLength)} bytes, fewer than its header`);
  const view = new DataView(bytes);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > bytes.byteLength - 8) {
    throw refusal(`The header claims ${String(headerBytes)} bytes of a file of ${String(bytes.byteLength)}`);
  }
  if (headerBytes > mostHeaderBytes(layout)) {
    throw refusal(
      `The header claims ${String(headerBytes)} bytes, but ${String(mostHeaderBytes(layout))} are plenty for the model of config.json`,
    );
  }
  const entries = parseHeader(new Uint8Array(bytes, 8, headerBytes), layout);
  const data = 8 + headerBytes;
  checkExtents(entries, bytes.byteLength - data);
  const tensors = checkTensors(entries, layout);
  const values = new Float32Array(layout.size);
  for (const [{ name, offset }, begin, end] of tensors) {
    // The data may begin at any byte: copy, then view.
    const own = new Float32Array(bytes.slice(data + begin, data + end));
    if (!own.every(Number.isFinite)) throw refusal(`${quote(name)} holds a number that is not finite`);
    values.set(own, offset);
  }
  return values;
}

/** Each tensor of the model with its place in the data, [begin, end) in bytes: none missing, none more. */
function checkTensors(
  entries: readonly (readonly [string, Entry])[],
  layout: Layout,
): readonly (readonly [Tensor, number, number])[] {
  const wanted = new Map(layout.tensors.map((tensor) => [tensor.name, tensor]));
  const found = entries.map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      const tensor = wanted.get(name);
      if (tensor === undefined)
        throw refusal(`The tensor ${quote(name)} has no place in the model of config.json`);
      if (dtype !== 'F32') throw refusal(`${quote(name)} is ${excerpt(dtype)}; only F32 is read`);
      if (shape.length !== tensor.shape.length || shape.some((size, i) => size !== tensor.shape[i])) {
        throw refusal(
          `${quote(name)} has shape [${excerpt(shape.slice(0, 8).join(', '))}], but config.json asks for [${tensor.shape.join(', ')}]`,
        );
      }
      if (end - begin !== 4 * tensor.length) {
        throw refusal(
          `${quote(name)} has ${String(end - begin)} bytes, but its shape needs ${String(4 * tensor.length)}`,
        );
      }
      wanted.delete(name);
      return [tensor, begin, end] as const;
    },
  );
  if (wanted.size > 0) {
    const [first, ...others] = wanted.keys();
    throw refusal(
      `Missing: ${first ?? ''}${others.length === 0 ? '' : ` and ${String(others.length)} more`}`,
    );
  }
  return found;
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

function parseHeader(bytes: Uint8Array, { tensors }: Layout): [string, Entry][] {
  const keys = tensors.length + spare.keys;
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
  return Object.entries<Entry>(entries as Record<string, Entry>);
}

/** Tensors must tile the data exactly: no gap, no overlap, nothing behind the last. */
function checkExtents(entries: readonly (readonly [string, Entry])[], dataBytes: number): void {
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
        `${quote(name)} lies at bytes ${String(begin)} to ${String(end)}, but the tensor before it ends at ${String(at)}`,
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
