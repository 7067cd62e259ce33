import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import loss from '../../shaders/frozen/loss.wgsl';
import { openHeadless } from '../../src/cli/headless.ts';
import { paddedWidth } from '../../src/engine/frozen/matrix.ts';
import { rowStats } from '../../src/engine/ops/policy_loss.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { at, type Numbers } from '../reference/indexing.ts';
import * as lossReference from '../reference/policy_loss.ts';
import { createRandom } from '../reference/random.ts';
import { agree, finish } from './agree.ts';
import { configFor, cut, layoutFor, strided, Workbench } from './workbench.ts';

// Loss and gradient of logits by a workgroup a row, as large as real vocabularies are, against float64.

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

const bench = () => new Workbench(gpu, kernels, configFor({}), layoutFor(4));
const random = createRandom(29);
const normals = (count: number, spread = 1) => Float32Array.from(random.normals(count, spread));

describe.each([1, 3, 1031, 151_936])('loss over a vocabulary of %i', (vocabulary) => {
  const rows = 9;
  const stride = paddedWidth(vocabulary);
  const logits = normals(rows * vocabulary, 2);
  logits[vocabulary - 1] = 40;
  const settings = {
    temperature: 0.8,
    clipLow: 0.2,
    clipHigh: 0.28,
    klCoefficient: 0.04,
    entropyBonus: 0.01,
  };
  const targets = Array.from(random.integers(rows, vocabulary));
  const advantages = Array.from({ length: rows }, (_, r) => (r % 3 === 0 ? -1.5 : 0.7 * r));
  const weights = Array.from({ length: rows }, (_, r) => (r === 4 ? 0 : 0.1 + 0.03 * r));
  const scored = lossReference.forwardBackward(
    {
      ...{ logits, targets, advantages, weights, oldLogProbs: null, anchorLogProbs: null },
      refLogProbs: targets.map(() => 0),
    },
    vocabulary,
    settings,
  ).logProb;
  // Old ones so far off that some are clipped; a reference nearby; an anchor.
  const nearby = (spread: number) =>
    Float32Array.from(scored, (value, r) => value + spread * Math.sin(3 * r + 1));

  test.each([true, false])('first update: %s', async (first) => {
    const on = bench();
    const [old, reference, anchor] = [nearby(0.6), nearby(0.4), nearby(0.1)];
    const given = strided(logits, rows, stride);
    for (let r = 0; r < rows; r++) given.fill(1e9, r * stride + vocabulary, (r + 1) * stride);
    const [firstRow, batchRow] = [2, 3];
    const pairs = (values: Float32Array) => {
      const all = new Float32Array(2 * (firstRow + rows)).fill(NaN);
      values.forEach((value, r) => (all[2 * (firstRow + r)] = value));
      return all;
    };
    const of = {
      logits: on.input('logits', given),
      old_log_prob: on.input('old', Float32Array.from([...new Array<number>(batchRow).fill(7), ...old])),
      stats: on.input('stats', new Float32Array(rowStats.floats * (batchRow + rows)).fill(5)),
    };
    on.program.dispatch(
      kernels.get(loss),
      {
        ...of,
        target_token: on.input('targets', Uint32Array.from(targets)),
        terms: on.input(
          'terms',
          Float32Array.from(targets.flatMap((_, r) => [advantages[r] ?? NaN, weights[r] ?? NaN])),
        ),
        reference: on.input('reference', pairs(reference)),
        anchor: on.input('anchor', pairs(anchor)),
      },
      {
        ...{ rows, vocab: vocabulary, stride4: stride / 4, first_row: firstRow, batch_row: batchRow },
        ...{ first_update: first ? 1 : 0, has_reference: 1, has_anchor: 1 },
        inverse_temperature: 1 / settings.temperature,
        ...{ clip_low: settings.clipLow, clip_high: settings.clipHigh },
        ...{ kl_coefficient: settings.klCoefficient, entropy_bonus: settings.entropyBonus },
      },
      256 * rows,
    );
    await on.run();
    const { floats } = await finish(on);
    const expected = lossReference.forwardBackward(
      {
        ...{ logits, targets, advantages, weights, refLogProbs: reference, anchorLogProbs: anchor },
        oldLogProbs: first ? null : old,
      },
      vocabulary,
      settings,
    );
    const got = floats(of.logits);
    agree('dlogits', cut(got, stride, rows, { width: vocabulary }), expected.dlogits, 1e-5);
    const padding = cut(got, stride, rows, { from: vocabulary, width: stride - vocabulary });
    expect(padding.every((value) => value === 0)).toBe(true);
    const stat = (name: keyof typeof rowStats.at) =>
      cut(floats(of.stats), rowStats.floats, rows, { first: batchRow, from: rowStats.at[name], width: 1 });
    const trained = (values: Numbers) =>
      Float64Array.from(weights, (weight, r) => (weight === 0 ? 0 : at(values, r)));
    agree('loss', stat('loss'), expected.loss, 1e-5);
    agree('log-probability', stat('log_prob'), trained(expected.logProb), 1e-5);
    agree('entropy', stat('entropy'), trained(expected.entropy), 1e-5);
    agree('k3 of the reference', stat('k3_reference'), trained(expected.klReference), 1e-4);
    agree('k3 of the anchor', stat('k3_anchor'), trained(expected.klAnchor), 1e-4);
    agree('clipped', stat('clipped'), trained(expected.clipped), 0);
    agree('trained', stat('trained'), trained(weights.map(() => 1)), 0);
    expect([...floats(of.stats).subarray(0, batchRow * rowStats.floats)].every((value) => value === 5)).toBe(
      true,
    );
    const kept = floats(of.old_log_prob).subarray(batchRow);
    agree(
      'old',
      kept,
      first ? expected.logProb.map((value, r) => (weights[r] === 0 ? at(old, r) : value)) : old,
      1e-5,
    );
  });
});
