/** Characters of somebody else's text that a message shows: enough to recognise it, never a megabyte. */
export const mostQuoted = 60;

/**
 * What a terminal obeys or no eye sees: control characters, line and paragraph separators, marks that turn the
 * direction of writing, halves of a character.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** A text of somebody else's within a sentence: its first characters, those that can't be seen by their number. */
export function excerpt(text: string, most: number = mostQuoted): string {
  let shown = '';
  let count = 0;
  for (const character of text) {
    const seen = unprintable.test(character)
      ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
      : character;
    count += seen === character ? 1 : seen.length;
    if (count > most) return `${shown}…`;
    shown += seen;
  }
  return shown;
}

/** A value as somebody gave it, for a message: texts in quotation marks, of objects only what they are. */
export function quote(value: unknown, most: number = mostQuoted): string {
  switch (typeof value) {
    case 'string':
      return `"${excerpt(value, most)}"${value.length > 2 * most ? ` (${value.length} characters)` : ''}`;
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'a list' : 'an object';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    default:
      return excerpt(String(value), most);
  }
}

/** A name of somebody else's for a heading or a list: on one line, without what no eye sees. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/** A path in quotation marks: of a long one its end, which tells it from others. */
export function quotePath(path: string): string {
  const characters = Array.from(path.slice(-2 * mostQuoted));
  const whole = path.length <= 2 * mostQuoted && characters.length <= mostQuoted;
  return `"${whole ? '' : '…'}${excerpt(whole ? path : characters.slice(-mostQuoted).join(''))}"`;
}

/** What an error says, fit for the inside of a sentence: no full stop at its end. */
export function saidBy(cause: unknown): string {
  const said = cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : quote(cause);
  return excerpt(said, 2 * mostQuoted).replace(/\.$/, '');
}
