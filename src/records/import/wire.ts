import { refusal } from './log.ts';

/** A field of a protobuf message: its number, its wire type, and its value as the wire has it. */
interface Field {
  readonly field: number;
  readonly wire: number;
  /** A varint as bigint, 32 and 64 bits as float and double, all else as bytes. */
  readonly value: bigint | number | Uint8Array;
}

/** Reads the wire format of protobuf, field by field; what is not known is passed over by whoever asks. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: number;
  #at = 0;

  /** @param where the message’s place in the file, for what is said of it */
  constructor(bytes: Uint8Array, where: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
  }

  /** @throws LabError where the message ends within a field, or a field has a type that the wire format lacks */
  *fields(): Generator<Field> {
    while (this.#at < this.#bytes.length) {
      const key = this.#varint();
      const wire = Number(key & 7n);
      yield { field: Number(key >> 3n), wire, value: this.#value(wire) };
    }
  }

  #value(wire: number): Field['value'] {
    switch (wire) {
      case 0:
        return this.#varint();
      case 1:
        return this.#view.getFloat64(this.#take(8), true);
      case 2: {
        const length = Number(this.#varint());
        const begin = this.#take(length);
        return this.#bytes.subarray(begin, begin + length);
      }
      case 5:
        return this.#view.getFloat32(this.#take(4), true);
      default:
        throw this.#malformed();
    }
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw this.#malformed();
  }

  /** @returns where the next bytes begin, which are passed */
  #take(length: number): number {
    const begin = this.#at;
    if (!(length <= this.#bytes.length - begin)) throw this.#malformed();
    this.#at = begin + length;
    return begin;
  }

  #malformed(): Error {
    return refusal(
      `The event at byte ${this.#where} is no message of protobuf.`,
      'Copy the file once more, as binary.',
    );
  }
}
