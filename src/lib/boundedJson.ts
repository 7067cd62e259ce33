/** What a JSON text may hold: asked before anything is built of it. */
export interface JsonLimits {
  /** How deep lists and objects may lie in one another. */
  readonly depth: number;
  /** Keys of one object. */
  readonly keys: number;
  /** Lists and objects in all. */
  readonly containers: number;
  /** Values in all. */
  readonly values: number;
}

/** What small files need: configurations, lines of a log. */
export const smallJson: JsonLimits = { depth: 32, keys: 10_000, containers: 10_000, values: 100_000 };

export interface JsonManners {
  /** Reads NaN, Infinity and -Infinity, which Python writes, as the texts that name them. */
  readonly python?: boolean;
  /** Refuses an object that has a key twice: JSON.parse takes the last in silence. */
  readonly unique?: boolean;
}

const quotes = 0x22;
const backslash = 0x5c;

/** The lists and objects that a place of the text lies in. */
interface Open {
  readonly object: boolean;
  /** Commas so far. */
  commas: number;
  /** Its keys so far, where they must be unique. */
  readonly keys: Set<string> | null;
}

/**
 * JSON.parse after one look at the text, in time and memory linear in its length: what is too deep, too wide or too
 * much is refused before anything is built.
 * @throws Error saying what is too much, what is there twice, or in the words of JSON.parse what is wrong
 */
export function parseJson(text: string, limits: JsonLimits, manners: JsonManners = {}): unknown {
  return JSON.parse(looked(text, limits, manners)) as unknown;
}

/** Looks at every character once. @returns the text, or the same with what is no number in quotation marks */
function looked(text: string, limits: JsonLimits, { python = false, unique = false }: JsonManners): string {
  const open: Open[] = [];
  const parts: string[] = [];
  let [kept, containers, commas] = [0, 0, 0];
  // Behind a text that can be a key.
  let key: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    switch (code) {
      case quotes: {
        const end = endOfString(text, at);
        if (unique) key = text.slice(at, end + 1);
        at = end;
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        if (++containers > limits.containers) throw tooMuch('lists and objects in all', limits.containers);
        if (open.length === limits.depth) {
          throw new Error(`lists and objects lie more than ${limits.depth} deep in one another`);
        }
        open.push({ object: code === 0x7b, commas: 0, keys: unique && code === 0x7b ? new Set() : null });
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        break;
      case 0x2c: {
        // ,
        if (++commas > limits.values) throw tooMuch('values in all', limits.values);
        const within = open.at(-1);
        if (within !== undefined && ++within.commas >= limits.keys && within.object) {
          throw tooMuch('keys in one object', limits.keys);
        }
        break;
      }
      case 0x3a: // :
        if (key !== null) noteKey(open.at(-1)?.keys ?? null, key);
        break;
      case 0x4e: // N
      case 0x49: {
        // I
        const word = code === 0x4e ? 'NaN' : 'Infinity';
        if (!python || !text.startsWith(word, at)) break;
        const begin = text[at - 1] === '-' ? at - 1 : at;
        parts.push(text.slice(kept, begin), `"${text.slice(begin, at)}${word}"`);
        kept = at + word.length;
        at = kept - 1;
        break;
      }
    }
  }
  return parts.length === 0 ? text : [...parts, text.slice(kept)].join('');
}

/** Where a string ends that begins at a quotation mark; the text's end where it is never closed. */
function endOfString(text: string, begin: number): number {
  for (let end = begin; ;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let escapes = end - 1;
    while (text.charCodeAt(escapes) === backslash) escapes--;
    if ((end - escapes) % 2 === 1) return end;
  }
}

function noteKey(keys: Set<string> | null, quoted: string): void {
  if (keys === null) return;
  const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  if (keys.has(key)) throw new TwiceError(key);
  keys.add(key);
}

/** A key that an object has twice. */
export class TwiceError extends Error {
  readonly key: string;

  constructor(key: string) {
    super('an object has a key twice');
    this.key = key;
  }
}

function tooMuch(what: string, most: number): Error {
  return new Error(`it has more than ${most} ${what}`);
}
