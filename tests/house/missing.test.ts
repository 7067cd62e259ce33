import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { algorithms } from '../../src/algorithms/index.ts';
import { modelFileNames } from '../../src/model/baseModel.ts';
import { models } from '../../src/model/models.ts';
import { hyperparameterKeys } from '../../src/settings/hyperparameters.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import type { Algorithm } from '../../src/spec/algorithm.ts';
import { tasks } from '../../src/tasks/index.ts';
import { randomStream } from '../../src/lib/philox.ts';
import { groupOf } from '../unit/rollouts.ts';
import { root, sourcesUnder, textOf } from './sources.ts';

// Whoever adds something in one place is told here what it still lacks.

/** Rooms that train. Those that define, show or carry knobs read all of them, and prove nothing. */
const readers = ['rl', 'algorithms', 'engine', 'diagnostics', 'tasks', 'trainer', 'session', 'host'];

/** Names of fields that a text reads: `x.name`, `x['name']`, and `{ name }` taken apart. */
function fieldsRead(file: string, text: string): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) names.add(node.name.text);
    if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
      names.add(node.argumentExpression.text);
    }
    if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
      const name = node.propertyName ?? node.name;
      if (ts.isIdentifier(name)) names.add(name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return names;
}

/** The knobs of an algorithm's own that its rules read. */
function ownKnobsRead(algorithm: Algorithm): Set<string> {
  const read = new Set<string>();
  const settings = new Proxy(defaultSettings, {
    get: (target, key) => {
      if (typeof key === 'string') read.add(key);
      return Reflect.get(target, key) as unknown;
    },
  });
  const group = groupOf(['1', '1', '2', '2'], ['1', '2']);
  algorithm.pool(settings);
  const { kept } = algorithm.filter(group, settings);
  const label = algorithm.needsTruth
    ? algorithm.label(group, '1')
    : algorithm.label(group, algorithm.voters(kept, settings, group), settings);
  algorithm.reward(group, label, settings, randomStream(1, 'reward', 1));
  algorithm.objective.weights([3, 3], 4, settings);
  algorithm.objective.coefficients(settings);
  return read;
}

it('every knob has a reader', () => {
  const read = new Set([
    ...readers.flatMap((room) =>
      sourcesUnder(`src/${room}`).flatMap((file) => [...fieldsRead(file, textOf(file))]),
    ),
    ...Object.values(algorithms).flatMap((algorithm) => [...ownKnobsRead(algorithm)]),
  ]);
  const idle = hyperparameterKeys.filter((key) => !read.has(key));
  expect(
    idle,
    `Nothing that trains reads ${idle.join(', ')}: read the field where it is to act (${readers.join(', ')}), or delete the knob.`,
  ).toEqual([]);
});

it('a field is read where it is taken from an object, and not where it is declared, written or named', () => {
  const names = fieldsRead(
    'x.ts',
    'const { a, b: c } = x; x.d; x["e"]; interface I { f: 1 } const y = { g: 1, h }; "i"; /* j */ function k({ l }: I) {}',
  );
  expect([...names].sort()).toEqual(['a', 'b', 'd', 'e', 'l']);
});

it('every task has a base model', () => {
  const known = new Set(Object.values(models).map(({ task }) => task));
  const without = Object.keys(tasks).filter((task) => !known.has(task));
  expect(
    without,
    without
      .map(
        (task) =>
          `Task ${task} has no base model: make one with \`npm run pretrain -- --task ${task}\`, and give it an entry in src/model/models.ts.`,
      )
      .join(' '),
  ).toEqual([]);
});

it('every base model is for a task there is', () => {
  const lost = Object.entries(models).filter(([, { task }]) => tasks[task] === undefined);
  expect(
    lost.map(([name]) => name),
    'Name the file of a task in src/tasks in the entry of src/model/models.ts, or add that task.',
  ).toEqual([]);
});

it('every folder of public/models has an entry, and every entry a whole folder', () => {
  const folders = readdirSync(join(root, 'public/models'));
  const nameless = folders.filter((name) => models[name] === undefined);
  expect(
    nameless,
    `Nobody can choose ${nameless.join(', ')}: give each an entry in src/model/models.ts, or delete its folder in public/models.`,
  ).toEqual([]);
  const absent = Object.keys(models).flatMap((name) =>
    [...Object.values(modelFileNames), 'README.md']
      .map((file) => `public/models/${name}/${file}`)
      .filter((path) => !existsSync(join(root, path))),
  );
  expect(
    absent,
    `src/model/models.ts promises ${absent.join(', ')}: make the model with \`npm run pretrain\`, or delete its entry.`,
  ).toEqual([]);
});
