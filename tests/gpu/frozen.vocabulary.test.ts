import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import choose from '../../shaders/frozen/choose.wgsl';
import score from '../../shaders/frozen/score.wgsl';
import { openHeadless } from '../../src/cli/headless.ts';
import { paddedWidth } from '../../src/engine/frozen/matrix.ts';
import { chosenStats, scoredStats } from '../../src/engine/frozen/record.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { philox4x32 } from '../../src/lib/philox.ts';
import { distribution } from '../reference/log_softmax.ts';
import { createRandom } from '../reference/random.ts';
import { greedy, sample } from '../reference/sample.ts';
import { agree, finish } from './agree.ts';
import { configFor, cut, layoutFor, strided, Workbench } from './workbench.ts';

// Sampling and scoring by a workgroup a row, as large as real vocabularies are.

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

const bench = () => new Workbench(gpu, kernels, configFor({}), layoutFor(4));

describe.each([1, 3, 1031, 151_936])('a vocabulary of %i', (vocab) => {
  const rows = 9;
  const stride = paddedWidth(vocab);
  const random = createRandom(9);
  const logits = Float32Array.from(random.normals(rows * vocab, 2));
  // One row is sure, one has equals at the top, one is flat.
  logits[vocab - 1] = 40;
  logits.fill(1.5, vocab, 2 * vocab);
  logits[2 * vocab + Math.floor(vocab / 2)] = 25;
  logits[2 * vocab + Math.floor(vocab / 3)] = 25;
  /** Padding is undefined: it must not be read as logits. */
  const given = strided(logits, rows, stride);
  for (let r = 0; r < rows; r++) given.fill(1e9, r * stride + vocab, (r + 1) * stride);

  test.each([1, 0.7])('log-probabilities and entropies at temperature %f', async (temperature) => {
    const on = bench();
    const targets = Uint32Array.from(random.integers(rows, vocab));
    const stats = on.output('stats', scoredStats.floats * rows);
    on.program.dispatch(
      kernels.get(score),
      { logits: on.input('logits', given), target_token: on.input('target', targets), stats },
      { rows, vocab, stride4: stride / 4, inverse_temperature: 1 / temperature },
      256 * rows,
    );
    await on.run();
    const { floats } = await finish(on);
    const [logProb, entropy] = (['log_prob', 'entropy'] as const).map((name) =>
      cut(floats(stats), scoredStats.floats, rows, { from: scoredStats.at[name], width: 1 }),
    );
    const expected = Array.from({ length: rows }, (_, r) => distribution(logits, r, vocab, temperature));
    // Relative to the size of ln π: an f32 near 40 has steps of 4e-6.
    agree(
      'ln π',
      logProb ?? [],
      expected.map(({ logProbs }, r) => logProbs[targets[r] ?? 0] ?? NaN),
      1e-5,
    );
    agree(
      'entropy',
      entropy ?? [],
      expected.map((of) => of.entropy),
      1e-5,
    );
  });

  test.each([1, 0.7, 0])('tokens drawn at temperature %f', async (temperature) => {
    const on = bench();
    const [position, length, seed] = [2, 4, 77];
    const sampler = new Uint32Array(4 * rows);
    for (let r = 0; r < rows; r++) sampler.set([0, r, 5, 21], 4 * r);
    new Float32Array(sampler.buffer).forEach((_, i, bits) => {
      if (i % 4 === 0) bits[i] = temperature;
    });
    const uniforms = Array.from(
      { length: rows },
      (_, r) => (philox4x32([position, r, 5, 21], [seed, 0])[0] >>> 8) * 2 ** -24,
    );
    const expected = sample(logits, uniforms, vocab, temperature === 0 ? 1 : temperature);
    const best = greedy(logits, rows, vocab);
    const wanted = temperature === 0 ? best : expected.tokens;
    // The last row had ended: it repeats its token.
    const ended = rows - 1;
    const current = new Uint32Array(rows).fill(123);
    const done = new Uint32Array(rows);
    done[ended] = 1;
    const [token, stats] = [
      on.output('token', rows * length),
      on.output('stats', chosenStats.floats * rows * length),
    ];
    const [currentBuffer, doneBuffer] = [on.input('current', current), on.input('done', done)];
    const ends = Uint32Array.of(999_999, wanted[0] ?? 0);
    on.program.dispatch(
      kernels.get(choose),
      {
        ...{
          logits: on.input('logits', given),
          sampler_of: on.input('sampler', sampler),
          ends: on.input('ends', ends),
        },
        ...{ token, stats, current: currentBuffer, done: doneBuffer },
      },
      {
        ...{ rows, vocab, stride4: stride / 4, position, max_length: length },
        ...{ end_count: ends.length, seed_low: seed, seed_high: 0 },
      },
      256 * rows,
    );
    await on.run();
    const { words, floats } = await finish(on);
    const drawn = Array.from({ length: rows }, (_, r) => words(token)[r * length + position]);
    for (let r = 0; r < rows - 1; r++) {
      // Where the random number lies within rounding of an interval's edge, its neighbour is as right.
      if (temperature !== 0 && (expected.margin[r] ?? 0) < 3e-6) continue;
      expect(drawn[r], `row ${String(r)}`).toBe(wanted[r]);
      const chosen = chosenStats.floats * (r * length + position);
      const { logProbs, entropy, selfCertainty } = distribution(
        logits,
        r,
        vocab,
        temperature === 0 ? 1 : temperature,
      );
      agree(
        'ln π',
        [floats(stats)[chosen + chosenStats.at.log_prob] ?? NaN],
        [logProbs[wanted[r] ?? 0] ?? NaN],
        1e-5,
      );
      agree('entropy', [floats(stats)[chosen + chosenStats.at.entropy] ?? NaN], [entropy], 1e-5);
      agree(
        'self-certainty',
        [floats(stats)[chosen + chosenStats.at.self_certainty] ?? NaN],
        [selfCertainty],
        1e-5,
      );
    }
    expect(drawn[ended]).toBe(123);
    expect([...words(currentBuffer)]).toEqual(drawn);
    expect([...words(doneBuffer)]).toEqual(
      drawn.map((id, r) => (r === ended || ends.includes(id ?? -1) ? 1 : 0)),
    );
  });
});
