import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { checksum, readEventFile } from '../../src/records/import/eventFile.ts';

type Bytes = readonly number[];

const text = (words: string): Bytes => [...new TextEncoder().encode(words)];
const float = (value: number): Bytes => [...new Uint8Array(Float32Array.of(value).buffer)];
const double = (value: number): Bytes => [...new Uint8Array(Float64Array.of(value).buffer)];
/** Lengths and steps of these tests take a byte each. */
const within = (field: number, bytes: Bytes): Bytes => [(field << 3) | 2, bytes.length, ...bytes];

function record(data: Bytes): Bytes {
  const length = [...new Uint8Array(BigUint64Array.of(BigInt(data.length)).buffer)];
  const sum = (bytes: Bytes): Bytes => {
    const masked = checksum(Uint8Array.from(bytes), 0, bytes.length);
    return [...new Uint8Array(Uint32Array.of(masked).buffer)];
  };
  return [...length, ...sum(length), ...data, ...sum(data)];
}

const event = (step: number, ...values: readonly Bytes[]): Bytes =>
  record([
    (1 << 3) | 1,
    ...double(1.7e9),
    (2 << 3) | 0,
    step,
    ...within(
      5,
      values.flatMap((value) => within(1, value)),
    ),
  ]);
const simple = (tag: string, value: number): Bytes => [
  ...within(1, text(tag)),
  (2 << 3) | 5,
  ...float(value),
];
const tensor = (tag: string, of: Bytes): Bytes => [...within(1, text(tag)), ...within(8, of)];
const version = record([...within(3, text('brain.Event:2'))]);

const read = (...records: readonly Bytes[]) =>
  readEventFile('events.out.tfevents.1795696509.host.1.0', Uint8Array.from([version, ...records].flat()));
const columns = (...records: readonly Bytes[]) =>
  Object.fromEntries(read(...records).columns.map(({ name, values }) => [name, [...values]]));

function refused(...records: readonly Bytes[]): string {
  try {
    read(...records);
  } catch (error) {
    if (error instanceof LabError) return error.message;
    throw error;
  }
  throw new Error('was read');
}

it('the checksum is CRC-32C, masked', () => {
  const bytes = Uint8Array.from(text('123456789'));
  const crc = 0xe3069283;
  expect(checksum(bytes, 0, 9)).toBe((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
});

describe('an event file', () => {
  it('has a row per step, and a new one where a tag comes once more', () => {
    expect(
      columns(
        event(1, simple('a', 0.5)),
        event(1, simple('b', 2)),
        event(2, simple('a', 1)),
        event(2, simple('a', 3)),
      ),
    ).toEqual({ a: [0.5, 1, 3], b: [2, NaN, NaN], step: [1, 2, 2] });
  });

  it('is called by the time of its name', () => {
    expect(read(event(1, simple('a', 1)))).toMatchObject({
      format: 'tensorboard',
      name: 'TensorBoard 2026-11-26 12:35',
      axis: 'step',
      part: { of: null },
    });
  });

  it.each<[string, Bytes]>([
    ['a float in its bytes', [(1 << 3) | 0, 1, ...within(4, float(0.25))]],
    ['a double in its bytes', [(1 << 3) | 0, 2, ...within(4, double(0.25))]],
    ['a float in a list', [(1 << 3) | 0, 1, (5 << 3) | 5, ...float(0.25)]],
    ['a float in a packed list', [(1 << 3) | 0, 1, ...within(5, float(0.25))]],
    ['a double in a packed list', [(1 << 3) | 0, 2, ...within(6, double(0.25))]],
  ])('of TensorFlow 2: %s', (_, of) => {
    expect(columns(event(1, tensor('a', of)))).toMatchObject({ a: [0.25] });
  });

  it('of text and pictures: these are passed over', () => {
    const words = tensor('words', [(1 << 3) | 0, 7, ...within(8, text('hello'))]);
    expect(columns(event(1, words, simple('a', 1)))).toEqual({ a: [1], step: [1] });
  });

  it('NaN is not finite', () => {
    expect(read(event(1, simple('a', NaN)), event(2, simple('a', 1))).columns[0]?.notFinite).toEqual([0]);
  });

  it('that is cut off is read up to the cut, wherever it is', () => {
    const last = event(2, simple('a', 2));
    for (let left = 1; left < last.length; left++) {
      const log = read(event(1, simple('a', 1)), last.slice(0, left));
      expect(log.rows).toBe(1);
      expect(log.notes[0]).toMatch(/^The file’s last event, at byte \d+, is cut off/);
    }
  });

  it('that is damaged is refused, whichever byte it is', () => {
    const good = event(1, simple('a', 1));
    for (let at = 0; at < good.length; at++) {
      const bad = good.map((byte, index) => (index === at ? byte ^ 1 : byte));
      expect(refused(bad, event(2, simple('a', 2)))).toMatch(/damaged|no message of protobuf/);
    }
  });

  it.each<[string, Bytes]>([
    ['a length beyond its end', [(5 << 3) | 2, 100]],
    ['a number without end', [(2 << 3) | 0, ...Array<number>(11).fill(0xff)]],
    ['groups, which the wire format no longer has', [(5 << 3) | 3]],
  ])('whose message has %s: refused', (_, data) => {
    expect(refused(record(data))).toMatch(/^The event at byte \d+ is no message of protobuf/);
  });

  it('without scalars: refused', () => {
    expect(refused()).toContain('no column of numbers');
  });
});
