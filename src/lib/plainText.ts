/**
 * A text of whatever editor, as everything here takes it: lines end with \n, and none begins with the byte order mark
 * that some editors write (and that stays in the middle where such files are joined).
 */
export function plainText(text: string): string {
  const unmarked = text.includes('\uFEFF') ? text.replace(/(^|[\r\n])\uFEFF+/g, '$1') : text;
  return unmarked.includes('\r') ? unmarked.replace(/\r\n?/g, '\n') : unmarked;
}
