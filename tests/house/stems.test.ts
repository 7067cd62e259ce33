import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { filesUnder, sourcesUnder, textOf } from './sources.ts';

/** `rms_norm` of shaders/ops/rms_norm.forward.wgsl. */
function stemsOf(files: readonly string[]): string[] {
  return [...new Set(files.map((file) => basename(file).replace(/\..*$/, '')))];
}

/** The rooms in which an operation has a file of its name, and what that file is. */
const rooms = [
  ['src/engine/ops', 'its caller'],
  ['tests/reference', 'its float64 oracle'],
  ['tests/cases', 'its cases'],
] as const;

test('every operation has shader, caller, oracle and cases under one stem', () => {
  const missing = stemsOf(filesUnder('shaders/ops', /\.wgsl$/)).flatMap((stem) =>
    rooms
      .filter(([room]) => !sourcesUnder(room).includes(`${room}/${stem}.ts`))
      .map(([room, what]) => `shaders/ops/${stem}.*.wgsl lacks ${what}: ${room}/${stem}.ts`),
  );
  expect(missing).toEqual([]);
});

test('every caller has its shader', () => {
  const stems = new Set(stemsOf(filesUnder('shaders', /\.wgsl$/)));
  const orphans = sourcesUnder('src/engine/ops')
    .filter((file) => !stems.has(basename(file, '.ts')))
    .map((file) => `${file} has no shader of its name`);
  expect(orphans).toEqual([]);
});

test('every shader is used', () => {
  const callers = sourcesUnder('src').map(textOf).join('\n');
  const headers = filesUnder('shaders', /\.wgsl$/)
    .map(textOf)
    .join('\n');
  const unused = filesUnder('shaders', /\.wgsl$/).filter((file) => {
    const fragment = /^shaders\/(lib\/\w+)(\.subgroup|\.workgroup)?\.wgsl$/.exec(file)?.[1];
    return fragment === undefined
      ? !callers.includes(`${file}'`)
      : !new RegExp(`^//! use ${fragment}$`, 'm').test(headers);
  });
  expect(unused).toEqual([]);
});
