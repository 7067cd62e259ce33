import * as v from 'valibot';
import { crc32 } from '../lib/crc32.ts';
import { exactJson } from '../lib/exactJson.ts';
import { LabError } from '../lib/labError.ts';
import { metricIds } from '../spec/metrics.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';

/** How much of a record is written, and the CRC-32 of it. */
export interface RecordEnd {
  readonly bytes: number;
  readonly crc: number;
}

/** A checkpoint as a file holds it. */
export interface StoredCheckpoint {
  /** Of the record: which of its runs. */
  readonly run: number;
  /** Those that the guard could go back to are files of their own: here are their steps. */
  readonly checkpoint: Omit<Checkpoint, 'earlier'> & { readonly earlier: readonly number[] };
  /** The record when it was taken: what it holds of the run ends with this step. Null: others need it, no run goes on here. */
  readonly record: RecordEnd | null;
  /** Whether the run has come to its end, its summary in the record. */
  readonly ended: boolean;
}

const magic = new TextEncoder().encode('M-GRPO\r\n');
const crcBytes = 4;
/** Windows of ten steps over some twenty metrics. */
const mostHeaderBytes = 2 ** 20;
const arrays = ['policy', 'anchor', 'm', 'v'] as const;

/**
 * A checkpoint as bytes, little-endian: eight of magic, u32 length of a JSON header that is padded to a multiple of
 * four, the header, policy, anchor, m and v in f32, and the CRC-32 of all before it.
 */
export function encodeCheckpoint(stored: StoredCheckpoint): Uint8Array<ArrayBuffer> {
  const { state, ...head } = stored.checkpoint;
  const json = exactJson({ version: 1, ...stored, checkpoint: head, size: state.policy.length });
  const text = new TextEncoder().encode(json);
  const header = new Uint8Array(4 * Math.ceil(text.length / 4)).fill(0x20);
  header.set(text);
  const start = magic.length + 4 + header.length;
  const bytes = new Uint8Array(start + 4 * arrays.length * state.policy.length + crcBytes);
  bytes.set(magic);
  const view = new DataView(bytes.buffer);
  view.setUint32(magic.length, header.length, true);
  bytes.set(header, magic.length + 4);
  arrays.forEach((name, index) => {
    const { buffer, byteOffset, byteLength } = state[name];
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), start + index * byteLength);
  });
  const end = bytes.length - crcBytes;
  view.setUint32(end, crc32(bytes.subarray(0, end)), true);
  return bytes;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const value = v.nullable(v.number());
const schema = v.strictObject({
  version: v.literal(1),
  run: count,
  checkpoint: v.strictObject({
    step: count,
    updates: count,
    anchored: v.boolean(),
    overlap: v.array(v.strictObject({ qk: v.number(), qq: v.number(), kk: v.number() })),
    warning: v.record(
      v.picklist(metricIds),
      v.strictObject({ recent: v.array(value), first: v.array(v.number()) }),
    ),
    passing: v.boolean(),
    earlier: v.array(count),
  }),
  record: v.nullable(v.strictObject({ bytes: count, crc: count })),
  ended: v.boolean(),
  size: v.pipe(count, v.minValue(1)),
});

/**
 * The inverse of `encodeCheckpoint`.
 * @throws LabError `bad-file` for what is no whole checkpoint: cut, damaged, or of another version
 */
export function decodeCheckpoint(bytes: Uint8Array<ArrayBuffer>): StoredCheckpoint {
  const start = magic.length + 4;
  const end = bytes.length - crcBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (end < start || magic.some((byte, at) => bytes[at] !== byte)) throw damaged('it is no checkpoint');
  if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) throw damaged('its checksum is wrong');
  const headerBytes = view.getUint32(magic.length, true);
  if (headerBytes > Math.min(mostHeaderBytes, end - start)) throw damaged('its header is longer than it');
  const { success, output } = v.safeParse(schema, parsed(bytes.subarray(start, start + headerBytes)));
  if (!success) throw damaged('its header is of another version');
  const { size, version: _, checkpoint, ...stored } = output;
  if (start + headerBytes + 4 * arrays.length * size !== end) throw damaged('its length is not what it says');
  const state = Object.fromEntries(
    arrays.map((name, index) => {
      const from = start + headerBytes + 4 * size * index;
      // A copy: what was read may begin anywhere in its buffer.
      return [name, new Float32Array(bytes.slice(from, from + 4 * size).buffer)];
    }),
  ) as Record<(typeof arrays)[number], Float32Array<ArrayBuffer>>;
  return { ...stored, checkpoint: { ...checkpoint, state } };
}

function parsed(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return null;
  }
}

function damaged(why: string): LabError {
  return new LabError('bad-file', `A checkpoint can't be read: ${why}.`, 'Go on from an older one.');
}
