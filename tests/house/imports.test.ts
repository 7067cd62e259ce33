import { expect, test } from 'vitest';
import { importsOf, places, sourcesUnder } from './sources.ts';

// Which room may import which is the linter's business: eslint.config.js.

/** The first cycle found, as a list of files that begins and ends with the same; null without one. */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle !== null) return cycle;
  }
  return null;
}

test('the search for cycles finds one', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', []],
    ['d', ['b']],
  ]);
  expect(cycleIn(graph)).toEqual(['b', 'd', 'b']);
  expect(cycleIn(new Map([...graph, ['d', ['c']]]))).toBeNull();
});

test('no import cycles under src, types included', () => {
  const graph = new Map(
    sourcesUnder('src').map((file) => [file, importsOf(file).flatMap(({ target }) => target ?? [])]),
  );
  expect(cycleIn(graph)?.join(' → ')).toBeUndefined();
});

test('relative imports carry their ending', () => {
  const bare = [...sourcesUnder('src'), ...sourcesUnder('tests')]
    .flatMap(importsOf)
    .filter(({ specifier, target }) => target !== null && !/\.\w+(\?\w+)?$/.test(specifier))
    .map(({ from, specifier }) => `${from} imports ${specifier}`);
  expect(bare).toEqual([]);
});

test('the oracle is independent: of src it sees types of spec and model only', () => {
  const seen = sourcesUnder('tests/reference')
    .flatMap(importsOf)
    .filter(({ target }) => target?.startsWith('src/') === true)
    .filter(({ from, specifier, target }) => {
      const onlyTypes = places(from, /^import type /).some((place) => place.includes(`'${specifier}'`));
      return !(onlyTypes && /^src\/(spec|model)\//.test(target ?? ''));
    })
    .map(({ from, specifier }) => `${from} imports ${specifier}`);
  expect(seen).toEqual([]);
});
