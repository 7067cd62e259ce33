/** Characters of a portion: few enough to be held twice, enough for few writes. */
const portionLength = 2 ** 22;

/** Lines put together to portions of some megabytes. @param lines with their ends */
export function* portions(lines: Iterable<string>): Generator<string> {
  let held: string[] = [];
  let length = 0;
  for (const line of lines) {
    held.push(line);
    length += line.length;
    if (length < portionLength) continue;
    yield held.join('');
    [held, length] = [[], 0];
  }
  if (length > 0) yield held.join('');
}
