import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import sampleShader from '../../shaders/rollout/sample.wgsl';
import { openHeadless } from '../../src/cli/headless.ts';
import { lossLives, noRows, policyLoss, rowStats } from '../../src/engine/ops/policy_loss.ts';
import { Optimizer, readReport } from '../../src/engine/optimizer.ts';
import { tokenStats } from '../../src/engine/rollout/tokenStats.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { live } from '../../src/gpu/program.ts';
import { keyOf } from '../../src/lib/philox.ts';
import { cases as adamwEmaCases } from '../cases/adamw_ema.ts';
import type { Case } from '../cases/case.ts';
import { cases as gradNormCases } from '../cases/grad_norm.ts';
import { cases as policyLossCases } from '../cases/policy_loss.ts';
import { cases as sampleCases } from '../cases/sample.ts';
import { createRandom } from '../reference/random.ts';
import { agree, finish, open } from './agree.ts';
import { configFor, cut, layoutFor, Workbench } from './workbench.ts';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

/** Rows of [rows, vocabulary] at a stride of whole vec4s; the columns between hold NaN, as nobody may read them. */
function strided(logits: Float32Array, vocabulary: number): Float32Array<ArrayBuffer> {
  const rows = logits.length / vocabulary;
  const stride = 4 * Math.ceil(vocabulary / 4);
  const all = new Float32Array(rows * stride).fill(NaN);
  for (let r = 0; r < rows; r++) all.set(logits.subarray(r * vocabulary, (r + 1) * vocabulary), r * stride);
  return all;
}

describe('policy_loss', () => {
  const lossCases: readonly Case[] = policyLossCases;
  // Rows of the batch before and behind this micro-batch.
  const [before, behind] = [5, 3];

  /** @param others whether the logits of reference and anchor are there */
  async function run(c: Case, others: boolean): Promise<void> {
    const { size, floats, words, expected, agree: agreeWith } = open(c);
    const [rows, vocabulary] = [size('rows'), size('vocabulary')];
    const stride = 4 * Math.ceil(vocabulary / 4);
    const { floats: width, at } = rowStats;
    const bench = new Workbench(gpu, kernels, configFor({ vocab_size: vocabulary }), layoutFor(4));
    const own = strided(floats('logits'), vocabulary);
    const reference = strided(floats('refLogits'), vocabulary);
    const anchor = strided(floats('anchorLogits'), vocabulary);
    const logits = bench.input('logits', Float32Array.from([...own, ...reference, ...anchor]));
    const advantages = floats('advantages');
    const weights = floats('weights');
    const terms = Float32Array.from(
      { length: 2 * rows },
      (_, i) => (i % 2 === 0 ? advantages : weights)[i >> 1] ?? NaN,
    );
    const first = !('oldLogProbs' in c.inputs);
    const old = new Float32Array(before + rows + behind).fill(NaN);
    if (!first) old.set(floats('oldLogProbs'), before);
    const old_log_prob = bench.input('old log-probability', old);
    const stats = bench.output('stats', width * old.length);
    const lives = {
      ...lossLives(),
      reference_row: live(others ? rows : noRows),
      anchor_row: live(others ? 2 * rows : noRows),
      batch_row: live(before),
      first_update: live(first ? 1 : 0),
      inverse_temperature: live(1 / size('temperature')),
      clip_low: live(size('clipLow')),
      clip_high: live(size('clipHigh')),
      kl_coefficient: live(size('klCoefficient')),
      entropy_bonus: live(size('entropyBonus')),
    };
    policyLoss(bench.recorder, live(rows), lives, {
      logits,
      target_token: bench.input('target', words('targets')),
      terms: bench.input('terms', terms),
      old_log_prob,
      stats,
    });
    expect(await bench.run()).toBe(1);
    expect(bench.threads()).toEqual({ 'ops/policy_loss.forward_backward': rows });

    const after = await finish(bench);
    const gradient = after.floats(logits);
    agreeWith('dlogits', cut(gradient, stride, rows, { width: vocabulary }));
    const padding = cut(gradient, stride, rows, { from: vocabulary, width: stride - vocabulary });
    expect(padding.every((value) => value === 0)).toBe(true);
    expect([...gradient.subarray(rows * stride)]).toEqual([...reference, ...anchor]);

    const values = after.floats(stats);
    const column = (name: keyof typeof at) =>
      cut(values, width, rows, { first: before, from: at[name], width: 1 });
    const trained = (of: Float64Array) => of.map((value, r) => (weights[r] === 0 ? 0 : value));
    const logProb = expected('logProb');
    const logRatio = (r: number) =>
      Math.min(20, Math.max(-20, (logProb[r] ?? NaN) - (old[before + r] ?? NaN)));
    const wanted = {
      loss: expected('loss'),
      log_prob: logProb,
      entropy: expected('entropy'),
      clipped: expected('clipped'),
      k3_reference: others ? expected('klReference') : new Float64Array(rows),
      k3_anchor: others ? expected('klAnchor') : new Float64Array(rows),
      ratio: Float64Array.from({ length: rows }, (_, r) => (first ? 1 : Math.exp(logRatio(r)))),
      trained: new Float64Array(rows).fill(1),
    };
    expect(Object.keys(wanted)).toEqual(Object.keys(at));
    for (const name of Object.keys(at) as (keyof typeof at)[]) {
      agree(name, column(name), trained(wanted[name]), c.tolerance);
    }
    const outside = [...values.subarray(0, width * before), ...values.subarray(width * (before + rows))];
    expect(outside.every(Number.isNaN)).toBe(true);
    // The first update leaves the log-probabilities that later ones compare with; later ones leave them alone.
    const kept = cut(after.floats(old_log_prob), 1, rows, { first: before });
    if (first)
      agree(
        'old',
        kept.map((value, r) => (weights[r] === 0 ? 0 : value)),
        trained(logProb),
        c.tolerance,
      );
    else expect([...kept]).toEqual([...floats('oldLogProbs')]);
  }

  test.each(lossCases)('$name', (c) => run(c, true));

  const alone = lossCases.filter(({ sizes }) => sizes.klCoefficient === 0);
  test.each(alone)('$name, without reference and anchor', (c) => run(c, false));
});

describe('sample', () => {
  const length = 5;
  const endToken = 2;

  /** @param done rows that ended before, of a case's rows */
  async function run(c: Case, temperature: number, done: (row: number) => boolean) {
    const { size, floats, words } = open(c);
    const [rows, vocabulary, position] = [size('rows'), size('vocabulary'), size('position')];
    const bench = new Workbench(gpu, kernels, configFor({ vocab_size: vocabulary }), layoutFor(4));
    const { program } = bench.recorder;
    const how = new Uint32Array(4 * rows);
    const temperatures = new Float32Array(how.buffer);
    words('rollouts').forEach((rollout, r) => {
      temperatures[4 * r] = temperature;
      how.set([rollout, size('purpose')], 4 * r + 1);
    });
    const tensors = {
      logits: bench.input('logits', strided(floats('logits'), vocabulary)),
      sampler_of: bench.input('sampler', how),
      token: bench.output('token', rows * length),
      stats: bench.output('stats', tokenStats.floats * rows * length),
      current: bench.input('current', new Uint32Array(rows).fill(77)),
      done: bench.input(
        'done',
        Uint32Array.from({ length: rows }, (_, r) => (done(r) ? 1 : 0)),
      ),
    };
    const [seed_low, seed_high] = keyOf(size('seed'));
    program.dispatch(
      kernels.get(sampleShader),
      tensors,
      {
        rows,
        vocab: vocabulary,
        stride4: Math.ceil(vocabulary / 4),
        position,
        max_length: length,
        end_token: endToken,
        step: size('step'),
        seed_low,
        seed_high,
      },
      rows,
    );
    await bench.run();
    const after = await finish(bench);
    const at = { from: position, width: 1 };
    const [token, stats] = [after.words(tensors.token), after.floats(tensors.stats)];
    // Other positions are another dispatch's business.
    expect(stats.filter((value) => !Number.isNaN(value)).length).toBe(tokenStats.floats * rows);
    return {
      tokens: Array.from({ length: rows }, (_, r) => token[r * length + at.from] ?? NaN),
      stats: (name: keyof typeof tokenStats.at) =>
        cut(stats, tokenStats.floats * length, rows, {
          from: tokenStats.floats * position + tokenStats.at[name],
          width: 1,
        }),
      current: [...after.words(tensors.current)],
      done: [...after.words(tensors.done)],
    };
  }

  test.each(sampleCases)('$name', async (c) => {
    const { size, expected, agree: agreeWith } = open(c);
    const drawn = await run(c, size('temperature'), () => false);
    const tokens = [...expected('tokens')];
    expect(drawn.tokens).toEqual(tokens);
    expect(drawn.current).toEqual(tokens);
    expect(drawn.done).toEqual(tokens.map((token) => (token === endToken ? 1 : 0)));
    agreeWith('logProb', drawn.stats('log_prob'));
    agreeWith('entropy', drawn.stats('entropy'));
    agreeWith('selfCertainty', drawn.stats('self_certainty'));

    const greedy = await run(c, 0, () => false);
    expect(greedy.tokens).toEqual([...expected('greedy')]);
    if (size('temperature') === 1) agreeWith('entropy', greedy.stats('entropy'));
  });

  test.each(sampleCases)('$name, where every third rollout has ended', async (c) => {
    const { size, expected } = open(c);
    const ended = (row: number) => row % 3 === 0;
    const { tokens, stats, current, done } = await run(c, size('temperature'), ended);
    const drawn = [...expected('tokens')];
    expect(tokens).toEqual(drawn.map((token, r) => (ended(r) ? endToken : token)));
    expect(current).toEqual(drawn.map((token, r) => (ended(r) ? 77 : token)));
    expect(done).toEqual(drawn.map((token, r) => (ended(r) || token === endToken ? 1 : 0)));
    expect([...stats('log_prob')].filter((_, r) => ended(r)).every((value) => value === 0)).toBe(true);
  });
});

/** A gradient as ordered parts that add up to it. */
function partsOf(gradient: Float32Array, splits: number, size: number): Float32Array<ArrayBuffer> {
  const random = createRandom(61);
  const parts = new Float32Array(splits * size);
  gradient.forEach((value, i) => {
    let rest = value;
    for (let part = 1; part < splits; part++) {
      const share = Math.fround(0.1 * value * random.normal());
      parts[part * size + i] = share;
      rest -= share;
    }
    parts[i] = rest;
  });
  return parts;
}

/** Whole vec4s, zero behind the end. */
function wholeVec4s(values: Float32Array): Float32Array<ArrayBuffer> {
  const all = new Float32Array(4 * Math.ceil(values.length / 4));
  all.set(values);
  return all;
}

const adam = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxNorm: 1 };

/** An optimiser over `size` floats with fresh moments. */
function optimizerBench(policy: Float32Array, anchor: Float32Array, matrixFloats: number) {
  const size = 4 * Math.ceil(policy.length / 4);
  const bench = new Workbench(gpu, kernels, configFor({}), layoutFor(size, { matrixFloats }));
  bench.load('policy', 0, wholeVec4s(policy));
  bench.load('anchor', 0, wholeVec4s(anchor));
  const { parameters } = bench.recorder;
  const { m, v, partials, splits } = parameters.policy;
  bench.write(m, new Float32Array(size));
  bench.write(v, new Float32Array(size));
  const optimizer = new Optimizer(bench.recorder, bench.buffers, parameters.policy, parameters.anchor);
  const setGradient = (gradient: Float32Array) => bench.write(partials, partsOf(gradient, splits, size));
  const slab = (values: Float32Array, model: number) =>
    values.subarray(model * size, model * size + policy.length);
  return { bench, optimizer, setGradient, slab, size };
}

describe('grad_norm', () => {
  test.each(gradNormCases)('$name', async (c) => {
    const { size, floats, agree: agreeWith, expected } = open(c);
    const gradient = floats('gradient');
    const { bench, optimizer, setGradient, slab } = optimizerBench(gradient, gradient, 0);
    setGradient(gradient);
    // β1 0 and a learning rate of 0: m is then the clipped gradient and nothing moves.
    optimizer.set({
      ...adam,
      update: 1,
      learningRate: 0,
      beta1: 0,
      maxNorm: size('maxNorm'),
      anchorMomentum: null,
    });
    expect(await bench.run()).toBe(2);
    expect(Object.values(bench.threads())).toEqual([64 * optimizer.blocks, 64 * optimizer.blocks]);
    expect(optimizer.blocks).toBeLessThanOrEqual(256);
    const { gradient: sum, m, slabs } = bench.recorder.parameters.policy;
    const after = await finish(bench, [[0, gradient.length + 3]]);
    agree('gradient', slab(after.floats(sum), 0), gradient, c.tolerance);
    const { gradNorm } = readReport(after.floats(optimizer.report).buffer);
    agreeWith('norm', [gradNorm]);
    const factor = expected('clipFactor')[0] ?? NaN;
    agree(
      'clipped',
      slab(after.floats(m), 0),
      gradient.map((value) => factor * value),
      c.tolerance,
    );
    expect([...slab(after.floats(slabs), 0)]).toEqual([...gradient]);
  });
});

describe('adamw_ema', () => {
  test.each(adamwEmaCases)('$name', async (c) => {
    const { size, floats, agree: agreeWith, expected } = open(c);
    const count = size('size');
    const matrices = floats('decays').reduce((sum, value) => sum + value, 0);
    const policy = floats('policy');
    const { bench, optimizer, setGradient, slab } = optimizerBench(
      policy,
      floats('anchor'),
      4 * Math.ceil(matrices / 4),
    );
    for (let step = 1; step <= size('steps'); step++) {
      optimizer.set({
        update: step,
        learningRate: size('learningRate'),
        beta1: size('beta1'),
        beta2: size('beta2'),
        epsilon: size('eps'),
        weightDecay: size('weightDecay'),
        maxNorm: size('maxNorm'),
        anchorMomentum: size('anchorMomentum'),
      });
      setGradient(floats('gradients').subarray((step - 1) * count, step * count));
      if (step === 1) await bench.run();
      else bench.replay();
    }
    const { m, v, slabs } = bench.recorder.parameters.policy;
    const after = await finish(bench, [[0, count + 3]]);
    agreeWith('policy', slab(after.floats(slabs), 0));
    agreeWith('anchor', slab(after.floats(slabs), 1));
    agreeWith('m', slab(after.floats(m), 0));
    agreeWith('v', slab(after.floats(v), 0));
    const { gradNorm, anchorDistance } = readReport(after.floats(optimizer.report).buffer);
    agree('norm', [gradNorm], expected('norms').slice(-1), c.tolerance);
    const apart = expected('policy').map((value, i) => value - (expected('anchor')[i] ?? NaN));
    agree(
      'distance',
      [anchorDistance],
      [Math.hypot(...apart) / Math.hypot(...expected('policy'))],
      c.tolerance,
    );
    if (size('anchorMomentum') === 1) expect(slab(after.floats(slabs), 1)).toEqual(floats('anchor'));
    if (size('anchorMomentum') === 0)
      expect(slab(after.floats(slabs), 1)).toEqual(slab(after.floats(slabs), 0));
  });

  test.each([NaN, Infinity, 1e30])(
    'a gradient with %d in it changes nothing and reports no finite norm',
    async (bad) => {
      const policy = Float32Array.from({ length: 999 }, (_, i) => Math.sin(i));
      const anchor = policy.map((value) => value / 2);
      const { bench, optimizer, setGradient, slab, size } = optimizerBench(policy, anchor, 500);
      setGradient(Float32Array.from({ length: 999 }, (_, i) => (i === 700 ? bad : 0.1)));
      optimizer.set({ ...adam, update: 1, anchorMomentum: 0.5 });
      await bench.run();
      const { m, v, slabs } = bench.recorder.parameters.policy;
      const after = await finish(bench, [[0, size]]);
      expect(slab(after.floats(slabs), 0)).toEqual(policy);
      expect(slab(after.floats(slabs), 1)).toEqual(anchor);
      expect([...after.floats(m), ...after.floats(v)].every((value) => value === 0)).toBe(true);
      expect(readReport(after.floats(optimizer.report).buffer).gradNorm).not.toSatisfy(Number.isFinite);
    },
  );

  test('without momentum the anchor is left alone', async () => {
    const policy = Float32Array.from({ length: 99 }, (_, i) => Math.sin(i));
    const anchor = policy.map((value) => value / 2);
    const { bench, optimizer, setGradient, slab } = optimizerBench(policy, anchor, 40);
    setGradient(policy);
    optimizer.set({ ...adam, update: 1, anchorMomentum: null });
    await bench.run();
    const after = await finish(bench, [[0, 100]]);
    const { slabs } = bench.recorder.parameters.policy;
    expect(slab(after.floats(slabs), 0)).not.toEqual(policy);
    expect(slab(after.floats(slabs), 1)).toEqual(anchor);
  });
});
