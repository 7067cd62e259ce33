import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { recordInto, recordOut, type AdapterRecorder } from '../../src/engine/frozen/adapters.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { live } from '../../src/gpu/program.ts';
import * as reference from '../reference/adapter.ts';
import { at } from '../reference/indexing.ts';
import { createRandom } from '../reference/random.ts';
import { agree, finish } from './agree.ts';
import { configFor, cut, layoutFor, Workbench } from './workbench.ts';

// The products with an adapter's factors, each against float64 at odd sizes, between guard zones.

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

const random = createRandom(17);
const normals = (count: number) => Float32Array.from(random.normals(count));

/** Two adapters, [2, size], and rows that go through the first, the second, none, or one of scale 0, in turn. */
function adaptersOn(on: Workbench, size: number, rank: number, parts: number, rows: number) {
  const factors = normals(2 * size);
  const ways = [
    { slot: 0, scale: 2 },
    { slot: 1, scale: 0.5 },
    { slot: 0, scale: 0 },
    { slot: 1, scale: 0 },
  ] as const;
  const way = (row: number) => ways[row % ways.length] ?? ways[0];
  const words = new Uint32Array(2 * rows);
  const scales = new Float32Array(words.buffer);
  for (let r = 0; r < rows; r++) {
    words[2 * r] = (way(r).slot * size) / 4;
    scales[2 * r + 1] = way(r).scale;
  }
  const innerStride = 4 * Math.ceil((parts * rank) / 4);
  const recorder = {
    program: on.program,
    kernels,
    rows: live(rows),
    adapters: {
      slots: { layout: { rank }, factors: on.input('factors', factors) },
      rowAdapters: on.input('row adapters', words),
      innerStride,
    },
  } as unknown as AdapterRecorder;
  return { recorder, factors, way, innerStride };
}

const cases = [
  { rows: 1, rank: 1, widths: [4] },
  { rows: 9, rank: 3, widths: [36, 8, 8] },
  { rows: 6, rank: 8, widths: [516, 516] },
  { rows: 130, rank: 16, widths: [64] },
  { rows: 5, rank: 64, widths: [72, 24, 24] },
];

test.each(cases)(
  'into the factors: $rows rows, rank $rank, parts of $widths',
  async ({ rows, rank, widths }) => {
    const on = new Workbench(gpu, kernels, configFor({}), layoutFor(4));
    const size = rank * widths.reduce((sum, width) => sum + width, 0) + 4;
    const { recorder, factors, way, innerStride } = adaptersOn(on, size, rank, widths.length, rows);
    const [xWidth, column] = [Math.max(...widths) + 40, 12];
    const parts = widths.map((width, p) => ({
      matrixAt: 4 + rank * widths.slice(0, p).reduce((sum, each) => sum + each, 0),
      width,
      // Each has columns of its own, as on the way back; they overlap.
      column: column + 4 * p,
    }));
    const x = normals(rows * xWidth);
    const given = on.input('x', x);
    const before = normals(rows * innerStride);
    const [plain, scaled] = [on.input('t', before), on.input('scaled t', before)];
    recordInto(recorder, parts, { x: given, t: plain }, { stride: xWidth, scaled: false });
    recordInto(recorder, parts, { x: given, t: scaled }, { stride: xWidth, scaled: true });
    await on.run();
    const { floats } = await finish(on);
    parts.forEach(({ matrixAt, width, column: from }, p) => {
      const products = [0, 1].map((slot) =>
        reference.into(x, factors.subarray(slot * size + matrixAt), {
          rows,
          xWidth,
          column: from,
          rank,
          width,
        }),
      );
      for (const [t, by] of [
        [plain, () => 1],
        [scaled, (r: number) => way(r).scale],
      ] as const) {
        const expected = Float64Array.from({ length: rows * rank }, (_, i) => {
          const r = Math.floor(i / rank);
          if (way(r).scale === 0) return at(before, r * innerStride + p * rank + (i % rank));
          return by(r) * at(products[way(r).slot] ?? [], i);
        });
        agree(
          't',
          cut(floats(t), innerStride, rows, { from: p * rank, width: rank }),
          expected,
          2e-6 * width,
        );
      }
    });
  },
);

test.each(cases)(
  'out of the factors: $rows rows, rank $rank, parts of $widths',
  async ({ rows, rank, widths }) => {
    const on = new Workbench(gpu, kernels, configFor({}), layoutFor(4));
    const size = rank * widths.reduce((sum, width) => sum + width, 0) + 4;
    const { recorder, factors, way, innerStride } = adaptersOn(on, size, rank, widths.length, rows);
    // A part that is not adapted lies between the first two.
    const gap = 8;
    const ends = widths.map(
      (_, p) => widths.slice(0, p).reduce((sum, each) => sum + each, 0) + (p > 0 ? gap : 0),
    );
    const parts = widths.map((width, p) => ({
      matrixAt: 4 + rank * widths.slice(0, p).reduce((sum, each) => sum + each, 0),
      width,
      column: ends[p] ?? 0,
    }));
    const stride = widths.reduce((sum, width) => sum + width, 0) + gap + 12;
    const t = normals(rows * innerStride);
    const before = normals(rows * stride);
    const [plain, scaled] = [on.input('y', before), on.input('scaled y', before)];
    const given = on.input('t', t);
    recordOut(recorder, parts, { t: given, y: plain }, { stride, scaled: false, rank });
    recordOut(recorder, parts, { t: given, y: scaled }, { stride, scaled: true, rank });
    await on.run();
    const { floats } = await finish(on);
    for (const [y, by] of [
      [plain, () => 1],
      [scaled, (r: number) => way(r).scale],
    ] as const) {
      const expected = Float64Array.from(before);
      parts.forEach(({ matrixAt, width, column }, p) => {
        const own = cut(t, innerStride, rows, { from: p * rank, width: rank });
        const products = [0, 1].map((slot) =>
          reference.out(own, factors.subarray(slot * size + matrixAt), rows, rank, width),
        );
        for (let r = 0; r < rows; r++) {
          if (way(r).scale === 0) continue;
          for (let n = 0; n < width; n++) {
            const here = r * stride + column + n;
            expected[here] = at(expected, here) + by(r) * at(products[way(r).slot] ?? [], r * width + n);
          }
        }
      });
      const got = floats(y);
      agree('y', got, expected, 4e-6 * rank);
      for (let r = 0; r < rows; r++) {
        if (way(r).scale !== 0) continue;
        const row = (values: Float32Array) => [...values.subarray(r * stride, (r + 1) * stride)];
        expect(row(got)).toEqual(row(before));
      }
    }
  },
);
