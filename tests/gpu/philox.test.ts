import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { philox4x32 } from '../../src/lib/philox.ts';
import { createRandom } from '../reference/random.ts';
import philox from './philox.wgsl';
import { configFor, layoutFor, Workbench } from './workbench.ts';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

test('Philox gives the same words as src/lib/philox.ts', async () => {
  const random = createRandom(83);
  const count = 257;
  const counter = random.integers(4 * count, 2 ** 32);
  const key = random.integers(4 * count, 2 ** 32);
  counter.fill(0xffff_ffff, 0, 4);
  key.fill(0xffff_ffff, 0, 4);
  const bench = new Workbench(gpu, kernels, configFor({}), layoutFor(4));
  const words = bench.output('words', 4 * count);
  const tensors = {
    counter: bench.input('counter', Uint32Array.from(counter)),
    key: bench.input('key', Uint32Array.from(key)),
    words,
  };
  bench.program.dispatch(kernels.get(philox), tensors, { count }, count);
  await bench.run();
  const expected = Array.from({ length: count }, (_, i) => {
    const [a = 0, b = 0, c = 0, d = 0] = counter.subarray(4 * i, 4 * i + 4);
    return philox4x32([a, b, c, d], [key[4 * i] ?? 0, key[4 * i + 1] ?? 0]);
  });
  expect([...(await bench.contents()).words(words)]).toEqual(expected.flat());
  bench.buffers.destroy();
});
