import { FrozenEngine } from '../engine/frozen/engine.ts';
import type { WeightChoice } from '../engine/frozen/matrix.ts';
import type { FrozenCapacity } from '../engine/frozen/sizes.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import type { Pretrained } from '../model/pretrained/pretrained.ts';
import { measureCopy } from './copy.ts';
import type { Now } from './steps.ts';

/** The best and the worst of some rounds. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What was measured of an adapter for a model, seconds. */
export interface FrozenSpeed {
  /** Bytes a second of a copy, read and written together. */
  readonly copyBytesPerSecond: number;
  /** A position of all completions in flight in one layer, and around the layers: embedding, head, sampling, submission. */
  readonly layer: Range;
  readonly around: Range;
  /** A token of a prompt in one layer. */
  readonly promptToken: Range;
}

/** What models are to do. */
export interface FrozenWork {
  /** Tokens of prompts, computed once each. */
  readonly promptTokens: number;
  /** Positions of completions, all in flight counted as one. */
  readonly positions: number;
  /** Completions in flight. */
  readonly inFlight: number;
  /** Rows whose logits two models are compared by; 0 where there is one. */
  readonly scoredRows: number;
}

/** Tokens of the texts that are timed at most: attention takes the longer, the more there are. */
const mostTokens = 512;
/** Positions timed, fewer where they are slow. */
export const timedPositions = 16;
export const rounds = 3;
/** A call that takes longer is slow: then it is timed twice, and over less. */
export const slowMs = 700;

/**
 * Times what will be done, by models of the same shapes with one layer and with two and nothing in their weights: prompts
 * and positions with as many completions as are in flight, and as many tokens before them as there are midway; where
 * there is room for adapters, through one.
 */
export async function measureFrozen(
  gpu: Gpu,
  kernels: Kernels,
  model: Pretrained,
  choice: WeightChoice,
  wanted: FrozenCapacity,
  now: Now,
): Promise<FrozenSpeed> {
  const copyBytesPerSecond = await measureCopy(gpu, now);
  const timed = (layers: number) => timeFrozen(gpu, kernels, cut(model, layers), choice, wanted, now);
  return { copyBytesPerSecond, ...samplingSpeed(await timed(1), await timed(2)) };
}

/** Times what a model of these shapes samples, with nothing in its weights; `patient` as for `timeSampling`. */
export async function timeFrozen(
  gpu: Gpu,
  kernels: Kernels,
  model: Pretrained,
  choice: WeightChoice,
  wanted: FrozenCapacity,
  now: Now,
  patient = false,
): Promise<SamplingTimes> {
  const tokens = timedTokens(wanted);
  const capacity = {
    ...wanted,
    ...{ promptTokens: tokens, maxPromptLength: tokens + 1, maxCompletionLength: timedPositions },
  };
  const engine = new FrozenEngine(gpu, kernels, model, capacity, choice);
  try {
    await kernels.compile();
    if (wanted.adapters === undefined) return await timeSampling(engine, now, null, patient);
    // Nothing in its weights either.
    const { slots } = engine.parts;
    slots.write(0, new Float32Array(slots.layout.size), 1);
    return await timeSampling(engine, now, 0, patient);
  } finally {
    engine.destroy();
  }
}

/** What a model of one layer and one of two take to sample. */
export function samplingSpeed(
  one: SamplingTimes,
  two: SamplingTimes,
): Omit<FrozenSpeed, 'copyBytesPerSecond'> {
  const { layer, around } = layered(one.position, two.position);
  return { layer, around, promptToken: layered(one.promptToken, two.promptToken).layer };
}

/** What one layer takes, and what lies around the layers, from what a model of one layer and one of two take. */
export function layered(one: Range, two: Range): { readonly layer: Range; readonly around: Range } {
  const layer = between(two, one);
  return { layer, around: between(one, layer) };
}

/** Tokens before what is timed: as many as there are midway, a power of two, so that it needn't be timed at every change. */
export function timedTokens({
  maxPromptLength,
  maxCompletionLength,
}: Pick<FrozenCapacity, 'maxPromptLength' | 'maxCompletionLength'>): number {
  const midway = maxPromptLength + maxCompletionLength / 2;
  return Math.min(mostTokens, 2 ** Math.ceil(Math.log2(midway)));
}

/** The same model, its first layer as often as wanted and no other. */
export function cut(model: Pretrained, layers: number): Pretrained {
  const { config, names } = model;
  const own = Array.from({ length: layers }, () => names.layers[0] ?? []).flat();
  return { ...model, config: { ...config, layers }, names: { ...names, layers: own } };
}

/** What sampling takes, seconds: a position of all completions in flight, and a token of a prompt. */
export interface SamplingTimes {
  readonly position: Range;
  readonly promptToken: Range;
}

/**
 * Times what a model on the device samples, with a prompt as long as it has room for and all completions in flight.
 * @param adapter slot of the adapter that all go through; null: the model alone
 * @param patient whether nothing is cut short where it is slow
 */
export async function timeSampling(
  engine: FrozenEngine,
  now: Now,
  adapter: number | null,
  patient = false,
): Promise<SamplingTimes> {
  const { maxPromptLength, completions, maxCompletionLength } = engine.capacity;
  const prompt = Array.from({ length: maxPromptLength }, () => 0);
  const requests = Array.from({ length: completions }, (_, completion) => ({
    ...{ prompt: 0, temperature: 1, completion, stream: 0 },
    ...(adapter === null ? {} : { adapter }),
  }));
  const time = async (text: readonly number[], maxTokens: number): Promise<number> => {
    const begun = now();
    await engine.complete([text], requests, { seed: 1, ends: [], maxTokens });
    return now() - begun;
  };
  // The first round touches the memory for the first time, and finds the pace of submissions.
  await time(prompt, 1);
  const slow = (await time(prompt, 1)) > slowMs && !patient;
  const many = Math.min(slow ? 3 : timedPositions, maxCompletionLength);
  const all: { readonly position: number; readonly promptToken: number }[] = [];
  for (let round = 0; round < (slow ? 2 : rounds); round++) {
    const bare = await time([0], 1);
    const [first, last] = [await time(prompt, 1), await time(prompt, many)];
    all.push({
      position: (last - first) / (1000 * (many - 1)),
      promptToken: (first - bare) / (1000 * (maxPromptLength - 1)),
    });
  }
  return {
    position: rangeOf(all.map((each) => each.position)),
    promptToken: rangeOf(all.map((each) => each.promptToken)),
  };
}

/** The least and the greatest of some seconds; noise makes nothing of less than nothing. */
export function rangeOf(values: readonly number[]): Range {
  return { low: Math.max(0, Math.min(...values)), high: Math.max(0, ...values) };
}

/** What one takes beyond another, best against best and worst against worst. */
function between(more: Range, less: Range): Range {
  return rangeOf([more.low - less.low, more.high - less.high]);
}

/** Seconds of a model's work: at the measured rates, or at that of the memory where it is the bottleneck. */
export function secondsOf(
  { config: { layers } }: Pretrained,
  weightsBytes: number,
  { promptTokens, positions: count, inFlight, scoredRows }: FrozenWork,
  { copyBytesPerSecond, layer, around, promptToken }: FrozenSpeed,
): Range {
  const at = (end: keyof Range): number => {
    const position = Math.max(around[end] + layers * layer[end], weightsBytes / copyBytesPerSecond);
    const scored = layers * promptToken[end] + around[end] / inFlight;
    return promptTokens * layers * promptToken[end] + count * position + scoredRows * scored;
  };
  return { low: at('low'), high: at('high') };
}
