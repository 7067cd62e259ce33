import { crc32 } from '../lib/crc32.ts';
import type { Folder } from './folder.ts';

/** The rollouts of a step, as whoever recorded them packed them: nobody here looks inside. */
export interface PackedStep {
  readonly step: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Where they lie, and of which steps: 1 of every, 2 of every second. */
const nameOf = (stride: number): string => `rollouts-${String(stride)}`;
const namePattern = /^rollouts-(\d+)$/;

/** Before the rollouts of a step, little-endian: u32 length, u32 step, u32 CRC-32 of the eight bytes before and all after. */
const headBytes = 12;

/** Where the rollouts of a step lie in the file, head included. */
interface Place {
  readonly step: number;
  readonly at: number;
  readonly bytes: number;
}

/**
 * Rollouts of a run in its folder: one file that is appended to, each step deflated and with a checksum. Where it takes
 * too much, those of every second step are written to a new file before the old one goes; where both are there, the
 * old one is the whole one. A tail that was cut off is told by its checksum, and written over.
 */
export class KeptRollouts {
  readonly #folder: Folder;
  readonly #mostBytes: number;
  #stride: number;
  /** Ascending. */
  #places: readonly Place[];
  /** What lies in the folder beside: the file where it is cut off, and those that another took the place of. */
  #rest: { readonly tail: boolean; readonly others: readonly string[] };

  private constructor(
    folder: Folder,
    mostBytes: number,
    found: { stride: number; places: readonly Place[]; tail: boolean; others: readonly string[] },
  ) {
    this.#folder = folder;
    this.#mostBytes = mostBytes;
    ({ stride: this.#stride, places: this.#places } = found);
    this.#rest = found;
  }

  /** Looks into a folder, and changes nothing. @param mostBytes that they may take */
  static async open(folder: Folder, mostBytes: number): Promise<KeptRollouts> {
    const [stride = 1, ...others] = rolloutStrides(await folder.names());
    const file = (await folder.read(nameOf(stride))) ?? new Uint8Array();
    const places = placesIn(file);
    const tail = endOf(places) < file.length;
    return new KeptRollouts(folder, mostBytes, { stride, places, tail, others: others.map(nameOf) });
  }

  /** Of every so many steps the rollouts are kept. */
  get stride(): number {
    return this.#stride;
  }

  /** Bytes that they take. */
  get bytes(): number {
    return endOf(this.#places);
  }

  /** Whether those of every second step are about to go: to be said before it happens. */
  get full(): boolean {
    return this.bytes > 0.9 * this.#mostBytes;
  }

  /** Adds rollouts of steps, ascending; what is there of these steps and later ones was of a course that was left. */
  async add(steps: readonly PackedStep[]): Promise<void> {
    const wanted = steps.filter(({ step }) => step % this.#stride === 0);
    const [first] = steps;
    if (first === undefined) return;
    await this.#tidy(first.step);
    const frames: Uint8Array[] = [];
    const places: Place[] = [];
    let at = this.bytes;
    for (const one of wanted) {
      const frame = framed(one.step, await through(one.bytes, new CompressionStream('deflate-raw')));
      frames.push(frame);
      places.push({ step: one.step, at, bytes: frame.length });
      at += frame.length;
    }
    if (frames.length > 0) await this.#folder.append(nameOf(this.#stride), joined(frames));
    this.#places = [...this.#places, ...places];
    if (this.bytes > this.#mostBytes) await this.#thin();
  }

  /** Those up to a step, ascending. */
  async until(step: number): Promise<readonly PackedStep[]> {
    const file = (await this.#folder.read(nameOf(this.#stride))) ?? new Uint8Array();
    const found: PackedStep[] = [];
    for (const place of this.#places) {
      if (place.step > step) break;
      const deflated = file.slice(place.at + headBytes, place.at + place.bytes);
      found.push({
        step: place.step,
        bytes: await through(deflated, new DecompressionStream('deflate-raw')),
      });
    }
    return found;
  }

  /** Removes what is of no use before a step is added. */
  async #tidy(step: number): Promise<void> {
    for (const other of this.#rest.others) await this.#folder.remove(other);
    const stay = this.#places.filter((place) => place.step < step);
    if (this.#rest.tail || stay.length < this.#places.length)
      await this.#folder.truncate(nameOf(this.#stride), endOf(stay));
    this.#places = stay;
    this.#rest = { tail: false, others: [] };
  }

  async #thin(): Promise<void> {
    const before = nameOf(this.#stride);
    const file = (await this.#folder.read(before)) ?? new Uint8Array();
    let [stride, stay] = [this.#stride, this.#places];
    while (stay.length > 1 && bytesOf(stay) > this.#mostBytes / 2) {
      stride *= 2;
      stay = stay.filter(({ step }) => step % stride === 0);
    }
    const whole = joined(stay.map(({ at, bytes }) => file.subarray(at, at + bytes)));
    await this.#folder.write(nameOf(stride), whole);
    await this.#folder.remove(before);
    this.#stride = stride;
    this.#places = placesIn(whole);
  }
}

/** Of which steps rollouts lie in a folder: the first number counts, others are left behind. */
export function rolloutStrides(names: readonly string[]): readonly number[] {
  return names
    .flatMap((name) => {
      const stride = Number(namePattern.exec(name)?.[1] ?? 0);
      return stride > 0 ? [stride] : [];
    })
    .sort((a, b) => a - b);
}

/** Where the rollouts of a run lie among the files of a folder; null where there are none. */
export function rolloutFile(
  names: readonly string[],
): { readonly name: string; readonly stride: number } | null {
  const [stride] = rolloutStrides(names);
  return stride === undefined ? null : { name: nameOf(stride), stride };
}

function bytesOf(places: readonly Place[]): number {
  return places.reduce((sum, { bytes }) => sum + bytes, 0);
}

function endOf(places: readonly Place[]): number {
  const last = places.at(-1);
  return last === undefined ? 0 : last.at + last.bytes;
}

function framed(step: number, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headBytes + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(4, step, true);
  frame.set(bytes, headBytes);
  view.setUint32(8, crcOf(frame), true);
  return frame;
}

function crcOf(frame: Uint8Array): number {
  return crc32(frame.subarray(headBytes), crc32(frame.subarray(0, 8)));
}

/** The steps of a file up to the first that is not whole. */
function placesIn(file: Uint8Array): readonly Place[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const places: Place[] = [];
  for (let at = 0; at + headBytes <= file.length;) {
    const bytes = headBytes + view.getUint32(at, true);
    const step = view.getUint32(at + 4, true);
    if (at + bytes > file.length || step <= (places.at(-1)?.step ?? -1)) break;
    if (crcOf(file.subarray(at, at + bytes)) !== view.getUint32(at + 8, true)) break;
    places.push({ step, at, bytes });
    at += bytes;
  }
  return places;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}
