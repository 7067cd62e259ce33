import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { fixedPlan, matmulForms } from '../../src/engine/plan.ts';
import { tuneMatmul } from '../../src/engine/tune.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { configFor } from './workbench.ts';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

const config = configFor({ hidden_size: 16, head_dim: 8, intermediate_size: 20, vocab_size: 23 });

/** Trials of the forms take turns; `slow` of them, counted from 0, takes longer by this clock. */
function clockWithSlow(slow: number) {
  let calls = 0;
  let now = 0;
  return {
    now: () => {
      const call = calls++;
      const trial = Math.floor(call / 2) % matmulForms.length;
      if (call % 2 === 1) now += trial === slow ? 9 : 3;
      return now;
    },
  };
}

test.each(matmulForms.map((form, index) => ({ form, index })))(
  'takes another form where $form is slow',
  async ({ form, index }) => {
    const plan = await tuneMatmul(gpu, kernels, config, 'f32', clockWithSlow(index));
    const [other] = matmulForms.filter((each) => each !== form);
    expect(plan).toEqual({ forward: other, backward: other, weight: other });
  },
);

test('leaves the fixed plan where there is no time', async () => {
  const slow = matmulForms.indexOf(fixedPlan.matmul.forward);
  const plan = await tuneMatmul(gpu, kernels, config, 'f32', clockWithSlow(slow), 0);
  expect(plan).toEqual(fixedPlan.matmul);
});

test('chooses for every product by the true clock', async () => {
  const plan = await tuneMatmul(gpu, kernels, config);
  expect(Object.keys(plan).sort()).toEqual(['backward', 'forward', 'weight']);
  for (const form of Object.values(plan)) expect(matmulForms).toContain(form);
});
