import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readWgsl, withoutComments } from '../../build/wgslPlugin.ts';
import { filesUnder, root, textOf } from './sources.ts';

let shaders = '';

beforeEach(() => {
  shaders = mkdtempSync(join(tmpdir(), 'lab-shaders-'));
});
afterEach(() => rmSync(shaders, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(shaders, `${name}.wgsl`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const body = `
override ROWS: u32 = 64u;
struct Params { rows: u32, learning_rate: f32, seed: vec4u, }
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // not @binding(7)
@group(1) @binding(0) var<uniform> params: Params;
var<private> head: array<f32, HEAD_DIM>;
@compute @workgroup_size(ROWS)
fn main() { if (params.rows > 0u) { y[0] = sum(head[0]); } }
`;

test('reads names, numbers and offsets, and puts each fragment in front once', () => {
  write('lib/a', '//! a\n//! use lib/sum\nfn a() -> f32 { return 1.0; }\n');
  write('lib/sum', '//! sum\nfn sum(x: f32) -> f32 { return x; }\n');
  const file = write('ops/x.forward', `//! x\n//! use lib/a\n//! use lib/sum\n${body}`);
  const { module } = readWgsl(shaders, file);
  expect(module).toMatchObject({
    name: 'ops/x.forward',
    uses: ['lib/sum', 'lib/a'],
    overrides: ['ROWS'],
    workgroupSize: ['ROWS'],
    bindings: [
      { name: 'y', group: 0, binding: 1, access: 'read_write' },
      { name: 'params', group: 1, binding: 0, access: 'uniform' },
    ],
    params: {
      size: 32,
      fields: {
        rows: { offset: 0, type: 'u32' },
        learning_rate: { offset: 4, type: 'f32' },
        seed: { offset: 16, type: 'vec4u' },
      },
    },
  });
  expect(module.variants.plain?.code.match(/fn sum/g)).toHaveLength(1);
});

test('a fragment with twins gives two texts, directives apart', () => {
  write(
    'lib/sum.subgroup',
    '//! by subgroup\nenable subgroups;\nfn sum(x: f32) -> f32 { return subgroupAdd(x); }\n',
  );
  write('lib/sum.workgroup', '//! by workgroup\nfn sum(x: f32) -> f32 { return x; }\n');
  const { variants } = readWgsl(shaders, write('ops/x.forward', `//! x\n//! use lib/sum\n${body}`)).module;
  expect(Object.keys(variants)).toEqual(['subgroup', 'workgroup']);
  expect(variants.subgroup?.enables).toEqual(['subgroups']);
  expect(variants.subgroup?.code).not.toContain('enable');
  expect(variants.workgroup?.enables).toEqual([]);
});

test('mistakes are named with file and line', () => {
  const missing = write('ops/x.forward', '//! x\n//! use lib/nothing\n');
  expect(() => readWgsl(shaders, missing)).toThrow(expect.objectContaining({ file: missing, line: 2 }));
  write('lib/ok', '//! ok\n\n');
  const odd = write('ops/y.forward', `//! y\n//! use lib/ok\n${body.replace('vec4u', 'vec3u')}`);
  expect(() => readWgsl(shaders, odd)).toThrow(expect.objectContaining({ file: odd, line: 5 }));
});

test('an array of structs is read by the names of its fields', () => {
  const text = (fields: string): string =>
    `//! x\nstruct Figures { ${fields} }\n@group(0) @binding(0) var<storage, read_write> out: array<Figures>;\n`;
  const read = (name: string, fields: string) =>
    readWgsl(shaders, write(name, text(fields))).module.bindings.find((each) => each.name === 'out')?.element;
  expect(read('ops/x.forward', 'loss: f32, ratio: f32,')).toEqual({
    floats: 2,
    fields: { loss: 0, ratio: 1 },
  });
  expect(read('ops/y.forward', '@align(8) ratio: f32, @align(8) loss: f32, more: f32')).toEqual({
    floats: 4,
    fields: { ratio: 0, loss: 2, more: 3 },
  });
  expect(read('ops/z.forward', 'loss: f32, count: u32')).toBeUndefined();
});

test('every sampler keeps the same figures of a token', () => {
  const folder = join(root, 'shaders');
  const elements = ['sample', 'lanes', 'group'].map((name) =>
    readWgsl(folder, join(folder, `rollout/${name}.wgsl`)).module.bindings.find(
      (each) => each.name === 'stats',
    ),
  );
  for (const each of elements) {
    expect(each?.element?.fields).toEqual({ log_prob: 0, entropy: 1, self_certainty: 2, unused: 3 });
  }
});

test('what is built has no comments and no indentation, and every line where it was', () => {
  const code = '//! x\n  let a = b / c; // d\n/* e\n   f */ fn g() {\n\th();\n}';
  expect(withoutComments(code)).toBe('\nlet a = b / c;\n\nfn g() {\nh();\n}');
  for (const file of filesUnder('shaders', /\.wgsl$/)) {
    const bare = withoutComments(textOf(file));
    expect(bare.split('\n').length).toBe(textOf(file).split('\n').length);
    expect(bare).not.toMatch(/\/\/|\/\*|^[ \t]/m);
  }
});
