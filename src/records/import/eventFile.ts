import { limits, type Log, refusal } from './log.ts';
import { LogTable } from './table.ts';
import { WireReader } from './wire.ts';

/** Bytes of a record besides its data: length, checksum of it, checksum of the data. */
const framing = { length: 8, checksum: 4 } as const;
/** An event of scalars has some hundred bytes; one of text or pictures may have more, and is passed over. */
const versionMark = 'brain.Event:';

/** Whether a file is one of TensorBoard’s: its first record is the version of its events. */
export function isEventFile(bytes: Uint8Array): boolean {
  const begin = framing.length + framing.checksum;
  const head = new TextDecoder('latin1').decode(bytes.subarray(begin, begin + 40));
  return head.includes(versionMark);
}

/**
 * The scalars of an event file of TensorBoard, a row per step as they were written.
 * @param file its name, which has the time at which it was begun
 * @throws LabError `bad-file` where a checksum is wrong or there is more than is read
 * @source TFRecord framing; tensorflow event.proto, summary.proto and tensor.proto
 */
export function readEventFile(file: string, bytes: Uint8Array): Log {
  const table = new LogTable();
  const notes: string[] = [];
  let row = new Map<string, unknown>();
  let step: number | null = null;
  let begin = 0;
  const flush = (): void => {
    if (row.size > 0) table.addRow(`The row before byte ${begin}`, [...row, ['step', step ?? undefined]]);
    row = new Map();
  };
  for (const record of recordsOf(bytes, notes)) {
    begin = record.begin;
    const event = eventOf(record.data, begin);
    for (const { tag, value } of event.scalars) {
      // What is logged of one step comes one by one; what comes once more begins a row of its own.
      if (event.step !== step || row.has(tag)) flush();
      step = event.step;
      row.set(tag, value);
      refuseWide(row.size, begin);
    }
  }
  flush();
  const time = /tfevents\.(\d{9,11})\b/.exec(file)?.[1];
  const name = time === undefined ? 'TensorBoard' : `TensorBoard ${minuteOf(Number(time))}`;
  return { ...table.log('tensorboard', name, notes, 'step'), part: { of: null } };
}

function minuteOf(seconds: number): string {
  return new Date(1000 * seconds).toISOString().slice(0, 16).replace('T', ' ');
}

function refuseWide(columns: number, begin: number): void {
  if (columns < limits.columns) return;
  throw refusal(
    `Before byte ${begin}, a step has more than ${limits.columns - 1} tags; the page reads ${limits.columns - 1}.`,
    'Log fewer metrics.',
  );
}

interface Record {
  readonly begin: number;
  readonly data: Uint8Array;
}

/** @param notes gets a sentence where the last record is cut off: a run that is still writing */
function* recordsOf(bytes: Uint8Array, notes: string[]): Generator<Record> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const head = framing.length + framing.checksum;
  while (at < bytes.length) {
    const begin = at;
    const left = bytes.length - begin;
    const length = left < head ? Infinity : Number(view.getBigUint64(begin, true));
    if (
      left >= head &&
      view.getUint32(begin + framing.length, true) !== checksum(bytes, begin, framing.length)
    ) {
      throw corrupt(begin);
    }
    const size = head + length + framing.checksum;
    if (size > left) {
      notes.push(`The file’s last event, at byte ${begin}, is cut off: what is read ends before it.`);
      return;
    }
    const data = begin + head;
    if (view.getUint32(data + length, true) !== checksum(bytes, data, length)) throw corrupt(begin);
    yield { begin, data: bytes.subarray(data, data + length) };
    at = begin + size;
  }
}

function corrupt(begin: number): Error {
  return refusal(
    `The event file is damaged: the checksum of its event at byte ${begin} is wrong.`,
    'Copy the file once more, as binary.',
  );
}

interface Scalar {
  readonly tag: string;
  readonly value: number;
}

/** What of an Event is read: step = 2, summary = 5. */
function eventOf(
  data: Uint8Array,
  begin: number,
): { readonly step: number; readonly scalars: readonly Scalar[] } {
  const scalars: Scalar[] = [];
  let step = 0;
  const reader = new WireReader(data, begin);
  for (const { field, value } of reader.fields()) {
    if (field === 2 && typeof value === 'bigint') step = Number(BigInt.asIntN(64, value));
    else if (field === 5 && value instanceof Uint8Array) {
      for (const each of new WireReader(value, begin).fields()) {
        if (each.field === 1 && each.value instanceof Uint8Array)
          scalars.push(...scalarOf(each.value, begin));
      }
    }
  }
  return { step, scalars };
}

/** A Summary.Value: tag = 1, simple_value = 2, tensor = 8. Text, pictures and histograms are none. */
function scalarOf(bytes: Uint8Array, begin: number): Scalar[] {
  let tag = '';
  let scalar: number | null = null;
  for (const { field, value, wire } of new WireReader(bytes, begin).fields()) {
    if (field === 1 && value instanceof Uint8Array)
      tag = new TextDecoder().decode(value.subarray(0, 4 * limits.name));
    else if (field === 2 && wire === 5) scalar = Number(value);
    else if (field === 8 && value instanceof Uint8Array) scalar = tensorOf(value, begin);
  }
  return scalar === null || tag === '' ? [] : [{ tag, value: scalar }];
}

/** A TensorProto of one float or double: dtype = 1, tensor_content = 4, float_val = 5, double_val = 6. */
function tensorOf(bytes: Uint8Array, begin: number): number | null {
  let dtype = 0n;
  let content: Uint8Array | null = null;
  let listed: number | null = null;
  for (const { field, value, wire } of new WireReader(bytes, begin).fields()) {
    if (field === 1 && typeof value === 'bigint') dtype = value;
    else if (field === 4 && value instanceof Uint8Array) content = value;
    else if (field === 5 || field === 6) {
      if (typeof value === 'number') listed = value;
      else if (value instanceof Uint8Array) listed = oneOf(value, field === 5 ? 4 : 8);
      else if (wire === 0) return null;
    }
  }
  const width = dtype === 1n ? 4 : dtype === 2n ? 8 : null;
  return width === null ? null : (listed ?? (content === null ? null : oneOf(content, width)));
}

/** The number in bytes that hold one, little-endian as the format demands. */
function oneOf(bytes: Uint8Array, width: 4 | 8): number | null {
  if (bytes.length !== width) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, width);
  return width === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
}

/** CRC-32C, a byte at a time. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** The checksum of bytes as TFRecord masks it: CRC-32C, turned and moved. */
export function checksum(bytes: Uint8Array, begin: number, length: number): number {
  let crc = 0xffffffff;
  for (let at = begin; at < begin + length; at++) {
    crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
