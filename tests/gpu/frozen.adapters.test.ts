import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { FrozenEngine } from '../../src/engine/frozen/engine.ts';
import { needOf, type FrozenCapacity } from '../../src/engine/frozen/sizes.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { adaptable, openAdapter, type Adapter } from '../../src/model/pretrained/adapter.ts';
import { openPretrained, type Pretrained } from '../../src/model/pretrained/pretrained.ts';
import { adapterFolder, besideFolder, notBeside, tinyFolder } from '../fixtures/elsewhere.ts';
import { merged, startFactors } from '../fixtures/lora.ts';
import { agree } from './agree.ts';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
const opened: (() => void)[] = [];
afterAll(() => {
  gpu.device.destroy();
  for (const close of opened) close();
});

/** Of a correct f32 implementation. */
const tolerance = 2e-4;

const capacity: FrozenCapacity = {
  completions: 24,
  passRows: 40,
  promptTokens: 96,
  maxPromptLength: 64,
  maxCompletionLength: 64,
  adapters: { slots: 3, rank: 4, targets: adaptable },
};

interface Opened {
  readonly engine: FrozenEngine;
  readonly model: Pretrained;
  readonly adapter: Adapter;
}

/** A model, and its adapter in slot 1. @param room of adapters; null: none at all */
async function open(path: string, adapterPath: string, room = capacity): Promise<Opened> {
  const [folder, beside] = [pretrainedFolder(path), pretrainedFolder(adapterPath)];
  const model = await openPretrained(folder);
  const adapter = await openAdapter(beside, model.names);
  const engine = new FrozenEngine(gpu, kernels, model, room, 'file');
  await Promise.all([kernels.compile(), engine.load()]);
  if (room.adapters !== undefined) await engine.loadAdapter(1, adapter);
  opened.push(folder.close, beside.close);
  return { engine, model, adapter };
}

const { adapters: _, ...withoutRoom } = capacity;

/** One whose numbers are those of another with a scale of its own. */
const scaled = (adapter: Adapter, scale: number): Adapter => ({
  ...adapter,
  config: { ...adapter.config, scale },
});

interface Answers {
  readonly sequences: readonly {
    readonly ids: readonly number[];
    readonly log_probs: readonly number[];
    readonly entropies: readonly number[];
    readonly logits_last: readonly number[];
  }[];
  readonly batch: {
    readonly prompts: readonly (readonly number[])[];
    readonly completions: readonly (readonly (readonly number[])[])[];
    readonly old_log_probs: readonly (readonly (readonly number[])[])[];
    readonly reference_log_probs: readonly (readonly (readonly number[])[])[];
  };
}

const folders = [
  ['tiny-qwen3', () => tinyFolder('tiny-qwen3'), () => adapterFolder],
  ['stories260K', () => besideFolder('stories260K'), () => besideFolder('lora/stories260K')],
] as const;

describe.each(folders)('an adapter of %s', (_name, basePath, adapterPath) => {
  test('logits, log-probabilities and entropies agree with float64, and those of the base beside it', async ({
    skip,
  }) => {
    const [path, beside] = [basePath(), adapterPath()];
    if (path === null || beside === null) return skip(notBeside);
    const { sequences, batch } = JSON.parse(readFileSync(`${beside}/expected.json`, 'utf8')) as Answers;
    const { engine } = await open(path, beside);
    const scored = await engine.score(
      sequences.map(({ ids }) => ids),
      1,
      1,
    );
    sequences.forEach(({ log_probs, entropies }, i) => {
      agree('log-probabilities', scored[i]?.logProbs ?? [], log_probs, tolerance);
      agree('entropies', scored[i]?.entropies ?? [], entropies, tolerance);
    });
    // Completions of a batch, with the adapter and without.
    const texts = batch.prompts.flatMap((prompt, p) =>
      (batch.completions[p] ?? []).map((completion) => [...prompt, ...completion]),
    );
    for (const [slot, wanted] of [
      [1, batch.old_log_probs],
      [undefined, batch.reference_log_probs],
    ] as const) {
      const figures = await engine.score(texts, 1, slot);
      wanted.flat().forEach((of, i) => {
        agree('log-probabilities', figures[i]?.logProbs.slice(-of.length) ?? [], of, tolerance);
      });
    }
    engine.destroy();
  });
});

test('without a slot, and at scale 0, the base is computed bit for bit; with room for adapters or not', async () => {
  const path = tinyFolder('tiny-qwen3');
  const bare = await open(path, adapterFolder, withoutRoom);
  const { engine, adapter } = await open(path, adapterFolder);
  await engine.loadAdapter(0, scaled(adapter, 0));
  const texts = [[1, 2, 3, 4000, 17], Array.from({ length: 50 }, (_, i) => 37 * i)];
  const wanted = await bare.engine.score(texts);
  expect(await engine.score(texts)).toEqual(wanted);
  expect(await engine.score(texts, 1, 0)).toEqual(wanted);
  expect(await engine.score(texts, 1, 1)).not.toEqual(wanted);
  const how = { seed: 9, ends: [], maxTokens: 16 };
  const requests = [0, 1].map((prompt) => ({ prompt, temperature: 1, completion: 3, stream: prompt }));
  const base = await bare.engine.complete(texts, requests, how);
  const through = (slot: number) => requests.map((request) => ({ ...request, adapter: slot }));
  expect(await engine.complete(texts, through(0), how)).toEqual(base);
  expect(await engine.complete(texts, through(1), how)).not.toEqual(base);
  bare.engine.destroy();
  engine.destroy();
});

test('completions of several adapters and of none share a call: each as it would be alone', async () => {
  const { engine, adapter } = await open(tinyFolder('tiny-qwen3'), adapterFolder);
  await engine.loadAdapter(2, scaled(adapter, -3));
  const prompts = [[7], [1950, 3, 44, 5, 2000, 9, 12]];
  const requests = [undefined, 1, 2].flatMap((slot) =>
    prompts.flatMap((_, prompt) =>
      [0, 1].map((completion) => ({
        prompt,
        temperature: 1.2,
        completion,
        stream: prompt,
        ...(slot === undefined ? {} : { adapter: slot }),
      })),
    ),
  );
  const how = { seed: 5, ends: [], maxTokens: 12 };
  const together = await engine.complete(prompts, requests, how);
  expect(new Set(together.map(({ tokens }) => tokens.join())).size).toBe(requests.length);
  for (const [i, request] of requests.entries()) {
    const [alone] = await engine.complete([prompts[request.prompt] ?? []], [{ ...request, prompt: 0 }], how);
    expect(alone).toEqual(together[i]);
  }
  // What was sampled is what scoring says, whatever the slot.
  for (const [i, { prompt, adapter: slot }] of requests.entries()) {
    const text = [...(prompts[prompt] ?? []), ...(together[i]?.tokens ?? [])];
    const [scored] = await engine.score([text], 1.2, slot);
    agree('log-probabilities', together[i]?.logProbs ?? [], scored?.logProbs.slice(-12) ?? [], tolerance);
  }
  engine.destroy();
});

test('an adapter beside the weights is the adapter merged into them', async () => {
  const { engine, model, adapter } = await open(tinyFolder('tiny-qwen3'), adapterFolder);
  const weights = merged(startFactors);
  const inMemory: Pretrained = {
    ...model,
    weights: new Map(
      [...model.weights].map(([name, tensor]) => {
        const values = Float32Array.from(weights.get(name) ?? []);
        const read = (first: number, end: number) =>
          Promise.resolve(new Uint8Array(values.slice(first, end).buffer));
        return [name, { ...tensor, type: 'F32' as const, read }];
      }),
    ),
  };
  const mergedEngine = new FrozenEngine(gpu, kernels, inMemory, withoutRoom, 'file');
  await Promise.all([kernels.compile(), mergedEngine.load()]);
  const texts = [[1, 2, 3, 4000, 17], Array.from({ length: 50 }, (_, i) => 37 * i)];
  const [ours, theirs] = [await engine.score(texts, 1, 1), await mergedEngine.score(texts)];
  ours.forEach(({ logProbs, entropies }, i) => {
    agree('log-probabilities', logProbs, theirs[i]?.logProbs ?? [], tolerance);
    agree('entropies', entropies, theirs[i]?.entropies ?? [], tolerance);
  });
  expect(adapter.config.scale).toBe(2);
  mergedEngine.destroy();
  engine.destroy();
});

test('a slot without adapter, and an engine without room, are refused', async () => {
  const { engine } = await open(tinyFolder('tiny-qwen3'), adapterFolder);
  await expect(engine.score([[1, 2]], 1, 2)).rejects.toThrow('Slot 2 holds no adapter; the engine has 3');
  engine.destroy();
  const bare = await open(tinyFolder('tiny-qwen3'), adapterFolder, withoutRoom);
  await expect(bare.engine.score([[1, 2]], 1, 0)).rejects.toThrow('no room for adapters');
  await expect(bare.engine.loadAdapter(0, bare.adapter)).rejects.toThrow('no room for adapters');
  bare.engine.destroy();
});

test('what is announced is what is taken, adapters too', async () => {
  const { engine, model } = await open(tinyFolder('tiny-qwen3'), adapterFolder);
  const { totalBytes, adapterBytes } = needOf(model, 'file', capacity);
  // Three adapters of 5,152 numbers, and of 40 rows the slot and twelve numbers between factors.
  expect(adapterBytes).toBe(4 * (3 * 5152 + 40 * 2 + 40 * 12));
  expect(engine.sizeBytes - totalBytes).toBeGreaterThan(0);
  expect(engine.sizeBytes - totalBytes).toBeLessThan(2 ** 16);
  engine.destroy();
});
