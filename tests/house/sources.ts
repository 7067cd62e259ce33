import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The repository's folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** All files under `folder` with this ending, as paths from the repository's folder with slashes. */
export function filesUnder(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** TypeScript under `folder`, declarations aside. */
export function sourcesUnder(folder: string): string[] {
  return filesUnder(folder, /(?<!\.d)\.tsx?$/);
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

export interface Import {
  readonly from: string;
  /** As written. */
  readonly specifier: string;
  /** Path from the repository's folder; null for a package. */
  readonly target: string | null;
}

/** Imports and re-exports of a file, of types as well. */
export function importsOf(file: string): Import[] {
  return ts.preProcessFile(textOf(file)).importedFiles.map(({ fileName: specifier }) => ({
    from: file,
    specifier,
    target: specifier.startsWith('.') ? posix.join(dirname(file), specifier.replace(/\?.*$/, '')) : null,
  }));
}

/** `file:line` of every match. */
export function places(file: string, pattern: RegExp): string[] {
  return textOf(file)
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []));
}
