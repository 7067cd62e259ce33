import { existsSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { WgslVariantName } from '../src/gpu/shader.ts';

/** A shader with its library fragments in front. */
export interface AssembledWgsl {
  /** Text to put behind the prelude; lines are those of the files, directives blanked. */
  readonly code: string;
  /** Extensions named by `enable` directives: WGSL wants them before everything, the prelude included. */
  readonly enables: readonly string[];
  /** Where line `n` (from 1) of `code` was written. */
  readonly origin: (line: number) => { readonly file: string; readonly line: number };
}

/** A mistake in a shader, with its place. */
export class WgslSourceError extends Error {
  override readonly name = 'WgslSourceError';
  readonly file: string;
  readonly line: number;

  constructor(message: string, file: string, line: number) {
    super(message);
    this.file = file;
    this.line = line;
  }
}

const useLine = /^\/\/!\s*use\s+(\S+)\s*$/;
const enableLine = /^\s*enable\s+([\w\s,]+);\s*$/;
const twins = ['subgroup', 'workgroup'] as const;

/** The files behind `use name`: one, or a subgroup and a workgroup twin. */
function filesOf(root: string, name: string): Partial<Record<WgslVariantName, string>> {
  const plain = join(root, `${name}.wgsl`);
  if (existsSync(plain)) return { plain };
  const pair = twins.map((twin) => [twin, join(root, `${name}.${twin}.wgsl`)] as const);
  return pair.every(([, file]) => existsSync(file)) ? Object.fromEntries(pair) : {};
}

/** Names on the file's `//! use` lines, with their line numbers. */
function usesOf(text: string): { name: string; line: number }[] {
  return text.split('\n').flatMap((content, index) => {
    const name = useLine.exec(content)?.[1];
    return name === undefined ? [] : [{ name, line: index + 1 }];
  });
}

/**
 * All fragments that `file` uses, deepest first, each once.
 * @returns per fragment its name and file(s)
 * @throws WgslSourceError where a `use` names no file of shaders/lib
 */
function fragmentsOf(root: string, file: string): Map<string, Partial<Record<WgslVariantName, string>>> {
  const found = new Map<string, Partial<Record<WgslVariantName, string>>>();
  const visiting = new Set<string>();
  const visit = (from: string): void => {
    for (const { name, line } of usesOf(readFileSync(from, 'utf8'))) {
      if (found.has(name) || visiting.has(name)) continue;
      const files = filesOf(root, name);
      if (!name.startsWith('lib/') || Object.keys(files).length === 0) {
        throw new WgslSourceError(
          `"use ${name}" names no fragment: shaders/lib/ has neither this file nor its .subgroup and .workgroup twins.`,
          from,
          line,
        );
      }
      visiting.add(name);
      for (const nested of Object.values(files)) visit(nested);
      found.set(name, files);
    }
  };
  visit(file);
  return found;
}

function concatenate(files: readonly string[]): AssembledWgsl {
  const lines: { content: string; file: string; line: number }[] = [];
  const enables = new Set<string>();
  for (const file of files) {
    for (const [index, content] of readFileSync(file, 'utf8').trimEnd().split(/\r?\n/).entries()) {
      const extensions = enableLine.exec(content)?.[1];
      for (const extension of extensions?.split(',') ?? []) enables.add(extension.trim());
      lines.push({ content: extensions === undefined ? content : '', file, line: index + 1 });
    }
  }
  return {
    code: lines.map(({ content }) => content).join('\n') + '\n',
    enables: [...enables],
    origin: (line) => lines[line - 1] ?? { file: files.at(-1) ?? '', line: 1 },
  };
}

/**
 * The text of a shader with everything its `//! use lib/…` header lines name in front, recursively, each once.
 * @param root the folder `shaders/`
 * @param file absolute path of the shader
 * @returns one text, or two where a fragment has a subgroup and a workgroup twin; all names used; all files read
 * @throws WgslSourceError
 */
export function assembleWgsl(
  root: string,
  file: string,
): {
  readonly name: string;
  readonly uses: readonly string[];
  readonly files: readonly string[];
  readonly variants: Partial<Record<WgslVariantName, AssembledWgsl>>;
} {
  const fragments = fragmentsOf(root, file);
  const hasTwins = [...fragments.values()].some((files) => files.plain === undefined);
  const names: readonly WgslVariantName[] = hasTwins ? twins : ['plain'];
  const variants: Partial<Record<WgslVariantName, AssembledWgsl>> = {};
  for (const name of names) {
    const parts = [...fragments.values()].flatMap((files) => files.plain ?? files[name] ?? []);
    variants[name] = concatenate([...parts, file]);
  }
  return {
    name: relative(root, file)
      .split(sep)
      .join('/')
      .replace(/\.wgsl$/, ''),
    uses: [...fragments.keys()],
    files: [file, ...[...fragments.values()].flatMap((files) => Object.values(files))],
    variants,
  };
}
