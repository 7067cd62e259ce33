import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { attentionBackward, attentionForward } from '../../src/engine/ops/attention.ts';
import { embedBackward, embedForward } from '../../src/engine/ops/embed.ts';
import { matmulForward } from '../../src/engine/ops/matmul.ts';
import { qkNormRopeBackward, qkNormRopeForward, ropeTable } from '../../src/engine/ops/qk_norm_rope.ts';
import { rmsNormBackward } from '../../src/engine/ops/rms_norm.ts';
import { activationTypes, padRows } from '../../src/engine/plan.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { live } from '../../src/gpu/program.ts';
import { cases as attentionCases } from '../cases/attention.ts';
import { cases as embedCases } from '../cases/embed.ts';
import { cases as qkNormRopeCases } from '../cases/qk_norm_rope.ts';
import { cases as rmsNormCases } from '../cases/rms_norm.ts';
import { finish, noF16, open } from './agree.ts';
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
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

describe.each(activationTypes)('rms_norm with activations in %s', (activations) => {
  test.for(rmsNormCases)('$name', async (c, { skip }) => {
    skip(activations === 'f16' && !gpu.hasF16, noF16);
    const { size, floats, agree, agreeStored } = open(c, activations);
    const [rows, hidden] = [size('rows'), size('hidden')];
    const block = padRows(rows);
    const [gain, identity] = [4, 8 + hidden];
    const bench = new Workbench(
      gpu,
      kernels,
      configFor({ hidden_size: hidden, rms_norm_eps: size('eps') }),
      layoutFor(identity + hidden * hidden + 4),
      { activations },
    );
    const { recorder: r } = bench;
    bench.weight(gain, floats('gain'), alike);
    bench.weight(
      identity,
      Float32Array.from({ length: hidden * hidden }, (_, i) => (i % (hidden + 1) === 0 ? 1 : 0)),
      alike,
    );
    const x = bench.activationInput('x', padded(floats('x'), rows));
    const y = bench.activations('y', block * hidden);
    const rstd = bench.output('rstd', block);
    // The forward norm lives in the product behind it: with the identity as weight the product is the norm.
    matmulForward(r, bench.space(rows, 1), { offset: identity, n: hidden, k: hidden, gain }, { x, y, rstd });
    const of = gradientRows(bench, block);
    const dy = bench.input('dy', padded(floats('dy'), rows));
    const dx = bench.output('dx', block * hidden);
    const past = floats('dy').map((value) => 0.5 - value);
    const added = bench.input('dx with a stream past the norm', padded(past, rows));
    rmsNormBackward(r, of, { gain, dy, x, rstd, dx, fresh: true });
    rmsNormBackward(r, { ...of, accumulate: live(1) }, { gain, dy, x, rstd, dx: added });
    expect(await bench.run()).toBe(3);
    expect(bench.threads()).toMatchObject({
      'ops/rms_norm.backward': 64 * Math.ceil((r.parameters.policy.splits * hidden) / 256) + block,
    });
    const after = await finish(bench, [[gain, hidden]]);
    agreeStored('y', cut(after.floats(y), hidden, rows));
    agree('rstd', cut(after.floats(rstd), 1, rows));
    agree('dx', cut(after.floats(dx), hidden, rows));
    agree(
      'dx',
      cut(after.floats(added), hidden, rows).map((value, i) => value - (past[i] ?? NaN)),
    );
    agree('dgain', after.gradient(gain, hidden), 2);
    expect(after.floats(dx).every(Number.isFinite)).toBe(true);
  });
});

describe.each(activationTypes)('embed with activations in %s', (activations) => {
  test.for(embedCases)('$name', async (c, { skip }) => {
    skip(activations === 'f16' && !gpu.hasF16, noF16);
    const { size, floats, words, agree, agreeStored } = open(c, activations);
    const [rows, vocabulary, hidden] = [size('rows'), size('vocabulary'), size('hidden')];
    const block = padRows(rows);
    const embedding = 8;
    const bench = new Workbench(
      gpu,
      kernels,
      configFor({ hidden_size: hidden, vocab_size: vocabulary }),
      layoutFor(embedding + vocabulary * hidden + 4, { embedding }),
      { activations },
    );
    const { recorder: r } = bench;
    bench.weight(embedding, floats('table'), scales);
    const token = new Uint32Array(3 * block);
    for (let model = 0; model < 3; model++) token.set(words('tokens'), model * block);
    const tokens = bench.input('token', token);
    const x = bench.activations('x', 3 * block * hidden);
    embedForward(r, bench.space(rows), tokens, x);
    const of = gradientRows(bench, block);
    const dx = bench.input('dx', padded(floats('dx'), rows));
    embedBackward(r, of, tokens, dx);
    // A tied embedding adds to what the head has written.
    embedBackward({ ...r, config: { ...r.config, tie_word_embeddings: true } }, of, tokens, dx);
    expect(await bench.run()).toBe(3);
    expect(bench.threads()).toEqual({
      'ops/embed.forward': (3 * block * hidden) / 4,
      'ops/embed.backward': (r.parameters.policy.splits * vocabulary * hidden) / 4,
    });
    const after = await finish(bench, [[embedding, vocabulary * hidden]]);
    factors.forEach((factor, model) => {
      agreeStored('x', cut(after.floats(x), hidden, rows, { first: model * block }), factor);
    });
    agree('dtable', after.gradient(embedding, vocabulary * hidden), 2);
    expect(after.floats(x).every(Number.isFinite)).toBe(true);
  });
});

describe.each(activationTypes)('qk_norm_rope with activations in %s', (activations) => {
  test.for(qkNormRopeCases)('$name', async (c, { skip }) => {
    skip(activations === 'f16' && !gpu.hasF16, noF16);
    const { size, floats, words, agree, agreeStored } = open(c, activations);
    const [rows, heads, keyHeads, D] = [size('rows'), size('heads'), size('keyValueHeads'), size('headDim')];
    const block = padRows(rows);
    const [queryNorm, keyNorm] = [4, 8 + D];
    const layer = {
      ...{ inputNorm: 0, qkv: 0, output: 0, postAttentionNorm: 0, gateUp: 0, down: 0 },
      queryNorm,
      keyNorm,
    };
    const config = configFor({
      num_attention_heads: heads,
      num_key_value_heads: keyHeads,
      head_dim: D,
      rms_norm_eps: size('eps'),
      rope_theta: size('theta'),
    });
    const bench = new Workbench(gpu, kernels, config, layoutFor(keyNorm + D + 4), { activations });
    const { recorder: r } = bench;
    bench.weight(queryNorm, floats('qGain'), scales);
    bench.weight(keyNorm, floats('kGain'), scales);
    const positions = words('positions');
    const rope = bench.input('rope', ropeTable(config, Math.max(...positions) + 1));
    const qkv = bench.activationInput('qkv', padded(floats('qkv'), rows, 3));
    const q = bench.activations('q', 3 * block * heads * D);
    // Keys and values go to every second row of their caches; the rows between must stay as they are.
    const place = { stride: 2, offset: 1 };
    const cache = 3 * block * place.stride;
    const k = bench.activations('k', cache * keyHeads * D);
    const v = bench.activations('v', cache * keyHeads * D);
    const metaOf = (cacheRow: (row: number) => number) =>
      Uint32Array.from({ length: 12 * block }, (_, i) => {
        const row = Math.floor(i / 4);
        return [0, positions[row % block] ?? 0, cacheRow(row), 0][i % 4] ?? 0;
      });
    const forwardMeta = bench.input(
      'row meta of decoding',
      metaOf((row) => row * place.stride + place.offset),
    );
    qkNormRopeForward(r, bench.space(rows), layer, place, { qkv, row_meta: forwardMeta, rope, q, k, v });
    const of = gradientRows(bench, block);
    const dqkv = bench.output('dqkv', block * (heads + 2 * keyHeads) * D);
    qkNormRopeBackward(r, of, layer, {
      qkv,
      row_meta: bench.input(
        'row meta of training',
        metaOf((row) => row),
      ),
      rope,
      dq: bench.input('dq', padded(floats('dq'), rows)),
      dk: bench.input('dk', padded(floats('dk'), rows)),
      dv: bench.input('dv', padded(floats('dv'), rows)),
      dqkv,
    });
    expect(await bench.run()).toBe(3);
    const all = heads + 2 * keyHeads;
    expect(bench.threads()).toEqual({
      'ops/qk_norm_rope.forward': 3 * block * all,
      'ops/qk_norm_rope.backward': block * all,
      'ops/qk_norm_rope.backward_gain': r.parameters.policy.splits * 2 * (D / 4),
    });
    const after = await finish(bench, [
      [queryNorm, D],
      [keyNorm, D],
    ]);
    factors.forEach((factor, model) => {
      const first = model * block;
      agreeStored('q', cut(after.floats(q), heads * D, rows, { first }), factor);
      const cached = { first, from: place.offset * keyHeads * D, width: keyHeads * D };
      agreeStored('k', cut(after.floats(k), place.stride * keyHeads * D, rows, cached), factor);
      agreeStored('v', cut(after.floats(v), place.stride * keyHeads * D, rows, cached));
    });
    for (const tensor of [k, v]) {
      const between = cut(after.floats(tensor), place.stride * keyHeads * D, 3 * block, {
        width: keyHeads * D,
      });
      expect(between.every(Number.isNaN), tensor.label).toBe(true);
    }
    agree('dqkv', cut(after.floats(dqkv), all * D, rows));
    agree('dqGain', after.gradient(queryNorm, D));
    agree('dkGain', after.gradient(keyNorm, D));
    expect(after.floats(dqkv).every(Number.isFinite)).toBe(true);
  });
});

describe.each(activationTypes)('attention with activations in %s', (activations) => {
  test.for(attentionCases)('$name', async (c, { skip }) => {
    skip(activations === 'f16' && !gpu.hasF16, noF16);
    const { size, floats, words, agree, agreeStored } = open(c, activations);
    const [rows, heads, keyHeads, D] = [size('rows'), size('heads'), size('keyValueHeads'), size('headDim')];
    const [prefixStart, prefixLength, ownStart] = [
      words('prefixStart'),
      words('prefixLength'),
      words('ownStart'),
    ];
    const attends = (row: number, key: number): boolean => {
      const start = prefixStart[row] ?? NaN;
      return (
        (key >= start && key < start + (prefixLength[row] ?? NaN)) ||
        (key >= (ownStart[row] ?? NaN) && key <= row)
      );
    };
    const indices = Array.from({ length: rows }, (_, row) => row);
    const meta = indices.flatMap((key) => {
      const end = 1 + Math.max(...indices.filter((row) => attends(row, key)));
      // The kernel's premise: all rows from a key to the last that attends to it do.
      expect(indices.slice(key, end).every((row) => attends(row, key))).toBe(true);
      return [prefixStart[key] ?? 0, prefixLength[key] ?? 0, ownStart[key] ?? 0, end];
    });
    const config = configFor({ num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: D });
    const bench = new Workbench(gpu, kernels, config, layoutFor(4), { activations });
    const { recorder: r } = bench;
    const q = bench.activationInput('q', floats('q'));
    const k = bench.activationInput('k', floats('k'));
    const v = bench.activationInput('v', floats('v'));
    const row_meta = bench.input('row meta', Uint32Array.from(meta));
    const out = bench.activations('out', rows * heads * D);
    const lse = bench.output('lse', rows * heads);
    attentionForward(r, live(rows), { stride: 1, offset: 0 }, { q, k, v, row_meta, out, lse });
    const dq = bench.output('dq', rows * heads * D);
    const dk = bench.output('dk', rows * keyHeads * D);
    const dv = bench.output('dv', rows * keyHeads * D);
    const delta = bench.output('delta', rows * heads);
    const dout = bench.input('dout', floats('dout'));
    attentionBackward(r, live(rows), { q, k, v, row_meta, out, lse, dout, dq, dk, dv, delta });
    expect(await bench.run()).toBe(3);
    expect(bench.threads()).toEqual({
      'ops/attention.forward': rows * heads,
      'ops/attention.backward_query': rows * heads,
      'ops/attention.backward_key': rows * keyHeads,
    });
    const after = await finish(bench);
    agreeStored('out', after.floats(out));
    agree('lse', after.floats(lse));
    // delta is taken from the rounded out: it is off by a rounding of Σ dout·out, and dq and dk by that times a key or
    // a query.
    const largest = (name: string) => Math.max(4, ...floats(name).map(Math.abs));
    agreeStored('dq', after.floats(dq), 1, largest('k'));
    agreeStored('dk', after.floats(dk), 1, largest('q'));
    agree('dv', after.floats(dv));
  });
});
