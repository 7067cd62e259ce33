import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { lossLives, noRows, policyLoss } from '../../src/engine/ops/policy_loss.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { live } from '../../src/gpu/program.ts';
import { tokenWeights } from '../../src/rl/loss.ts';
import {
  advantages,
  byLogProb,
  cases,
  lengths,
  logitsOf,
  logProbs,
  maxCompletionLength,
  oldLogProbs,
  perToken,
  refLogProbs,
} from '../fixtures/trl.ts';
import { average } from '../reference/rules.ts';
import { agree, finish } from './agree.ts';
import { configFor, cut, layoutFor, Workbench } from './workbench.ts';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

/** Logits over two tokens take a whole vec4. */
const stride = 4;
const strided = (of: readonly number[]) => of.flatMap((logProb) => [...logitsOf(logProb), 0, 0]);

// Measured: 1e-7. The settings and the batch are TRL's own (tests/fixtures/README.md).
const tolerance = 1e-6;

test.each(cases)(
  'the kernel’s loss, gradient, KL and clipped share are TRL’s: $name',
  async ({ lossType, onPolicy, settings, loss, gradient, clipped, kl }) => {
    const rows = logProbs.length;
    const bench = new Workbench(gpu, kernels, configFor({ vocab_size: 2 }), layoutFor(4));
    const weights = perToken(
      tokenWeights(lossType, lengths, { maxCompletionLength, rollouts: lengths.length }),
    );
    const tensors = {
      logits: bench.input('logits', Float32Array.from([...strided(logProbs), ...strided(refLogProbs)])),
      target_token: bench.input('target', new Uint32Array(rows)),
      terms: bench.input(
        'terms',
        Float32Array.from(perToken(advantages).flatMap((advantage, i) => [advantage, weights[i] ?? NaN])),
      ),
      old_log_prob: bench.input('old log-probability', Float32Array.from(oldLogProbs)),
      stats: bench.output('stats', 8 * rows),
    };
    const lives = {
      ...lossLives(),
      reference_row: live(rows),
      anchor_row: live(noRows),
      first_update: live(onPolicy ? 1 : 0),
      clip_low: live(settings.clipLow),
      clip_high: live(settings.clipHigh),
      kl_coefficient: live(settings.klCoefficient),
    };
    policyLoss(bench.recorder, live(rows), lives, tensors);
    await bench.run();
    const after = await finish(bench);
    const stats = after.floats(tensors.stats);
    const column = (from: number) => [...cut(stats, 8, rows, { from, width: 1 })];
    agree('loss', [column(0).reduce((sum, value) => sum + value, 0)], [loss], tolerance);
    agree('gradient', byLogProb(after.floats(tensors.logits), stride), gradient, tolerance);
    expect(average(column(3))).toBeCloseTo(clipped, 12);
    if (kl !== null) agree('KL', [average(column(4))], [kl], tolerance);
  },
);
