import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import attention from '../../shaders/frozen/attention.wgsl';
import embed from '../../shaders/frozen/embed.wgsl';
import norm from '../../shaders/frozen/norm.wgsl';
import rope from '../../shaders/frozen/rope.wgsl';
import swiglu from '../../shaders/frozen/swiglu.wgsl';
import { openHeadless } from '../../src/cli/headless.ts';
import { frozenTypes, paddedWidth, type FrozenType } from '../../src/engine/frozen/matrix.ts';
import { recordProduct } from '../../src/engine/frozen/record.ts';
import { ropeTable } from '../../src/engine/ops/qk_norm_rope.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { live } from '../../src/gpu/program.ts';
import * as attentionReference from '../reference/attention.ts';
import * as embedReference from '../reference/embed.ts';
import * as matmulReference from '../reference/matmul.ts';
import * as qkReference from '../reference/qk_norm_rope.ts';
import { createRandom } from '../reference/random.ts';
import * as normReference from '../reference/rms_norm.ts';
import * as swigluReference from '../reference/swiglu.ts';
import { agree, finish } from './agree.ts';
import { matrixOf } from './storedMatrix.ts';
import { configFor, cut, layoutFor, strided, Workbench } from './workbench.ts';

// The kernels of large models that are not trained, each against float64 at odd sizes, between guard zones.

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

const bench = () => new Workbench(gpu, kernels, configFor({}), layoutFor(4));

describe.each(Object.keys(frozenTypes) as FrozenType[])('a matrix in %s', (type) => {
  test.each([
    { rows: 1, inputs: 4, outputs: 1, tileBytes: 2 ** 20 },
    { rows: 9, inputs: 36, outputs: 17, tileBytes: 2 ** 20 },
    { rows: 8, inputs: 300, outputs: 53, tileBytes: 10_240 },
    { rows: 19, inputs: 64, outputs: 130, tileBytes: 3000 },
  ])('product of $rows rows, $inputs → $outputs, tiles of $tileBytes bytes', async (c) => {
    const on = bench();
    const { matrix, numbers, values } = matrixOf(on, type, c.outputs, c.inputs, c.tileBytes, 1);
    expect(matrix.tiles.length > 1).toBe(c.tileBytes < 2 ** 20);
    const random = createRandom(2);
    const [x, bias, before] = [c.rows * c.inputs, c.outputs, c.rows * c.outputs].map((count) =>
      Float32Array.from(random.normals(count)),
    ) as [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
    const rows = live(c.rows);
    const given = on.input('x', strided(x, c.rows, paddedWidth(c.inputs)));
    const stride = c.outputs + 3;
    const [plain, biased] = ['plain', 'biased'].map((name) => on.output(name, c.rows * stride)) as [
      GPUBuffer,
      GPUBuffer,
    ];
    const added = on.input('added', strided(before, c.rows, stride));
    const { program } = on.recorder;
    recordProduct({ program, kernels }, rows, matrix, { x: given, y: plain }, { stride });
    recordProduct({ program, kernels }, rows, matrix, { x: given, y: added }, { stride, added: true });
    recordProduct(
      { program, kernels },
      rows,
      matrix,
      { x: given, y: biased, bias: on.input('bias', bias) },
      { stride },
    );
    await on.run();
    const { floats } = await finish(on);
    const expected = matmulReference.forward(x, numbers, c.rows, c.inputs, c.outputs);
    const tolerance = 2e-6 * c.inputs;
    const of = (buffer: GPUBuffer) => cut(floats(buffer), stride, c.rows, { width: c.outputs });
    agree('plain', of(plain), expected, tolerance);
    agree(
      'added',
      of(added),
      expected.map((value, i) => value + (before[i] ?? NaN)),
      tolerance,
    );
    agree(
      'biased',
      of(biased),
      expected.map((value, i) => value + (bias[i % c.outputs] ?? NaN)),
      tolerance,
    );
    if (type === 'int8') {
      // A group's largest of 32 normals is about 2; half a step of 127.
      const worst = values.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (numbers[i] ?? NaN))),
        0,
      );
      expect(worst).toBeLessThan(0.02);
    }
  });

  test('embedding over tiles', async () => {
    const on = bench();
    const [outputs, inputs] = [101, 40];
    const { matrix, numbers } = matrixOf(on, type, outputs, inputs, 4096, 3);
    const token = Uint32Array.of(0, 100, 7, 63, 64, 31, 32, 99, 1);
    const x = on.output('x', token.length * paddedWidth(inputs));
    const tokens = on.input('token', token);
    const eights = paddedWidth(inputs) / 8;
    for (const { weights, scales, first, outputs: count } of matrix.tiles) {
      on.program.dispatch(
        kernels.get(embed, { STORED: frozenTypes[type] }),
        { weights, scales, token: tokens, x },
        { rows: live(token.length), eights, first, outputs: count },
        token.length * eights,
      );
    }
    await on.run();
    const { floats } = await finish(on);
    const expected = embedReference.forward(numbers, token, outputs, inputs);
    agree('x', cut(floats(x), paddedWidth(inputs), token.length, { width: inputs }), expected, 0);
  });
});

test.each([
  { rows: 1, width: 4, stride: 32 },
  { rows: 5, width: 60, stride: 64 },
  { rows: 3, width: 516, stride: 544 },
  // A workgroup a row, more than a dimension holds.
  { rows: 65_537, width: 4, stride: 4 },
])('norm of $rows rows of $width', async ({ rows, width, stride }) => {
  const on = bench();
  const random = createRandom(5);
  const [x, gain] = [
    Float32Array.from(random.normals(rows * width)),
    Float32Array.from(random.normals(width)),
  ];
  const y = on.input('y', new Float32Array(rows * stride));
  on.program.dispatch(
    kernels.get(norm),
    { x: on.input('x', strided(x, rows, stride)), gain: on.input('gain', gain), y },
    { rows, width4: width / 4, stride4: stride / 4, eps: 1e-5 },
    64 * rows,
  );
  await on.run();
  const { floats } = await finish(on);
  const expected = normReference.forward(x, gain, rows, width, 1e-5).y;
  agree('y', floats(y), strided(Float32Array.from(expected), rows, stride), 2e-6 * 4);
});

describe.each([
  { heads: 1, kv: 1, D: 8, step: 0 },
  { heads: 6, kv: 2, D: 24, step: 3 },
  { heads: 4, kv: 4, D: 128, step: 2 },
])('$heads heads, $kv of keys, of $D features, at step $step', ({ heads, kv, D, step }) => {
  /** A prompt of 70 rows and two completions of it, as places of a cache whose row r is row r of the pass. */
  const prompt = 70;
  const ends = [prompt, prompt + 3, prompt + 3 + 66];
  const rows = ends[2] ?? 0;
  const startOf = (r: number) => (r < prompt ? 0 : r < (ends[1] ?? 0) ? prompt : (ends[1] ?? 0));
  const prefixOf = (r: number) => (r < prompt ? 0 : prompt);
  const all = Array.from({ length: rows }, (_, r) => r);
  const places = Uint32Array.from(all.flatMap((r) => [0, prefixOf(r), startOf(r), (r - step) >>> 0]));

  test('attention over a shared prefix', async () => {
    const on = bench();
    const random = createRandom(6);
    const [q, k, v] = [heads, kv, kv].map((count) =>
      Float32Array.from(random.normals(rows * count * D, 1.5)),
    ) as [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
    const stride = paddedWidth(heads * D);
    const out = on.input('out', new Float32Array(rows * stride));
    on.program.dispatch(
      kernels.get(attention),
      {
        q: on.input('q', strided(q, rows, stride)),
        k: on.input('k', k),
        v: on.input('v', v),
        places: on.input('places', places),
        out,
      },
      { rows, heads, kv_heads: kv, head4: D / 4, stride4: stride / 4, step, scale: 1 / Math.sqrt(D) },
      64 * rows * heads,
    );
    await on.run();
    const { floats } = await finish(on);
    const expected = attentionReference.forward(
      q,
      k,
      v,
      { prefixStart: all.map(() => 0), prefixLength: all.map(prefixOf), ownStart: all.map(startOf) },
      { heads, keyValueHeads: kv, headDim: D },
    ).out;
    agree('out', cut(floats(out), stride, rows, { width: heads * D }), expected, 1e-5);
  });

  test.each([true, false])('rotary halves, norms of heads: %s', async (normed) => {
    const on = bench();
    const random = createRandom(7);
    const width = (heads + 2 * kv) * D;
    const qkv = Float32Array.from(random.normals(rows * width));
    const gains = normed ? Float32Array.from(random.normals(2 * D)) : new Float32Array(2 * D).fill(1);
    // Heads of mean square 1: a norm without epsilon leaves them as they are.
    if (!normed) {
      for (let head = 0; head < qkv.length; head += D) {
        const one = qkv.subarray(head, head + D);
        const scale = Math.sqrt(D / one.reduce((sum, value) => sum + value * value, 0));
        one.forEach((value, i) => (one[i] = value * scale));
      }
    }
    const eps = normed ? 1e-3 : 0;
    const [from, to] = [paddedWidth(width), paddedWidth(heads * D)];
    const q = on.input('q', new Float32Array(rows * to));
    const [k, v] = ['k', 'v'].map((name) => on.output(name, rows * kv * D)) as [GPUBuffer, GPUBuffer];
    on.program.dispatch(
      kernels.get(rope, { NORMED: normed }),
      {
        qkv: on.input('qkv', strided(qkv, rows, from)),
        // Not read without norms.
        gains: on.input('gains', normed ? gains : new Float32Array(2 * D).fill(NaN)),
        rope: on.input('rope', ropeTable({ head_dim: D, rope_theta: 1e4 }, 2 * prompt)),
        places: on.input('places', places),
        ...{ q, k, v },
      },
      { rows, heads, kv_heads: kv, half4: D / 8, qkv_stride4: from / 4, q_stride4: to / 4, step, eps },
      rows * (heads + 2 * kv),
    );
    await on.run();
    const { floats } = await finish(on);
    const expected = qkReference.forward(
      qkv,
      gains.subarray(0, D),
      gains.subarray(D),
      all.map((r) => prefixOf(r) + r - startOf(r)),
      { heads, keyValueHeads: kv, headDim: D, eps, theta: 1e4 },
    );
    agree('q', cut(floats(q), to, rows, { width: heads * D }), expected.q, 1e-5);
    agree('k', floats(k), expected.k, 1e-5);
    agree('v', floats(v), expected.v, 0);
  });
});

test('swiglu', async () => {
  const on = bench();
  const [rows, inner, from, to] = [7, 100, 224, 128];
  const random = createRandom(8);
  const gateUp = Float32Array.from(random.normals(rows * 2 * inner, 3));
  const y = on.input('y', new Float32Array(rows * to));
  on.program.dispatch(
    kernels.get(swiglu),
    { gate_up: on.input('gate_up', strided(gateUp, rows, from)), y },
    { rows, inner4: inner / 4, from_stride4: from / 4, stride4: to / 4 },
    (rows * inner) / 4,
  );
  await on.run();
  const { floats } = await finish(on);
  const expected = swigluReference.forward(
    cut(gateUp, 2 * inner, rows, { width: inner }),
    cut(gateUp, 2 * inner, rows, { from: inner, width: inner }),
  );
  agree('y', cut(floats(y), to, rows, { width: inner }), expected, 1e-5);
});
