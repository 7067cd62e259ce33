import { strToU8, zipSync } from 'fflate';

/** Files in a zip, by their paths in it. None is compressed: weights hardly would be. */
export function zipOf(files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>): Blob {
  const named = Object.entries(files).map(
    ([path, content]) => [path, typeof content === 'string' ? strToU8(content) : content] as const,
  );
  return new Blob([zipSync(Object.fromEntries(named), { level: 0 })]);
}
