import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { filesUnder, places, sourcesUnder, textOf } from './sources.ts';

const sources = sourcesUnder('src');

test('no rooms or files for what has no room', () => {
  const nowhere = /(^|\/)(utils?|helpers?|common|types|constants)(\/|\.tsx?$)/;
  expect(sources.filter((file) => nowhere.test(file))).toEqual([]);
});

test('no barrels but the two that collect', () => {
  const barrels = sources.filter((file) => basename(file).startsWith('index.'));
  expect(barrels.filter((file) => !/^src\/(tasks|algorithms)\/index\.ts$/.test(file))).toEqual([]);
});

test('no file is longer than 400 lines', () => {
  const all = [
    ...sources,
    ...sourcesUnder('tests'),
    ...filesUnder('src', /\.css$/),
    ...filesUnder('shaders', /\.wgsl$/),
  ];
  const long = all.map((file) => [file, textOf(file).split('\n').length] as const);
  // THE table of metrics: one idea, however many entries.
  const table = 'src/spec/metrics.ts';
  expect(long.filter(([file, lines]) => lines > 400 && file !== table)).toEqual([]);
});

test('no chance but the counted one', () => {
  expect(sources.flatMap((file) => places(file, /\bMath\.random\b|\bgetRandomValues\b/))).toEqual([]);
});

test('no clock where something is trained or decided', () => {
  // Here a time is shown, kept or sent, and never steers what is learnt.
  const mayReadClock =
    /^src\/(cli|store|storage|ui)\/|^src\/gpu\/(clock|profiler)\.ts$|^src\/host\/browser\.ts$/;
  const clock = /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.(now|timeOrigin)\b/;
  const readers = sources.filter((file) => !mayReadClock.test(file));
  expect(readers.flatMap((file) => places(file, clock))).toEqual([]);
});

test('nobody asks an algorithm its id', () => {
  const asked = /\balgorithm(Id|\.id|\.name)?\s*[!=]==?\s*['"]|['"]\s*[!=]==?\s*\w*\.?algorithm(Id|\.id)?\b/;
  expect(sources.flatMap((file) => places(file, asked))).toEqual([]);
});
