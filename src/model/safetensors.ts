import { toBfloat } from '../lib/half.ts';
import { excerpt, quote } from '../lib/quote.ts';
import type { Layout, Tensor } from './layout.ts';
import {
  headerLength,
  lengthBytes,
  mostHeaderBytes,
  otherShape,
  parseHeader,
  weightsRefusal,
  type HeaderEntry,
} from './safetensorsHeader.ts';

/** What a lab model's weights are called. */
const file = 'model.safetensors';

/** The types in which a lab model's weights lie, and their bytes. */
const bytesOf = { F32: 4, BF16: 2 } as const;
export type SafetensorsType = keyof typeof bytesOf;

/** The longest file that could hold a model's weights. */
export function mostSafetensorsBytes(layout: Layout): number {
  return lengthBytes + mostHeaderBytes(layout.tensors.length) + 4 * layout.parameterCount;
}

/**
 * Reads a model's weights into one flat buffer, checking names, shapes, dtype and the extent of every tensor. Memory
 * for them is asked for once the file is known to hold them.
 * @param bytes a .safetensors file
 * @returns [layout.size] floats, padding zero
 * @throws LabError `bad-file` naming the tensor and the rule; nothing is half-loaded
 */
export function readSafetensors(bytes: ArrayBuffer, layout: Layout): Float32Array<ArrayBuffer> {
  const count = layout.tensors.length;
  const header = headerLength(new Uint8Array(bytes), bytes.byteLength, count, file);
  const data = lengthBytes + header;
  const entries = parseHeader(
    new Uint8Array(bytes, lengthBytes, header),
    count,
    bytes.byteLength - data,
    file,
  );
  const tensors = checkTensors(entries, layout);
  const values = new Float32Array(layout.size);
  for (const [{ name, offset }, dtype, begin, end] of tensors) {
    // The data may begin at any byte: copy, then view.
    const own = floatsOf(bytes.slice(data + begin, data + end), dtype);
    if (!own.every(Number.isFinite)) throw refusal(`${quote(name)} holds a number that is not finite`);
    values.set(own, offset);
  }
  return values;
}

/** Each tensor of the model with its place in the data, [begin, end) in bytes: none missing, none more. */
function checkTensors(
  entries: readonly (readonly [string, HeaderEntry])[],
  layout: Layout,
): readonly (readonly [Tensor, SafetensorsType, number, number])[] {
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
      if (dtype !== 'F32' && dtype !== 'BF16')
        throw refusal(`${quote(name)} is ${excerpt(dtype)}; only F32 and BF16 are read`);
      const other = otherShape(name, shape, tensor.shape, file);
      if (other !== null) throw other;
      const needed = bytesOf[dtype] * tensor.length;
      if (end - begin !== needed) {
        throw refusal(
          `${quote(name)} has ${String(end - begin)} bytes, but its shape needs ${String(needed)}`,
        );
      }
      wanted.delete(name);
      return [tensor, dtype, begin, end] as const;
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

function floatsOf(bytes: ArrayBuffer, dtype: SafetensorsType): Float32Array<ArrayBuffer> {
  if (dtype === 'F32') return new Float32Array(bytes);
  const words = Uint32Array.from(new Uint16Array(bytes), (upper) => upper << 16);
  return new Float32Array(words.buffer);
}

/**
 * Writes a flat buffer as a .safetensors file, tensors in the order in which they are listed.
 * @param dtype `BF16`: the nearest bfloat16 numbers
 */
export function writeSafetensors(
  values: Float32Array,
  layout: Pick<Layout, 'tensors'>,
  dtype: SafetensorsType = 'F32',
): Uint8Array<ArrayBuffer> {
  const each = bytesOf[dtype];
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const { name, shape, length } of layout.tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + each * length] };
    offset += each * length;
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
    const written = dtype === 'F32' ? part : Uint16Array.from(part, toBfloat);
    file.set(new Uint8Array(written.buffer), at);
    at += written.byteLength;
  }
  return file;
}

/** The nearest bfloat16 numbers. */
export function asBfloats(values: Float32Array): Float32Array<ArrayBuffer> {
  return floatsOf(Uint16Array.from(values, toBfloat).buffer, 'BF16');
}

function refusal(sentence: string): Error {
  return weightsRefusal(file, sentence);
}
