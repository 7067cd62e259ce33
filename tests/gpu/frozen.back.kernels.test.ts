import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import attentionBackKey from '../../shaders/frozen/attention_back_key.wgsl';
import attentionBackQuery from '../../shaders/frozen/attention_back_query.wgsl';
import adapterGradient from '../../shaders/frozen/adapter_gradient.wgsl';
import normBack from '../../shaders/frozen/norm_back.wgsl';
import ropeBack from '../../shaders/frozen/rope_back.wgsl';
import swigluBack from '../../shaders/frozen/swiglu_back.wgsl';
import { openHeadless } from '../../src/cli/headless.ts';
import { recordProductBack } from '../../src/engine/frozen/back.ts';
import { frozenTypes, paddedWidth, type FrozenType } from '../../src/engine/frozen/matrix.ts';
import { ropeTable } from '../../src/engine/ops/qk_norm_rope.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { live } from '../../src/gpu/program.ts';
import * as adapterReference from '../reference/adapter.ts';
import * as attentionReference from '../reference/attention.ts';
import { finiteDifference } from '../reference/finite_difference.ts';
import { at, type Numbers } from '../reference/indexing.ts';
import * as matmulReference from '../reference/matmul.ts';
import * as qkReference from '../reference/qk_norm_rope.ts';
import { createRandom } from '../reference/random.ts';
import * as normReference from '../reference/rms_norm.ts';
import * as swigluReference from '../reference/swiglu.ts';
import { agree, finish } from './agree.ts';
import { matrixOf } from './storedMatrix.ts';
import { configFor, cut, layoutFor, strided, Workbench } from './workbench.ts';

// The way back through a frozen model, kernel by kernel, against float64 at odd sizes, between guard zones. What those
// oracles say of gradients is held against finite differences (tests/unit/reference.*).

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

const bench = () => new Workbench(gpu, kernels, configFor({}), layoutFor(4));
const random = createRandom(23);
const normals = (count: number, spread = 1) => Float32Array.from(random.normals(count, spread));
const sum = (a: Numbers, b: Numbers) =>
  Float64Array.from({ length: a.length }, (_, i) => at(a, i) + at(b, i));

test.each(
  (Object.keys(frozenTypes) as FrozenType[]).flatMap((type) => [
    { type, rows: 1, inputs: 4, outputs: 1, tileBytes: 2 ** 20 },
    { type, rows: 9, inputs: 36, outputs: 17, tileBytes: 2 ** 20 },
    { type, rows: 19, inputs: 64, outputs: 130, tileBytes: 3000 },
    { type, rows: 8, inputs: 300, outputs: 53, tileBytes: 10_240 },
  ]),
)('product in $type: $rows rows, $outputs → $inputs', async ({ type, rows, inputs, outputs, tileBytes }) => {
  const on = bench();
  const { matrix, numbers } = matrixOf(on, type, outputs, inputs, tileBytes, 3);
  expect(matrix.tiles.length > 1).toBe(tileBytes < 2 ** 20);
  const dy = normals(rows * outputs);
  const [stride, width] = [outputs + 3, paddedWidth(inputs)];
  // What lies behind a row's outputs is not read.
  const given = strided(dy, rows, stride);
  for (let r = 0; r < rows; r++) given.fill(NaN, r * stride + outputs, (r + 1) * stride);
  const dx = on.output('dx', rows * width);
  recordProductBack(on.recorder, live(rows), matrix, { dy: on.input('dy', given), dx }, stride);
  await on.run();
  const { floats } = await finish(on);
  const expected = matmulReference.backward(
    dy,
    new Float64Array(rows * inputs),
    numbers,
    rows,
    inputs,
    outputs,
  ).dx;
  agree('dx', cut(floats(dx), width, rows, { width: inputs }), expected, 2e-6 * Math.max(8, outputs));
  expect(cut(floats(dx), width, rows, { from: inputs, width: width - inputs }).every((x) => x === 0)).toBe(
    true,
  );
});

test.each([
  { rows: 1, width: 4, stride: 32 },
  { rows: 5, width: 60, stride: 64 },
  { rows: 3, width: 516, stride: 544 },
])('norm of $rows rows of $width', async ({ rows, width, stride }) => {
  const on = bench();
  const [x, dy, before, gain] = [
    normals(rows * width),
    normals(rows * width),
    normals(rows * width),
    normals(width),
  ];
  const io = {
    x: on.input('x', strided(x, rows, stride)),
    dy: on.input('dy', strided(dy, rows, stride)),
    gain: on.input('gain', gain),
  };
  const [written, added] = [
    on.input('written', new Float32Array(rows * stride)),
    on.input('added', strided(before, rows, stride)),
  ];
  for (const [dx, adds] of [
    [written, 0],
    [added, 1],
  ] as const) {
    on.program.dispatch(
      kernels.get(normBack),
      { ...io, dx },
      { rows, width4: width / 4, stride4: stride / 4, eps: 1e-5, added: adds },
      64 * rows,
    );
  }
  await on.run();
  const { floats } = await finish(on);
  const expected = normReference.backward(dy, x, gain, rows, width, 1e-5).dx;
  agree('written', cut(floats(written), stride, rows, { width }), expected, 1e-5);
  agree('added', cut(floats(added), stride, rows, { width }), sum(expected, before), 1e-5);
});

test('swiglu', async () => {
  const on = bench();
  const [rows, inner, from, to] = [7, 100, 224, 128];
  const [gateUp, dy] = [normals(rows * 2 * inner, 3), normals(rows * inner)];
  const dgateUp = on.input('dgate_up', new Float32Array(rows * from));
  on.program.dispatch(
    kernels.get(swigluBack),
    {
      gate_up: on.input('gate_up', strided(gateUp, rows, from)),
      dy: on.input('dy', strided(dy, rows, to)),
      dgate_up: dgateUp,
    },
    { rows, inner4: inner / 4, gate_up_stride4: from / 4, stride4: to / 4 },
    (rows * inner) / 4,
  );
  await on.run();
  const { floats } = await finish(on);
  const half = (values: Float32Array, first: number, stride = 2 * inner) =>
    cut(values, stride, rows, { from: first, width: inner });
  const expected = swigluReference.backward(dy, half(gateUp, 0), half(gateUp, inner));
  agree('dgate', half(floats(dgateUp), 0, from), expected.dgate, 1e-5);
  agree('dup', half(floats(dgateUp), inner, from), expected.dup, 1e-5);
});

describe.each([
  { heads: 1, kv: 1, D: 8 },
  { heads: 6, kv: 2, D: 24 },
  { heads: 4, kv: 4, D: 128 },
])('$heads heads, $kv of keys, of $D features', ({ heads, kv, D }) => {
  /** A prompt of 70 rows and two completions of it; then a row that attends to itself alone. */
  const prompt = 70;
  const ends = [prompt, prompt + 3, prompt + 3 + 66] as const;
  const rows = ends[2] + 1;
  const all = Array.from({ length: rows }, (_, r) => r);
  const startOf = (r: number) => (r < prompt ? 0 : r < ends[1] ? prompt : r < ends[2] ? ends[1] : r);
  const prefixOf = (r: number) => (r < prompt || r >= ends[2] ? 0 : prompt);
  const endOf = (r: number) => (r < prompt ? ends[2] : r < ends[1] ? ends[1] : r < ends[2] ? ends[2] : r + 1);
  const places = Uint32Array.from(all.flatMap((r) => [0, prefixOf(r), startOf(r), r]));
  const [stride, width] = [paddedWidth(heads * D), heads * D];

  test('attention over a shared prefix', async () => {
    const on = bench();
    const [q, k, v, dout] = [
      normals(rows * width, 1.5),
      normals(rows * kv * D, 1.5),
      normals(rows * kv * D, 1.5),
      normals(rows * width),
    ];
    const attended = {
      prefixStart: all.map(() => 0),
      prefixLength: all.map(prefixOf),
      ownStart: all.map(startOf),
    };
    const shape = { heads, keyValueHeads: kv, headDim: D };
    const { out } = attentionReference.forward(q, k, v, attended, shape);
    const io = {
      q: on.input('q', strided(q, rows, stride)),
      k: on.input('k', k),
      v: on.input('v', v),
      dout: on.input('dout', strided(dout, rows, stride)),
    };
    const dq = on.input('dq', new Float32Array(rows * stride));
    const [kept, dk, dv] = [
      on.output('kept', rows * heads * 2),
      on.output('dk', rows * kv * D),
      on.output('dv', rows * kv * D),
    ];
    const params = { rows, heads, kv_heads: kv, head4: D / 4, stride4: stride / 4, scale: 1 / Math.sqrt(D) };
    on.program.dispatch(
      kernels.get(attentionBackQuery),
      {
        ...{ ...io, dq, kept, places: on.input('places', places) },
        out: on.input('out', strided(Float32Array.from(out), rows, stride)),
      },
      params,
      64 * rows * heads,
    );
    on.program.dispatch(
      kernels.get(attentionBackKey),
      { ...io, kept, dk, dv, query_end: on.input('query end', Uint32Array.from(all, endOf)) },
      params,
      64 * rows * kv,
    );
    await on.run();
    const { floats } = await finish(on);
    const expected = attentionReference.backward(dout, q, k, v, attended, shape);
    agree('dq', cut(floats(dq), stride, rows, { width }), expected.dq, 2e-5);
    agree('dk', floats(dk), expected.dk, 4e-5);
    agree('dv', floats(dv), expected.dv, 2e-5);
  });

  test.each([true, false])('rotary halves, norms of heads: %s', async (normed) => {
    const on = bench();
    const qkvWidth = (heads + 2 * kv) * D;
    const qkvStride = paddedWidth(qkvWidth);
    const qkv = normals(rows * qkvWidth);
    const [dq, dk, dv] = [normals(rows * width), normals(rows * kv * D), normals(rows * kv * D)];
    const gains = normals(2 * D);
    const eps = 1e-3;
    const dqkv = on.input('dqkv', new Float32Array(rows * qkvStride));
    on.program.dispatch(
      kernels.get(ropeBack, { NORMED: normed }),
      {
        qkv: on.input('qkv', strided(qkv, rows, qkvStride)),
        // Not read without norms.
        gains: on.input('gains', normed ? gains : new Float32Array(2 * D).fill(NaN)),
        rope: on.input('rope', ropeTable({ head_dim: D, rope_theta: 1e4 }, 2 * prompt)),
        places: on.input('places', places),
        dq: on.input('dq', strided(dq, rows, stride)),
        dk: on.input('dk', dk),
        dv: on.input('dv', dv),
        dqkv,
      },
      {
        ...{ rows, heads, kv_heads: kv, half4: D / 8, eps },
        ...{ qkv_stride4: qkvStride / 4, q_stride4: stride / 4 },
      },
      rows * (heads + 2 * kv),
    );
    await on.run();
    const { floats } = await finish(on);
    const positions = all.map((r) => prefixOf(r) + r - startOf(r));
    const shape = { heads, keyValueHeads: kv, headDim: D, eps, theta: 1e4 };
    const grads = { dq: Float64Array.from(dq), dk: Float64Array.from(dk), dv: Float64Array.from(dv) };
    const got = cut(floats(dqkv), qkvStride, rows, { width: qkvWidth });
    if (normed) {
      const { dqkv: expected } = qkReference.backward(
        ...[grads, qkv, gains.subarray(0, D), gains.subarray(D), positions, shape],
      );
      agree('dqkv', got, expected, 2e-5);
      return;
    }
    // Without norms the gradient has the length of what came: a rotation. Turned forth again it is what came.
    const turned = (values: Float32Array, count: number, first: number) => {
      const part = cut(values, qkvWidth, rows, { from: first, width: count * D });
      const table = ropeTable({ head_dim: D, rope_theta: 1e4 }, 2 * prompt);
      return Float64Array.from({ length: rows * count * D }, (_, i) => {
        const [head, d] = [Math.floor(i / D) * D, i % D];
        const angle = at(positions, Math.floor(i / (count * D))) * D;
        const [low, j] = [d < D / 2, d % (D / 2)];
        const [c, s] = [at(table, angle + j), at(table, angle + D / 2 + j)];
        const [a, b] = [at(part, head + j), at(part, head + D / 2 + j)];
        return low ? a * c - b * s : b * c + a * s;
      });
    };
    agree('dq', turned(got, heads, 0), dq, 1e-5);
    agree('dk', turned(got, kv, width), dk, 1e-5);
    agree('dv', cut(got, qkvWidth, rows, { from: width + kv * D, width: kv * D }), dv, 0);
  });
});

test.each([
  { rows: 1, rank: 1, widths: [4], splits: 1 },
  { rows: 37, rank: 3, widths: [36, 8, 8], splits: 4 },
  { rows: 70, rank: 8, widths: [260, 260], splits: 32 },
])(
  'gradient of factors: $rows rows, rank $rank, parts of $widths',
  async ({ rows, rank, widths, splits }) => {
    const on = bench();
    const before = (p: number) => widths.slice(0, p).reduce((total, width) => total + width, 0);
    const size = 8 + rank * before(widths.length);
    const [tStride, xWidth] = [4 * Math.ceil((rank * widths.length) / 4), before(widths.length) + 12];
    const parts = widths.map((width, p) => ({
      matrixAt: 4 + rank * before(p),
      width,
      column: 4 + before(p),
    }));
    const [t, x] = [normals(rows * tStride), normals(rows * xWidth)];
    const io = { x: on.input('x', x), t: on.input('t', t) };
    const [partials, scaled] = ['partials', 'scaled'].map((name) =>
      on.input(name, new Float32Array(splits * size)),
    ) as [GPUBuffer, GPUBuffer];
    const fours = (of: (part: (typeof parts)[number]) => number) =>
      [0, 1, 2, 3].map((p) => (parts[p] === undefined ? 0 : of(parts[p]) / 4));
    const all4 = before(widths.length) / 4;
    for (const [to, scales, accumulate] of [
      [partials, 0, 0],
      [scaled, 1, 0],
      [scaled, 1, 1],
    ] as const) {
      on.program.dispatch(
        kernels.get(adapterGradient),
        { ...io, partials: to },
        {
          ...{
            rows,
            chunk: Math.ceil(rows / splits),
            splits,
            accumulate,
            rank,
            stride4: xWidth / 4,
            t_stride: tStride,
          },
          ...{ size4: size / 4, all4, scaled: scales, scale: -1.5 },
          ...{
            width4: fours((p) => p.width),
            from4: fours((p) => p.column),
            matrix4: fours((p) => p.matrixAt),
          },
        },
        splits * rank * all4,
      );
    }
    await on.run();
    const { floats } = await finish(on);
    const whole = (buffer: GPUBuffer, first: number, length: number) => {
      const values = floats(buffer);
      return Float64Array.from({ length }, (_, i) => {
        let total = 0;
        for (let s = 0; s < splits; s++) total += at(values, s * size + first + i);
        return total;
      });
    };
    parts.forEach(({ matrixAt, width, column }, p) => {
      const own = cut(t, tStride, rows, { from: p * rank, width: rank });
      const shape = { rows, xWidth, column, rank, width };
      const expected = adapterReference.gradient(own, x, shape);
      agree('dm', whole(partials, matrixAt, rank * width), expected, 2e-6 * rows);
      // Written once, added once.
      agree(
        'scaled dm',
        whole(scaled, matrixAt, rank * width),
        expected.map((value) => -3 * value),
        2e-6 * rows,
      );
      // And the oracle: of Σ_r Σ_k (m·x)[r,i]·t[r,i] by one entry of m.
      const m = Float64Array.from(normals(rank * width));
      const value = () =>
        adapterReference.into(x, m, shape).reduce((total, each, i) => total + each * at(own, i), 0);
      agree('difference', [at(finiteDifference(value, m, [1]), 0)], [at(expected, 1)], 1e-6);
    });
    expect(whole(partials, 0, 4).every((value) => value === 0)).toBe(true);
  },
);
