import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { partsOf } from '../../src/engine/frozen/adapterLayout.ts';
import { FrozenEngine } from '../../src/engine/frozen/engine.ts';
import type { FrozenCapacity } from '../../src/engine/frozen/sizes.ts';
import { AdapterUpdater, runSlots, type AdapterUpdateOptions } from '../../src/engine/frozen/update.ts';
import { updateNeed, type TrainedFactors } from '../../src/engine/frozen/updateSizes.ts';
import type { OptimizerSettings } from '../../src/engine/optimizer.ts';
import type { TrainingGroup } from '../../src/engine/rows.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { adaptable, openAdapter } from '../../src/model/pretrained/adapter.ts';
import { openPretrained } from '../../src/model/pretrained/pretrained.ts';
import { adapterFolder, besideFolder, notBeside, tinyFolder } from '../fixtures/elsewhere.ts';
import { readSafetensors } from '../reference/golden.ts';
import { at, type Numbers } from '../reference/indexing.ts';
import { agree } from './agree.ts';
import { bufferFloats } from './bufferFloats.ts';

// An adapter in training against losses, gradients, steps and averages that somebody else's implementation gave in float64.

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

interface Step {
  readonly loss: number;
  readonly policy_loss: number;
  readonly k3: number;
  readonly clipped_tokens: number;
  readonly gradient_norm: number;
}

interface Answers {
  readonly scaling: number;
  readonly batch: {
    readonly prompts: readonly (readonly number[])[];
    readonly completions: readonly (readonly (readonly number[])[])[];
    readonly advantages: readonly (readonly number[])[];
    readonly token_weights: readonly (readonly number[])[];
  };
  readonly settings: { readonly clip: number; readonly kl_coefficient: number };
  readonly refreshed: { readonly steps: readonly Step[] };
  readonly kept: { readonly steps: readonly Step[] };
}

const room = { slots: 2, rank: 4, targets: adaptable };
const capacity: FrozenCapacity = {
  completions: 8,
  passRows: 64,
  promptTokens: 64,
  maxPromptLength: 32,
  maxCompletionLength: 32,
  adapters: room,
};

interface Case {
  readonly engine: FrozenEngine;
  readonly updater: AdapterUpdater;
  readonly answers: Answers;
  readonly groups: readonly TrainingGroup[];
  /** Factors of a file of the adapter's folder, by name. */
  readonly factors: (file: string) => Map<string, Float64Array>;
  readonly destroy: () => void;
}

async function open(
  path: string,
  beside: string,
  options: AdapterUpdateOptions = { trains: 'A and B' },
  withReference = true,
): Promise<Case> {
  const [folder, adapterAt] = [pretrainedFolder(path), pretrainedFolder(beside)];
  const model = await openPretrained(folder);
  const adapter = await openAdapter(adapterAt, model.names);
  const answers = JSON.parse(readFileSync(`${beside}/expected.json`, 'utf8')) as Answers;
  const { batch } = answers;
  const groups = batch.prompts.map((prompt, p) => ({
    prompt,
    completions: (batch.completions[p] ?? []).map((tokens, i) => ({
      tokens,
      advantage: batch.advantages[p]?.[i] ?? NaN,
      weight: batch.token_weights[p]?.[i] ?? NaN,
    })),
  }));
  const engine = new FrozenEngine(gpu, kernels, model, capacity, 'file');
  const sizes = {
    prompts: groups.length,
    completions: 6,
    maxPromptLength: Math.max(...batch.prompts.map(({ length }) => length)),
    maxCompletionLength: 22,
    withReference,
    withAnchor: true,
  };
  const updater = new AdapterUpdater(gpu, kernels, engine, sizes, options);
  await Promise.all([kernels.compile(), engine.load()]);
  for (const slot of Object.values(runSlots)) await engine.loadAdapter(slot, adapter);
  folder.close();
  adapterAt.close();
  const announced = updateNeed(model, room, options.trains, sizes).totalBytes;
  if (options.headRows === undefined && options.mostRows === undefined) {
    expect(Math.abs(updater.sizeBytes / announced - 1)).toBeLessThan(0.1);
  }
  return {
    engine,
    updater,
    answers,
    groups,
    factors: (file) => readSafetensors(readFileSync(`${beside}/${file}.safetensors`)),
    destroy: () => {
      updater.destroy();
      engine.destroy();
    },
  };
}

function lossOf({ settings }: Answers) {
  const { clip: clipLow, clip: clipHigh, kl_coefficient: klCoefficient } = settings;
  return { temperature: 1, clipLow, clipHigh, klCoefficient, entropyBonus: 0 };
}

function stepOf(update: number): OptimizerSettings {
  return {
    ...{ update, learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    ...{ maxNorm: 1, anchorMomentum: 0.99 },
  };
}

/** Factors as a file has them, in the order of its names, of a flat buffer of ours. */
function flat({ engine }: Case, values: Numbers, slot = 0): Map<string, Float64Array> {
  const { layout } = engine.parts.slots;
  const from = slot * layout.size;
  return new Map(
    partsOf(layout).flatMap(({ a, aAt, b, bAt, inputs, outputs }) => [
      [a.name, Float64Array.from({ length: 4 * inputs }, (_, i) => at(values, from + aAt + i))],
      [
        b.name,
        Float64Array.from({ length: 4 * outputs }, (_, i) =>
          at(values, from + bAt + (i % 4) * outputs + Math.floor(i / 4)),
        ),
      ],
    ]),
  );
}

const factorsOn = async (c: Case, slot: number) =>
  flat(c, await bufferFloats(gpu, c.engine.parts.slots.factors), slot);

const norm = (values: Iterable<number>) =>
  Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0));

/** ‖ours − theirs‖ ÷ ‖theirs‖ of all factors together, and of the worst. */
function apart(ours: Map<string, Float64Array>, theirs: Map<string, Float64Array>) {
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  const differences = [...theirs].map(([name, wanted]) =>
    wanted.map((value, i) => value - at(ours.get(name) ?? [], i)),
  );
  const wanted = [...theirs.values()];
  return {
    all: norm(differences.flatMap((each) => [...each])) / norm(wanted.flatMap((each) => [...each])),
    worstTensor: Math.max(...differences.map((each, i) => norm(each) / norm(wanted[i] ?? []))),
    entries: differences
      .flatMap((each) => [...each])
      .map(Math.abs)
      .sort((a, b) => a - b),
  };
}

const folders = [
  ['tiny-qwen3', () => tinyFolder('tiny-qwen3'), () => adapterFolder],
  ['stories260K', () => besideFolder('stories260K'), () => besideFolder('lora/stories260K')],
] as const;

describe.each(folders)('an adapter of %s', (name, basePath, adapterPath) => {
  test.for(['refreshed', 'kept'] as const)(
    'loss, gradients, three steps and the anchor agree with float64: old log-probabilities %s',
    async (old, { skip }) => {
      const [path, beside] = [basePath(), adapterPath()];
      if (path === null || beside === null) return skip(notBeside);
      const c = await open(path, beside);
      const { answers, updater, groups } = c;
      const weights = groups.flatMap(({ completions }) =>
        completions.flatMap(({ tokens: all, weight }) => all.map(() => weight)),
      );
      let bounded = false;
      for (const [i, wanted] of answers[old].steps.entries()) {
        updater.submit(groups, i === 0 || old === 'refreshed', lossOf(answers), stepOf(i + 1));
        const { report, tokens } = await updater.read();
        expect(tokens.k3).toHaveLength(weights.length);
        const k3 = tokens.k3.reduce((sum, value, t) => sum + value * at(weights, t), 0);
        const tolerance = i === 0 ? 1e-6 : 2e-6;
        const policyLoss = report.loss - answers.settings.kl_coefficient * k3;
        agree('policy loss', [policyLoss], [wanted.policy_loss], tolerance);
        expect(Math.round(report.clippedShare * report.trainedTokens)).toBe(wanted.clipped_tokens);
        // The lab bounds a token's k3, the answers don't: one token of stories260K meets it before its third step.
        bounded = tokens.k3.some((value) => value === 10);
        expect([bounded, i]).toEqual([bounded && name === 'stories260K', bounded ? 2 : i]);
        if (bounded) continue;
        agree('loss', [report.loss], [wanted.loss], tolerance);
        agree('k3', [k3], [wanted.k3], 1e-5);
        agree('norm', [report.gradNorm], [wanted.gradient_norm], 2e-5);
        if (i > 0) continue;
        const gradients = flat(c, await bufferFloats(gpu, updater.policy.gradient));
        const { all, worstTensor, entries } = apart(gradients, c.factors('gradients'));
        expect(all).toBeLessThan(2e-5);
        expect(worstTensor).toBeLessThan(1e-4);
        expect(entries.at(-1)).toBeLessThan(2e-5);
      }
      if (bounded) {
        c.destroy();
        return;
      }
      const { entries } = apart(await factorsOn(c, runSlots.policy), c.factors(`after-3-steps.${old}`));
      expect(entries[Math.floor(0.999 * entries.length)]).toBeLessThan(2e-6);
      expect(entries.at(-1)).toBeLessThan(1e-4);
      const anchor = apart(await factorsOn(c, runSlots.anchor), c.factors(`anchor.${old}`));
      expect(anchor.entries.at(-1)).toBeLessThan(3e-6);
      c.destroy();
    },
  );
});

/** What a step on the reference's batch leaves behind: factors, gradient, and what was told of tokens. */
async function afterStep(c: Case) {
  c.updater.submit(c.groups, true, lossOf(c.answers), stepOf(1));
  return {
    told: await c.updater.read().then(({ report, tokens }) => ({ report, tokens })),
    gradient: await bufferFloats(gpu, c.updater.policy.gradient),
    factors: await bufferFloats(gpu, c.engine.parts.slots.factors),
  };
}

const tiny = (options?: AdapterUpdateOptions) => open(tinyFolder('tiny-qwen3'), adapterFolder, options);

test('however many rows the head takes at once, and wherever submissions are cut, the bits are the same', async () => {
  const all = [];
  for (const options of [{ limitMs: Infinity }, { limitMs: 0 }, { headRows: 128 }]) {
    const c = await tiny({ trains: 'A and B', ...options });
    // Some ninety rows: two pieces of 64, or one of 128.
    all.push(await afterStep(c));
    c.destroy();
  }
  for (const each of all.slice(1)) expect(each).toEqual(all[0]);
});

test('one wait and no allocation a step, the same dispatches each time', async () => {
  const c = await tiny();
  const { groups, answers, updater } = c;
  const submitted = updater.submit(groups, true, lossOf(answers), stepOf(1));
  await updater.read();
  const before = updater.counts;
  expect(updater.submit(groups, false, lossOf(answers), stepOf(2))).toEqual(submitted);
  await updater.read();
  expect(updater.counts).toEqual({ allocations: before.allocations, readbacks: before.readbacks + 1 });
  c.destroy();
});

test('B alone: A stays to the bit, B’s gradient is the same, and the anchor is the average of the products', async () => {
  const [both, alone] = [await tiny(), await tiny({ trains: 'B' })];
  const of = async (c: Case) => {
    c.updater.submit(c.groups, true, lossOf(c.answers), stepOf(1));
    await c.updater.read();
    return bufferFloats(gpu, c.updater.policy.gradient);
  };
  const [whole, part] = [await of(both), await of(alone)];
  const { bFloats, size } = alone.engine.parts.slots.layout;
  expect([whole.length, part.length]).toEqual([size, bFloats]);
  expect(part).toEqual(whole.slice(0, bFloats));
  const start = alone.factors('adapter_model');
  const [policy, anchor] = [await factorsOn(alone, runSlots.policy), await factorsOn(alone, runSlots.anchor)];
  for (const [name, wanted] of start) {
    const [ours, averaged] = [policy.get(name) ?? [], anchor.get(name) ?? []];
    if (name.includes('lora_A')) {
      expect([...ours]).toEqual([...wanted]);
      expect([...averaged]).toEqual([...wanted]);
    } else {
      expect([...ours]).not.toEqual([...wanted]);
      agree(
        'anchor',
        averaged,
        wanted.map((value, i) => 0.99 * value + 0.01 * at(ours, i)),
        1e-7,
      );
    }
  }
  both.destroy();
  alone.destroy();
});

test('a batch cut into micro-batches has the gradient of the whole', async () => {
  const gradient = async (c: Case) => {
    c.updater.submit(c.groups, true, lossOf(c.answers), {
      ...stepOf(1),
      learningRate: 0,
      anchorMomentum: null,
    });
    const { report } = await c.updater.read();
    return { report, values: flat(c, await bufferFloats(gpu, c.updater.policy.gradient)) };
  };
  const [whole, cut] = [await tiny(), await tiny({ trains: 'A and B', mostRows: 64 })];
  expect([whole.updater.rows, cut.updater.rows]).toEqual([192, 64]);
  const [wanted, got] = [await gradient(whole), await gradient(cut)];
  expect(apart(got.values, wanted.values).all).toBeLessThan(2e-6);
  agree('loss', [got.report.loss], [wanted.report.loss], 1e-7);
  expect(got.report.trainedTokens).toBe(69);
  cut.destroy();
  whole.destroy();
});

test('without a reference the loss has no KL, at scale 0 no gradient reaches A, and all tokens are told of', async () => {
  const c = await open(tinyFolder('tiny-qwen3'), adapterFolder, { trains: 'A and B' }, false);
  const { slots } = c.engine.parts;
  const factors = (await bufferFloats(gpu, slots.factors)).slice(0, slots.layout.size);
  slots.write(runSlots.policy, factors, 0);
  c.updater.submit(c.groups, true, lossOf(c.answers), stepOf(1));
  const { report, tokens } = await c.updater.read();
  expect(report.klReference).toBe(0);
  expect(report.trainedTokens).toBe(69);
  expect(tokens.ratios.every((ratio) => ratio === 1)).toBe(true);
  expect(report.gradNorm).toBe(0);
  c.destroy();
});

const choices: readonly TrainedFactors[] = ['A and B', 'B'];
test.each(choices)('a gradient that is not finite changes nothing: %s', async (trains) => {
  const c = await tiny({ trains });
  const before = await bufferFloats(gpu, c.engine.parts.slots.factors);
  const groups = c.groups.map(({ prompt, completions }, p) => ({
    prompt,
    completions: completions.map((each, i) => ({ ...each, advantage: p + i === 0 ? NaN : each.advantage })),
  }));
  c.updater.submit(groups, true, lossOf(c.answers), stepOf(1));
  const { report } = await c.updater.read();
  expect(report.gradNorm).toBeNaN();
  expect(await bufferFloats(gpu, c.engine.parts.slots.factors)).toEqual(before);
  c.destroy();
});
