import { LabError } from '../../lib/labError.ts';
import { saidBy } from '../../lib/quote.ts';
import { isEventFile, readEventFile } from './eventFile.ts';
import { type Log, refusal, whatIsRead } from './log.ts';
import { parseLog, refuseLarge } from './parse.ts';

/** Files that people drop and no log is in, or none that a tab can read; by their first bytes. */
const others: readonly {
  readonly begins: readonly number[];
  readonly what: string;
  readonly remedy: string;
}[] = [
  {
    // ":W&B"
    begins: [0x3a, 0x57, 0x26, 0x42],
    what: 'a .wandb file, which W&B’s own programs read',
    remedy:
      'Export the run’s charts as CSV, or its history: run.history().to_csv("run.csv"). Offline, drop the console’s output or the trainer_state.json instead.',
  },
  {
    // "PAR1"
    begins: [0x50, 0x41, 0x52, 0x31],
    what: 'a Parquet file',
    remedy: 'Drop the trainer_state.json or the console’s output of the same run.',
  },
  {
    // "SQLite format 3"
    begins: [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65],
    what: 'a SQLite database, as MLflow and trackio keep their runs',
    remedy: 'Export the run as CSV: from the page of MLflow or trackio, a row per step.',
  },
  {
    // "PK"
    begins: [0x50, 0x4b, 0x03, 0x04],
    what: 'a zip archive',
    remedy: 'Unpack it, and drop the log that is in it.',
  },
  {
    begins: [0x28, 0xb5, 0x2f, 0xfd],
    what: 'packed with zstd',
    remedy: 'Unpack it with unzstd, and drop the log.',
  },
  {
    begins: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    what: 'packed with xz',
    remedy: 'Unpack it with unxz, and drop the log.',
  },
  {
    begins: [0x42, 0x5a, 0x68],
    what: 'packed with bzip2',
    remedy: 'Unpack it with bunzip2, and drop the log.',
  },
];

/** How many gzips may lie in one another. */
const mostPacked = 2;

/**
 * Reads the log of a training run from its file: text in UTF-8 or UTF-16, an event file of TensorBoard, or one of
 * these in a gzip.
 * @param file its name: what a run is called where the contents don't say
 * @returns the runs in the file, one or more
 * @throws LabError `bad-file` naming the rule and the place
 */
export async function openLog(file: string, contents: Uint8Array<ArrayBuffer>): Promise<readonly Log[]> {
  refuseLarge(contents.length);
  let [name, bytes] = [file, contents];
  for (let packed = 0; bytes[0] === 0x1f && bytes[1] === 0x8b; packed++) {
    if (packed === mostPacked)
      throw refusal('The file is packed over and over.', 'Unpack it, and drop the log.');
    bytes = await unpacked(bytes);
    name = name.replace(/\.gz(ip)?$/i, '');
  }
  for (const { begins, what, remedy } of others) {
    if (begins.every((byte, at) => bytes[at] === byte)) throw refusal(`The file is ${what}.`, remedy);
  }
  if (isEventFile(bytes)) return [readEventFile(name, bytes)];
  return parseLog(name, textOf(bytes));
}

/** The contents of a gzip, as far as they are read at all. @throws LabError where it can't be unpacked, or is too much */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      refuseLarge(size);
      parts.push(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (error instanceof LabError) throw error;
    throw refusal(
      `The gzip can’t be unpacked: ${saidBy(error)}.`,
      'Copy the file once more, as binary.',
      error,
    );
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Of UTF-16 without its mark, each other byte is 0 as far as it is Latin. */
const latin = 0.4;

/** Text in the encoding that its mark or its zeros tell: Windows’ shells write UTF-16. */
function textOf(bytes: Uint8Array): string {
  const [first = 0, second = 0] = bytes;
  if (first === 0xff && second === 0xfe) return decoded(bytes, 'utf-16le');
  if (first === 0xfe && second === 0xff) return decoded(bytes, 'utf-16be');
  const head = bytes.subarray(0, 1000);
  const zeros = [0, 0];
  head.forEach((byte, at) => {
    if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = zeros;
  if (odd > latin * head.length && even === 0) return decoded(bytes, 'utf-16le');
  if (even > latin * head.length && odd === 0) return decoded(bytes, 'utf-16be');
  return decoded(bytes, 'utf-8');
}

/** Characters that no decoding gave, and that a text has hardly any of. */
const mostUnread = 0.02;

function decoded(bytes: Uint8Array, encoding: string): string {
  const text = new TextDecoder(encoding).decode(bytes);
  const head = text.slice(0, 10_000);
  const unread = head.split('\uFFFD').length - 1;
  if (unread > 2 + mostUnread * head.length) throw refusal('The file is not text.', whatIsRead);
  return text;
}
