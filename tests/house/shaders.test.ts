import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readWgsl } from '../../build/wgslPlugin.ts';
import { filesUnder, places, root, sourcesUnder, textOf } from './sources.ts';

const shaders = filesUnder('shaders', /\.wgsl$/);

describe.each(shaders)('%s', (file) => {
  const lines = textOf(file).split('\n');

  test('begins with its formula', () => {
    expect(lines[0]).toMatch(/^\/\/! \S/);
  });

  test('is a file, not a template', () => {
    expect(places(file, /\$\{|^\s*#\s*(if|ifdef|ifndef|else|endif|define|include)\b|\{\{|<%/)).toEqual([]);
  });

  test('has its parts in order: overrides, Params, bindings, functions', () => {
    const parts = [/^(@id\(\d+\)\s*)?override\b/, /^struct Params\b/, /^@group\(/, /^(@compute\b|fn\b)/];
    const kinds = lines.map((line) => parts.findIndex((part) => part.test(line))).filter((kind) => kind >= 0);
    expect(kinds).toEqual([...kinds].sort((a, b) => a - b));
  });

  test('keeps tensors in group 0 and params in group 1', () => {
    const { bindings } = readWgsl(join(root, 'shaders'), join(root, file)).module;
    for (const { name, group, access } of bindings) {
      expect([name, group]).toEqual([name, access === 'uniform' ? 1 : 0]);
    }
  });
});

test('numbers of bindings and groups exist in WGSL only', () => {
  const typed = sourcesUnder('src').flatMap((file) =>
    places(file, /\b(binding|group)\s*:\s*\d|@(binding|group)\(/),
  );
  expect(typed).toEqual([]);
});
