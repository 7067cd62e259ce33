import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { matmulBackward, matmulBackwardWeight, matmulForward } from '../../src/engine/ops/matmul.ts';
import { swigluBackward, swigluForward } from '../../src/engine/ops/swiglu.ts';
import { activationTypes, matmulForms, padRows, type MatmulForm } from '../../src/engine/plan.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { live } from '../../src/gpu/program.ts';
import { cases as matmulCases } from '../cases/matmul.ts';
import { cases as swigluCases } from '../cases/swiglu.ts';
import { finish, noF16, noSubgroups, open } from './agree.ts';
import {
  alike,
  configFor,
  cut,
  factors,
  gradientRows,
  layoutFor,
  padded,
  scales,
  Workbench,
} from './workbench.ts';

let gpu: Gpu;
let kernels: Kernels;
/** The same kernels in the text that needs no subgroups, and workgroups as this adapter has them. */
let plainKernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  // In workgroups as wide as a GPU's: training by software adapters covers the others with subgroups.
  kernels = new Kernels({ ...gpu, adapter: { ...gpu.adapter, software: false } });
  plainKernels = new Kernels(gpu, 'workgroup');
});
afterAll(() => gpu.device.destroy());

/** Every form of a product, with weights broadcast in subgroups and without, over either type of activations. */
const matmulVariants = matmulForms.flatMap((form) =>
  (['subgroup', 'workgroup'] as const).flatMap((twin) =>
    activationTypes.map((activations) => ({ form, twin, activations })),
  ),
);

/** Columns that a form holds. */
const columnsOf: Readonly<Record<MatmulForm, number>> = { '4x8': 8, '4x16': 16 };

/** Threads of a product over `models` models: workgroups of 32 lanes, four rows each, of one model. */
function tileThreads(form: MatmulForm, rows: number, columns: number, models: number): number {
  return models * Math.ceil(rows / 128) * 32 * Math.ceil(columns / columnsOf[form]);
}

/**
 * Lanes over the n outputs of a weight gradient, four outputs each: in equal workgroups of at most 32, or of a subgroup
 * on a software adapter.
 */
function weightLanes({ adapter, subgroupSize }: Gpu, n: number): number {
  const fours = Math.ceil(n / 4);
  if (adapter.software) return subgroupSize * Math.ceil(fours / subgroupSize);
  const workgroups = Math.ceil(fours / 32);
  return workgroups * 4 * Math.ceil(fours / workgroups / 4);
}

describe.each(matmulVariants)(
  'matmul $form by $twin with activations in $activations',
  ({ form, twin, activations }) => {
    test.for(matmulCases)('$name', async (c, { skip }) => {
      skip(twin === 'subgroup' && !gpu.hasSubgroups, noSubgroups);
      skip(activations === 'f16' && !gpu.hasF16, noF16);
      const { size, floats, agree, agreeStored } = open(c, activations);
      const [rows, k, n] = [size('rows'), size('inputs'), size('outputs')];
      const block = padRows(rows);
      const stride = 4 * Math.ceil(n / 4);
      // The gradient of the product with a norm in front gets a place of its own.
      const [plain, normed, gain] = [4, 8 + n * k, 12 + 2 * n * k];
      const bench = new Workbench(
        gpu,
        twin === 'subgroup' ? kernels : plainKernels,
        configFor({ rms_norm_eps: size('eps') }),
        layoutFor(gain + k + 4),
        { form, activations },
      );
      const { recorder: r } = bench;
      bench.weight(plain, floats('weight'), scales);
      bench.weight(gain, floats('gain'), alike);
      const space = bench.space(rows);
      const x = bench.activationInput('x', padded(floats('x'), rows, 3));
      const y = bench.activations('y', 3 * block * stride);
      const yResidual = bench.activations('y residual', 3 * block * stride);
      const yNormed = bench.activations('y normed', 3 * block * stride);
      const logits = bench.output('y normed, in f32', 3 * block * stride);
      const rstd = bench.output('rstd', 3 * block);
      const noRstd = bench.output('rstd where there is no norm', 4);
      const residual = bench.activationInput('residual', padded(floats('residual'), rows, 3, stride));
      matmulForward(r, space, { offset: plain, n, k }, { x, y, rstd: noRstd });
      matmulForward(r, space, { offset: plain, n, k }, { x, y: yResidual, rstd: noRstd, residual });
      matmulForward(r, space, { offset: plain, n, k, gain }, { x, y: yNormed, rstd });
      matmulForward(r, space, { offset: plain, n, k, gain }, { x, y: logits, rstd }, 'f32');

      const of = gradientRows(bench, block);
      const dy = bench.input('dy', padded(floats('dy'), rows, 1, stride));
      const dx = bench.output('dx', block * k);
      matmulBackward(r, of.rows, { offset: plain, n, k }, dy, dx);
      matmulBackwardWeight(r, of, { offset: plain, n, k }, { dy, x, rstd: noRstd });
      matmulBackwardWeight(r, of, { offset: normed, n, k, gain }, { dy, x, rstd });
      expect(await bench.run()).toBe(7);
      // Once more, added to what is there.
      of.accumulate.value = 1;
      bench.replay();

      expect(bench.threads()).toEqual({
        'ops/matmul.forward': tileThreads(form, block, n, 3),
        'ops/matmul.backward': tileThreads(form, block, k, 1),
        'ops/matmul.backward_weight':
          r.parameters.policy.splits * weightLanes(r.kernels.gpu, n) * Math.ceil(k / columnsOf[form]),
      });
      const after = await finish(bench, [
        [plain, n * k],
        [normed, n * k],
      ]);
      factors.forEach((factor, model) => {
        const own = (tensor: GPUBuffer) =>
          cut(after.floats(tensor), stride, rows, { first: model * block, width: n });
        agreeStored('y', own(y), factor);
        agreeStored('yNormed', own(yNormed), factor);
        agree('yNormed', own(logits), factor);
        const added = cut(floats('residual'), n, rows);
        // The sum was rounded, and residuals are up to 5.
        agreeStored(
          'y',
          own(yResidual).map((value, i) => value - (added[i] ?? NaN)),
          factor,
          6,
        );
        agree('rstd', cut(after.floats(rstd), 1, rows, { first: model * block }));
      });
      agreeStored('yResidual', cut(after.floats(yResidual), stride, rows, { width: n }));
      agree('dx', cut(after.floats(dx), k, rows));
      agree('dweight', after.gradient(plain, n * k), 2);
      agree('dweightNormed', after.gradient(normed, n * k), 2);
      for (const tensor of [y, yResidual, yNormed, logits, dx, rstd]) {
        expect(after.floats(tensor).every(Number.isFinite), tensor.label).toBe(true);
      }
      expect(after.floats(noRstd).every(Number.isNaN)).toBe(true);
    });
  },
);

describe.each(matmulVariants)(
  'swiglu $form by $twin with activations in $activations',
  ({ form, twin, activations }) => {
    test.for(swigluCases)('$name', async (c, { skip }) => {
      skip(twin === 'subgroup' && !gpu.hasSubgroups, noSubgroups);
      skip(activations === 'f16' && !gpu.hasF16, noF16);
      const { size, floats, agree, agreeStored } = open(c, activations);
      const [rows, H, I] = [size('rows'), size('hidden'), size('intermediate')];
      const block = padRows(rows);
      const [gateUp, down, gain] = [4, 8 + 2 * H * I, 12 + 3 * H * I];
      const bench = new Workbench(
        gpu,
        twin === 'subgroup' ? kernels : plainKernels,
        configFor({ rms_norm_eps: size('eps') }),
        layoutFor(gain + H + 4),
        { form, activations },
      );
      const { recorder: r } = bench;
      bench.weight(gateUp, floats('weight'), scales);
      bench.weight(down, floats('down'), scales);
      bench.weight(gain, floats('gain'), alike);
      const x = bench.activationInput('x', padded(floats('x'), rows, 3));
      const gate_up = bench.activations('gate_up', block * 2 * I);
      const y = bench.activations('y', 3 * block * I);
      const rstd = bench.output('rstd', 3 * block);
      swigluForward(r, bench.space(rows), { offset: gateUp, n: 2 * I, k: H, gain }, { x, gate_up, y, rstd });
      const both = new Float32Array(2 * block * I);
      for (let row = 0; row < rows; row++) {
        both.set(floats('gate').subarray(row * I, (row + 1) * I), 2 * row * I);
        both.set(floats('up').subarray(row * I, (row + 1) * I), (2 * row + 1) * I);
      }
      const dgate_up = bench.output('dgate_up', 2 * block * I);
      const dz = bench.input('dz', padded(floats('dz'), rows));
      const given = bench.activationInput('given gate_up', both);
      swigluBackward(r, live(block), { offset: down, n: H, k: I }, { dz, gate_up: given, dgate_up });
      expect(await bench.run()).toBe(2);
      expect(bench.threads()).toEqual({
        'ops/swiglu.forward': tileThreads(form, block, 2 * I, 3),
        'ops/swiglu.backward': tileThreads(form, block, I, 1),
      });
      const after = await finish(bench);
      ['y', 'yTwice', 'yMinus'].forEach((name, model) => {
        agreeStored(name, cut(after.floats(y), I, rows, { first: model * block }));
        agree('rstd', cut(after.floats(rstd), 1, rows, { first: model * block }));
      });
      // Guards tell that the other models' were not written.
      agreeStored('gates', cut(after.floats(gate_up), 2 * I, rows, { width: I }));
      agreeStored('ups', cut(after.floats(gate_up), 2 * I, rows, { from: I, width: I }));
      agree('dgate', cut(after.floats(dgate_up), 2 * I, rows, { width: I }));
      agree('dup', cut(after.floats(dgate_up), 2 * I, rows, { from: I, width: I }));
    });
  },
);
