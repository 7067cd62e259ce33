/** A name as files have them. */
export function fileNameOf(name: string): string {
  return name.replace(/[^\w.+-]+/g, '-');
}
