import * as v from 'valibot';
import { parseJson } from '../../lib/boundedJson.ts';
import { excerpt, mostQuoted, quote, saidBy } from '../../lib/quote.ts';
import { headerLength, lengthBytes, otherShape, parseHeader, weightsRefusal } from '../safetensorsHeader.ts';
import type { FolderFile, ModelFolder } from './folder.ts';
import { headName, type WantedTensor } from './tensors.ts';

/** How numbers are stored in a file, and bytes of each. */
export const storedBytes = { F32: 4, F16: 2, BF16: 2 } as const;
export type StoredType = keyof typeof storedBytes;

/** A tensor in its file. */
export interface StoredTensor extends WantedTensor {
  readonly type: StoredType;
  /** The file's name, and the byte of it that the numbers begin at. */
  readonly file: string;
  readonly begin: number;
  /** Numbers [first, end) as the file has them, little end first. @throws LabError where one is not finite */
  readonly read: (first: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
}

/** The weights of a folder: every tensor of its model, none of them read yet. */
export type StoredWeights = ReadonlyMap<string, StoredTensor>;

const single = 'model.safetensors';
const mostIndexBytes = 2 ** 24;

const indexSchema = v.object({ weight_map: v.record(v.string(), v.string()) });

/** Tensors that some exporters write and no decoder needs: tables that follow from config.json. */
const isTable = (name: string): boolean => name.endsWith('.rotary_emb.inv_freq');

/**
 * Finds a model's tensors in a folder's files, one or as its index says, and checks names, shapes, types and extents.
 * Reads headers only.
 * @param tied whether a copy of the embedding as the head is skipped
 * @throws LabError `bad-file` naming file, tensor and rule
 */
export async function openWeights(
  folder: ModelFolder,
  wanted: readonly WantedTensor[],
  tied: boolean,
): Promise<StoredWeights> {
  return openTensors(folder, single, wanted, {
    place: 'the model of config.json',
    skipped: (name) => (tied && name === headName) || isTable(name),
  });
}

/**
 * Finds tensors in a folder's file, or in those that its index names.
 * @param single the file's name where there is one alone
 * @param how what a tensor has no place in that is not wanted, and names that are passed over
 * @throws LabError `bad-file` naming file, tensor and rule
 */
export async function openTensors(
  folder: ModelFolder,
  single: string,
  wanted: readonly WantedTensor[],
  { place, skipped }: { readonly place: string; readonly skipped: (name: string) => boolean },
): Promise<StoredWeights> {
  const indexName = `${single}.index.json`;
  const index = await folder.file(indexName);
  const files = index === null ? [single] : await shardsOf(index, indexName);
  const missing = new Map(wanted.map((tensor) => [tensor.name, tensor]));
  const found = new Map<string, StoredTensor>();
  for (const name of files) {
    const file = await folder.file(name);
    if (file === null) {
      const why =
        index === null
          ? 'There is no such file, and no index of several'
          : `${indexName} names it, but there is no such file`;
      throw weightsRefusal(name, why);
    }
    for (const [tensorName, { dtype, shape, data_offsets }, data] of await entriesOf(
      file,
      name,
      wanted.length,
    )) {
      if (skipped(tensorName)) continue;
      const tensor = missing.get(tensorName);
      if (tensor === undefined) {
        const why = found.has(tensorName) ? 'is in another file as well' : `has no place in ${place}`;
        throw weightsRefusal(name, `The tensor ${quote(tensorName)} ${why}`);
      }
      if (!isStored(dtype))
        throw weightsRefusal(
          name,
          `${quote(tensorName)} is ${excerpt(dtype)}; only ${Object.keys(storedBytes).join(', ')} are read`,
        );
      const other = otherShape(tensorName, shape, tensor.shape, name);
      if (other !== null) throw other;
      const [begin, end] = data_offsets;
      const needed = storedBytes[dtype] * shape.reduce((product, n) => product * n, 1);
      if (end - begin !== needed) {
        throw weightsRefusal(
          name,
          `${quote(tensorName)} has ${String(end - begin)} bytes, but its shape needs ${String(needed)}`,
        );
      }
      missing.delete(tensorName);
      found.set(tensorName, stored(tensor, dtype, file, data + begin, name));
    }
  }
  if (missing.size > 0) {
    const [first, ...others] = missing.keys();
    throw weightsRefusal(
      index === null ? single : indexName,
      `Missing: ${first ?? ''}${others.length === 0 ? '' : ` and ${String(others.length)} more`}`,
    );
  }
  return found;
}

function isStored(dtype: string): dtype is StoredType {
  return Object.hasOwn(storedBytes, dtype);
}

/** The files that an index names, each once. */
async function shardsOf(index: FolderFile, indexName: string): Promise<string[]> {
  const refusal = (sentence: string, cause?: unknown) => weightsRefusal(indexName, sentence, cause);
  if (index.sizeBytes > mostIndexBytes) throw refusal(`It has ${String(index.sizeBytes)} bytes`);
  let json: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await index.read(0, index.sizeBytes));
    json = parseJson(text, { depth: 8, keys: 100_000, containers: 1000, values: 200_000 });
  } catch (cause) {
    throw refusal(`It can't be read: ${saidBy(cause)}`, cause);
  }
  const result = v.safeParse(indexSchema, json);
  if (!result.success) throw refusal(excerpt(result.issues[0].message, 2 * mostQuoted));
  const names = [...new Set(Object.values(result.output.weight_map))];
  const astray = names.find((name) => !/^[\w.-]+\.safetensors$/.test(name));
  if (astray !== undefined) throw refusal(`${quote(astray)} is no name of a file of weights`);
  return names.sort();
}

/** A file's tensors, each with where the data begin. */
async function entriesOf(file: FolderFile, name: string, tensors: number) {
  const start = await file.read(0, Math.min(lengthBytes, file.sizeBytes));
  const header = headerLength(start, file.sizeBytes, tensors, name);
  const data = lengthBytes + header;
  const bytes = await file.read(lengthBytes, data);
  return parseHeader(bytes, tensors, file.sizeBytes - data, name).map(
    ([tensor, entry]) => [tensor, entry, data] as const,
  );
}

function stored(
  tensor: WantedTensor,
  type: StoredType,
  file: FolderFile,
  begin: number,
  fileName: string,
): StoredTensor {
  const each = storedBytes[type];
  return {
    ...tensor,
    ...{ type, file: fileName, begin },
    read: async (first, end) => {
      const bytes = await file.read(begin + each * first, begin + each * end);
      if (!areFinite(bytes, type))
        throw weightsRefusal(fileName, `${quote(tensor.name)} holds a number that is not finite`);
      return bytes;
    },
  };
}

/** All bits of the exponent, at the top of a number's last two bytes. */
const exponents: Readonly<Record<StoredType, number>> = { F32: 0x7f80, BF16: 0x7f80, F16: 0x7c00 };

/** Whether numbers as a file has them are. */
export function areFinite(bytes: Uint8Array<ArrayBuffer>, type: StoredType): boolean {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const exponent = exponents[type];
  // Of an f32 the upper half alone has the exponent.
  const [from, by] = type === 'F32' ? [1, 2] : [0, 1];
  for (let i = from; i < halves.length; i += by) {
    if (((halves[i] ?? 0) & exponent) === exponent) return false;
  }
  return true;
}
