/** Names in the order of a dict, each with a number, a text ("None" as well), a truth value, or the entries of a dict. */
export type Entries = readonly (readonly [name: string, value: unknown])[];

/** A dict as Python prints it. */
export interface PythonDict {
  readonly entries: Entries;
  /** Behind its closing brace. */
  readonly end: number;
}

/** How deep dicts may lie in one another. */
const deepest = 8;

/** Calls that wrap a number, as numpy and torch print theirs; of others nothing is known. */
const wrapping = /^(?:np\.|numpy\.|torch\.)?(?:float\d*|int\d*|uint\d*|tensor|array|Tensor)$/;

const spaces = /\s*/y;
const number = /[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const word = /[-+]?[A-Za-z_][\w.]*/y;

const closing: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/**
 * Reads a dict of Python, or an object of JSON, in one line or many; time linear in its length. Lists and tuples are
 * passed over, as texts.
 * @param begin of its opening brace
 * @param mostKeys where there are more, it is none
 * @returns null where there is none, or none that ends
 */
export function readPythonDict(text: string, begin: number, mostKeys: number, depth = 1): PythonDict | null {
  if (text[begin] !== '{' || depth > deepest) return null;
  const entries: [string, unknown][] = [];
  let at = skipSpaces(text, begin + 1);
  while (text[at] !== '}') {
    if (entries.length === mostKeys) return null;
    const key = readString(text, at);
    if (key === null) return null;
    at = skipSpaces(text, key.end);
    if (text[at] !== ':') return null;
    const begins = skipSpaces(text, at + 1);
    const inner = text[begins] === '{' ? readPythonDict(text, begins, mostKeys, depth + 1) : undefined;
    const found =
      inner === undefined ? readValue(text, begins) : inner && { value: inner.entries, end: inner.end };
    if (found === null) return null;
    entries.push([key.value, found.value]);
    at = skipSpaces(text, found.end);
    if (text[at] === ',') at = skipSpaces(text, at + 1);
    else if (text[at] !== '}') return null;
  }
  return { entries, end: at + 1 };
}

interface Found<Value = unknown> {
  readonly value: Value;
  readonly end: number;
}

function readValue(text: string, at: number): Found | null {
  const first = text[at];
  if (first === undefined) return null;
  if (first === '"' || first === "'") return readString(text, at);
  if (first in closing) {
    const end = endOfBrackets(text, at);
    return end === null ? null : { value: text.slice(at, Math.min(end, at + 25)), end };
  }
  const digits = match(number, text, at);
  if (digits !== null) return { value: Number(digits.replaceAll('_', '')), end: at + digits.length };
  const name = match(word, text, at);
  if (name === null) return null;
  const end = at + name.length;
  if (text[end] === '(') {
    const close = endOfBrackets(text, end);
    if (close === null) return null;
    const inner = text.slice(end + 1, close - 1);
    return {
      value: wrapping.test(name) ? firstOf(inner) : text.slice(at, Math.min(close, at + 25)),
      end: close,
    };
  }
  if (name === 'True' || name === 'False') return { value: name === 'True', end };
  return { value: name, end };
}

/** The one number of "0.5, device='cuda:0'" or "[0.5]"; of many nothing is known. */
function firstOf(inner: string): string {
  const [first = ''] = inner.split(',', 1);
  return first.replace(/^[[\s]+|[\]\s]+$/g, '');
}

function readString(text: string, begin: number): Found<string> | null {
  const quote = text[begin];
  if (quote !== '"' && quote !== "'") return null;
  const end = endOfString(text, begin);
  if (end === null) return null;
  const raw = text.slice(begin + 1, end - 1);
  return { value: raw.includes('\\') ? raw.replace(/\\(.)/g, '$1') : raw, end };
}

/** Behind the quote that closes the one at a place; null where none does. */
function endOfString(text: string, begin: number): number | null {
  const quote = text[begin];
  for (let at = begin + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at + 1;
  }
  return null;
}

/** Behind the bracket that closes the one at a place; null where none does. */
function endOfBrackets(text: string, begin: number): number | null {
  const open: string[] = [];
  for (let at = begin; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '"' || character === "'") {
      const end = endOfString(text, at);
      if (end === null) return null;
      at = end - 1;
    } else if (character in closing) open.push(closing[character] ?? '');
    else if (character === open.at(-1)) {
      open.pop();
      if (open.length === 0) return at + 1;
    }
  }
  return null;
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function skipSpaces(text: string, at: number): number {
  return at + (match(spaces, text, at)?.length ?? 0);
}
