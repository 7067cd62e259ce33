/**
 * A document of JSON that is cut off within its list of records, closed behind the last whole one: a list itself, or
 * an object with a list. Time linear in the text.
 * @returns null where no record is whole
 */
export function uncut(text: string): { readonly text: string; readonly records: number } | null {
  const open: string[] = [];
  let [end, records, closers] = [0, 0, ''];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '"') {
      while (++at < text.length && text[at] !== '"') if (text[at] === '\\') at++;
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? '}' : ']');
    } else if (character === '}' || character === ']') {
      open.pop();
      if (character === '}' && open.at(-1) === ']' && open.length <= 2) {
        end = at + 1;
        records++;
        closers = open.toReversed().join('');
      }
    }
  }
  return records === 0 ? null : { text: text.slice(0, end) + closers, records };
}
