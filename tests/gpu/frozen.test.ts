import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { FrozenEngine } from '../../src/engine/frozen/engine.ts';
import type { WeightChoice } from '../../src/engine/frozen/matrix.ts';
import { needOf, widthsOf, type FrozenCapacity } from '../../src/engine/frozen/sizes.ts';
import { Buffers } from '../../src/gpu/buffer.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { Readback } from '../../src/gpu/readback.ts';
import { openFolderTokenizer, openPretrained } from '../../src/model/pretrained/pretrained.ts';
import { besideFolder, notBeside, tinyFolder, tinyModels } from '../fixtures/elsewhere.ts';
import { agree } from './agree.ts';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

/** Of a correct f32 implementation; a fifth of what the smallest mistake tried moves logits by. */
const tolerance = 2e-4;

const capacity: FrozenCapacity = {
  completions: 24,
  passRows: 40,
  promptTokens: 64,
  maxPromptLength: 48,
  maxCompletionLength: 16,
};

async function open(path: string, room: FrozenCapacity = capacity, choice: WeightChoice = 'file') {
  const folder = pretrainedFolder(path);
  const model = await openPretrained(folder);
  const engine = new FrozenEngine(gpu, kernels, model, room, choice);
  await Promise.all([kernels.compile(), engine.load()]);
  folder.close();
  return { engine, model, folder };
}

/** Logits of every row of some sequences, [rows][V]. */
async function logitsOf(
  engine: FrozenEngine,
  sequences: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const buffers = new Buffers(gpu);
  const readback = new Readback(buffers, 'logits', {
    logits: { buffer: engine.logits, bytes: engine.logits.size },
  });
  const stride = widthsOf(engine.config).logits;
  const all: Float32Array[] = [];
  for (const owners of engine.rowsOf(sequences)) {
    const encoder = gpu.device.createCommandEncoder();
    readback.copy(encoder, ['logits']);
    gpu.device.queue.submit([encoder.finish()]);
    const { logits } = await readback.take(['logits']);
    const values = new Float32Array(logits);
    all.push(...owners.map((_, row) => values.slice(row * stride, row * stride + engine.config.vocabulary)));
  }
  buffers.destroy();
  return all;
}

interface TinyAnswers {
  readonly watch: readonly number[];
  readonly sequences: readonly {
    readonly ids: readonly number[];
    readonly log_probs: readonly number[];
    readonly entropies: readonly number[];
    readonly logits_last: readonly number[];
    readonly logits_at: readonly (readonly number[])[];
  }[];
  readonly greedy: { readonly prompt_ids: readonly number[]; readonly ids: readonly number[] };
}

function answersOf(path: string): unknown {
  return JSON.parse(readFileSync(`${path}/expected.json`, 'utf8'));
}

describe.each(tinyModels)('%s', (name) => {
  const path = tinyFolder(name);
  const { watch, sequences, greedy } = answersOf(path) as TinyAnswers;

  test('logits, log-probabilities, entropies and greedy ids agree with float64, in passes of any size', async () => {
    const { engine } = await open(path);
    // The token behind the last is asked for as well: any will do.
    const longer = sequences.map(({ ids }) => [...ids, 0]);
    const logits = await logitsOf(engine, longer);
    let row = 0;
    for (const { ids, logits_at, logits_last } of sequences) {
      ids.forEach((_, i) => {
        const at = logits[row++] ?? new Float32Array();
        agree(
          `logits ${String(i)}`,
          Float32Array.from(watch, (id) => at[id] ?? NaN),
          logits_at[i] ?? [],
          tolerance,
        );
        if (i === ids.length - 1) agree('last logits', at, logits_last, tolerance);
      });
    }
    expect(logits).toHaveLength(row);
    const scored = await engine.score(sequences.map(({ ids }) => ids));
    sequences.forEach(({ log_probs, entropies }, i) => {
      agree('log-probabilities', scored[i]?.logProbs ?? [], log_probs, tolerance);
      agree('entropies', scored[i]?.entropies ?? [], entropies, tolerance);
    });
    const [completion] = await engine.complete(
      [greedy.prompt_ids],
      [{ prompt: 0, temperature: 0, completion: 0, stream: 0 }],
      { seed: 1, ends: [], maxTokens: 16 },
    );
    expect(completion?.tokens).toEqual(greedy.ids);
    engine.destroy();
  });
});

interface StoryAnswers {
  readonly greedy: {
    readonly prompt: string;
    readonly prompt_ids: number[];
    readonly ids: number[];
    readonly text: string;
  };
  readonly prompts: readonly {
    readonly text: string;
    readonly ids: number[];
    readonly logits_last: number[];
  }[];
  readonly scored: {
    readonly ids: number[];
    readonly temperatures: readonly {
      readonly temperature: number;
      readonly log_probs: number[];
      readonly entropies: number[];
    }[];
  };
}

describe.each(['stories260K', 'stories260K-bf16'])('%s, which somebody pretrained', (name) => {
  test('tells its story to the letter, and scores texts as float64 does', async ({ skip }) => {
    const path = besideFolder(name);
    if (path === null) return skip(notBeside);
    const { greedy, prompts, scored } = answersOf(path) as StoryAnswers;
    const { engine, folder } = await open(path, { ...capacity, maxCompletionLength: greedy.ids.length });
    const tokenizer = await openFolderTokenizer(folder);
    const prompt = tokenizer.encode(greedy.prompt);
    expect(prompt).toEqual(greedy.prompt_ids);
    const [completion] = await engine.complete(
      [prompt],
      [{ prompt: 0, temperature: 0, completion: 0, stream: 0 }],
      { seed: 1, ends: [], maxTokens: greedy.ids.length },
    );
    expect(completion?.tokens).toEqual(greedy.ids);
    expect(tokenizer.decode([...prompt, ...(completion?.tokens ?? [])])).toBe(greedy.text);
    const logits = await logitsOf(
      engine,
      prompts.map(({ ids }) => [...ids, 0]),
    );
    let row = -1;
    for (const { ids, logits_last } of prompts) {
      row += ids.length;
      agree('last logits', logits[row] ?? [], logits_last, tolerance);
    }
    for (const { temperature, log_probs, entropies } of scored.temperatures) {
      const [figures] = await engine.score([scored.ids], temperature);
      agree('log-probabilities', figures?.logProbs ?? [], log_probs, tolerance);
      agree('entropies', figures?.entropies ?? [], entropies, tolerance);
    }
    engine.destroy();
  });
});

test('completions of several prompts are those that each would have alone, and end at any of the end tokens', async () => {
  const { engine } = await open(tinyFolder('tiny-qwen2'));
  const prompts = [[7], [1950, 3, 44, 5, 2000, 9, 12], [1, 2, 3]];
  const requests = prompts.flatMap((_, prompt) =>
    [0, 1, 2].map((completion) => ({ prompt, temperature: 1.5, completion, stream: prompt })),
  );
  const how = { seed: 2 ** 40 + 3, ends: [], maxTokens: 16 };
  const together = await engine.complete(prompts, requests, how);
  expect(new Set(together.map(({ tokens }) => tokens.join())).size).toBe(requests.length);
  for (const request of [requests[8], requests[4]]) {
    if (request === undefined) continue;
    const [alone] = await engine.complete([prompts[request.prompt] ?? []], [{ ...request, prompt: 0 }], how);
    expect(alone).toEqual(together[requests.indexOf(request)]);
  }
  // The figures of what was sampled are those of scoring it, temperature and all.
  const sampled = together[4];
  const [scored] = await engine.score([[...(prompts[1] ?? []), ...(sampled?.tokens ?? [])]], 1.5);
  agree('log-probabilities', sampled?.logProbs ?? [], scored?.logProbs.slice(6) ?? [], tolerance);
  agree('entropies', sampled?.entropies ?? [], scored?.entropies.slice(6) ?? [], tolerance);

  const ends = [together[0]?.tokens[3] ?? 0, together[5]?.tokens[0] ?? 0];
  const cut = await engine.complete(prompts, requests, { ...how, ends });
  cut.forEach(({ tokens, truncated }, i) => {
    const whole = together[i]?.tokens ?? [];
    const end = whole.findIndex((id) => ends.includes(id));
    expect(tokens).toEqual(end < 0 ? whole : whole.slice(0, end + 1));
    expect(truncated).toBe(end < 0);
  });
  expect(cut[5]?.tokens).toHaveLength(1);
  engine.destroy();
});

test('no position is computed long after the last completion has ended', async () => {
  const { engine } = await open(tinyFolder('tiny-qwen2'), { ...capacity, maxCompletionLength: 40 });
  const requests = [0, 1].map((completion) => ({ prompt: 0, temperature: 0, completion, stream: 0 }));
  const positionsOf = async (ends: readonly number[]) => {
    const before = engine.sampled.positions;
    const [completion] = await engine.complete([[7, 8]], requests, { seed: 1, ends, maxTokens: 40 });
    return { tokens: completion?.tokens ?? [], positions: engine.sampled.positions - before };
  };
  const whole = await positionsOf([]);
  expect(whole.positions).toBe(40);
  const ended = await positionsOf([whole.tokens[2] ?? 0]);
  expect(ended.tokens).toEqual(whole.tokens.slice(0, ended.tokens.length));
  expect(ended.tokens.length).toBeLessThanOrEqual(3);
  // Whether all have ended is looked at now and then: a readback each time would cost more than a few positions.
  expect(ended.positions).toBe(16);
  engine.destroy();
});

test('eight bits a weight: near the file’s own', async () => {
  const path = tinyFolder('tiny-qwen3');
  const { sequences } = answersOf(path) as TinyAnswers;
  const { engine } = await open(path, capacity, 'int8');
  const [, figures] = await engine.score(sequences.map(({ ids }) => ids));
  const off = (figures?.logProbs ?? new Float32Array()).map((value, i) =>
    Math.abs(value - (sequences[1]?.log_probs[i] ?? NaN)),
  );
  const mean = off.reduce((sum, value) => sum + value, 0) / off.length;
  // Not the same bits, but the same model: 127 steps to each side of zero move random logits of deviation 3 by a few hundredths.
  expect(mean).toBeGreaterThan(1e-3);
  expect(mean).toBeLessThan(0.1);
  engine.destroy();
});

test('refuses more than it was made for, with both numbers', async () => {
  const { engine } = await open(tinyFolder('tiny-qwen3'));
  const how = { seed: 1, ends: [], maxTokens: 4 };
  const one = { prompt: 0, temperature: 1, completion: 0, stream: 0 };
  await expect(engine.complete([[1]], new Array(25).fill(one), how)).rejects.toThrow(
    '25 completions at once, but the engine was made for 24',
  );
  await expect(engine.complete([new Array(49).fill(1)], [one], how)).rejects.toThrow(
    'A text has 49 tokens, but the engine was made for 48',
  );
  await expect(engine.complete([new Array(40).fill(1), new Array(40).fill(1)], [one], how)).rejects.toThrow(
    'Texts have 78 tokens together',
  );
  await expect(engine.complete([[]], [one], how)).rejects.toThrow('A text has no token');
  await expect(engine.complete([[1]], [one], { ...how, maxTokens: 17 })).rejects.toThrow(
    '17 tokens a completion',
  );
  await expect(engine.complete([[1]], [one], { ...how, ends: new Array(17).fill(1) })).rejects.toThrow(
    '17 end tokens',
  );
  engine.destroy();
});

test.each(['file', 'int8'] as const)('what is announced is what is taken: weights as %s', async (choice) => {
  const { engine, model } = await open(tinyFolder('tiny-qwen2'), capacity, choice);
  const { totalBytes, weightsBytes, cacheBytes, workingBytes } = needOf(model, choice, capacity);
  expect(weightsBytes + cacheBytes + workingBytes).toBe(totalBytes);
  // Beside its tensors an engine has blocks of uniforms, timestamps and staging buffers.
  expect(engine.sizeBytes - totalBytes).toBeGreaterThan(0);
  expect(engine.sizeBytes - totalBytes).toBeLessThan(2 ** 16);
  engine.destroy();
});
