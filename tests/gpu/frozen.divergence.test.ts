import { afterAll, beforeAll, expect, test } from 'vitest';
import divergence from '../../shaders/frozen/divergence.wgsl';
import { openHeadless } from '../../src/cli/headless.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { Divergence } from '../../src/engine/frozen/divergence.ts';
import { FrozenEngine } from '../../src/engine/frozen/engine.ts';
import { paddedWidth } from '../../src/engine/frozen/matrix.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { openPretrained } from '../../src/model/pretrained/pretrained.ts';
import { tinyFolder, tinyModels } from '../fixtures/elsewhere.ts';
import { distribution } from '../reference/log_softmax.ts';
import { createRandom } from '../reference/random.ts';
import { agree, finish } from './agree.ts';
import { configFor, layoutFor, Workbench } from './workbench.ts';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

test.each([1, 3, 1031, 151_936])('KL of two rows of %i logits', async (vocab) => {
  const on = new Workbench(gpu, kernels, configFor({}), layoutFor(4));
  const [rows, temperature, stride] = [5, 0.7, paddedWidth(vocab)];
  const random = createRandom(11);
  const [p, q] = [2, 2].map((spread) => Float32Array.from(random.normals(rows * vocab, spread))) as [
    Float32Array<ArrayBuffer>,
    Float32Array<ArrayBuffer>,
  ];
  // One row is its own other, one is sure of what the other hardly ever says.
  q.set(p.subarray(0, vocab));
  p[2 * vocab - 1] = 30;
  q[2 * vocab - 1] = -20;
  const given = (logits: Float32Array) => {
    const all = new Float32Array(rows * stride).fill(1e9);
    for (let r = 0; r < rows; r++) all.set(logits.subarray(r * vocab, (r + 1) * vocab), r * stride);
    return all;
  };
  const kl = on.output('kl', rows);
  on.program.dispatch(
    kernels.get(divergence),
    { logits: on.input('p', given(p)), other: on.input('q', given(q)), kl },
    { rows, vocab, stride4: stride / 4, inverse_temperature: 1 / temperature },
    256 * rows,
  );
  await on.run();
  const { floats } = await finish(on);
  const expected = Float64Array.from({ length: rows }, (_, r) => {
    const [a, b] = [distribution(p, r, vocab, temperature), distribution(q, r, vocab, temperature)];
    return a.logProbs.reduce((sum, value, j) => sum + Math.exp(value) * (value - (b.logProbs[j] ?? NaN)), 0);
  });
  expect(expected[0]).toBe(0);
  // 65 nats apart where the row is sure: an f32 there has steps of 8e-6.
  agree('KL', floats(kl), expected, 3e-5);
});

async function open(name: (typeof tinyModels)[number]): Promise<FrozenEngine> {
  const folder = pretrainedFolder(tinyFolder(name));
  const model = await openPretrained(folder);
  const capacity = {
    completions: 8,
    passRows: 16,
    promptTokens: 32,
    maxPromptLength: 32,
    maxCompletionLength: 8,
  };
  const engine = new FrozenEngine(gpu, kernels, model, capacity, 'file');
  await Promise.all([kernels.compile(), engine.load()]);
  folder.close();
  return engine;
}

test('two models of one vocabulary: 0 of a model to itself, and more to another', async () => {
  const texts = [
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    [4000, 12, 7],
    Array.from({ length: 30 }, (_, i) => 100 * i),
  ];
  const [own, twin, other] = [
    await open('tiny-qwen3'),
    await open('tiny-qwen3'),
    await open('tiny-qwen3-untied'),
  ];
  const of = async (q: FrozenEngine) => {
    const between = new Divergence(gpu, kernels, own, q);
    await kernels.compile();
    const all = await between.of(texts);
    between.destroy();
    return all;
  };
  const same = await of(twin);
  expect(same.map(({ length }) => length)).toEqual(texts.map(({ length }) => length - 1));
  for (const each of same) for (const kl of each) expect(Math.abs(kl)).toBeLessThan(1e-6);
  for (const each of await of(other)) for (const kl of each) expect(kl).toBeGreaterThan(0.01);
  for (const engine of [own, twin, other]) engine.destroy();
});

test('two vocabularies are no pair', async () => {
  const [own, other] = [await open('tiny-qwen3'), await open('tiny-qwen2')];
  expect(() => new Divergence(gpu, kernels, own, other)).toThrow('One model has 4099 tokens, the other 2053');
  own.destroy();
  other.destroy();
});
