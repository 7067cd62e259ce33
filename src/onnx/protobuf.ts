/**
 * Protocol Buffers' wire format, as much of it as ONNX needs. A message is a list of chunks that nobody copies, so
 * that weights pass through as they are.
 * @source protobuf.dev/programming-guides/encoding
 */
export type Message = readonly Uint8Array<ArrayBuffer>[];

const wire = { varint: 0, bytes: 2 } as const;

/** A whole number from −2⁶³ to 2⁶³ − 1 as a varint. */
function varint(value: number | bigint): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}

function tag(field: number, type: number): Uint8Array<ArrayBuffer> {
  return varint(field * 8 + type);
}

/** int32, int64, enum, bool. */
export function whole(field: number, value: number): Message {
  return [tag(field, wire.varint), varint(value)];
}

/** bytes. */
export function bytes(field: number, value: Uint8Array<ArrayBuffer>): Message {
  return [tag(field, wire.bytes), varint(value.length), value];
}

/** string. */
export function text(field: number, value: string): Message {
  return bytes(field, new TextEncoder().encode(value));
}

/** A message within a message. */
export function message(field: number, ...parts: readonly Message[]): Message {
  const chunks = parts.flat();
  return [tag(field, wire.bytes), varint(sizeOf(chunks)), ...chunks];
}

/** Bytes of a message. */
export function sizeOf(chunks: Message): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/** A message as one piece. */
export function joined(chunks: Message): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(sizeOf(chunks));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
