import { totalmem } from 'node:os';
import type { FrozenSpeed, FrozenWork } from '../bench/frozenPrice.ts';
import { secondsOf } from '../bench/frozenPrice.ts';
import type { WeightChoice } from '../engine/frozen/matrix.ts';
import { needOf, type FrozenCapacity, type FrozenNeed } from '../engine/frozen/sizes.ts';
import type { Gpu } from '../gpu/device.ts';
import { LabError } from '../lib/labError.ts';
import { openFolderTokenizer, openPretrained, type Pretrained } from '../model/pretrained/pretrained.ts';
import type { TextTokenizer } from '../model/tokenizer/huggingFace.ts';
import { pretrainedFolder } from './pretrainedFolder.ts';
import { duration } from './progress.ts';

/** A folder that is to be asked; its files stay open. */
export interface AskedModel {
  readonly path: string;
  readonly model: Pretrained;
  readonly tokenizer: TextTokenizer;
}

/** @throws LabError `bad-file` where the folder is no model that is supported */
export async function openAsked(path: string): Promise<AskedModel> {
  const folder = pretrainedFolder(path);
  return { path, model: await openPretrained(folder), tokenizer: await openFolderTokenizer(folder) };
}

/** 1234567 → "1.2 MB" */
export function megabytes(bytes: number): string {
  const [value, unit] = bytes < 1e9 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

/**
 * Refuses, with the figures, what the device can't hold: a buffer that it can't bind, or more than its memory where that
 * is known (a software adapter has the computer's; of a GPU, WebGPU tells nothing).
 * @param limitBytes given by the user; null where not
 * @throws LabError `does-not-fit`
 */
export function checkFits(
  gpu: Gpu,
  asked: readonly AskedModel[],
  needs: readonly FrozenNeed[],
  capacity: FrozenCapacity,
  limitBytes: number | null,
): void {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const binds = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  for (const { largest } of needs) {
    if (largest.bytes <= binds) continue;
    throw new LabError(
      'does-not-fit',
      `${largest.label} needs ${megabytes(largest.bytes)}, but this adapter binds at most ${megabytes(binds)} at once.`,
      'Lower --rows or --max-tokens, or ask a smaller model.',
    );
  }
  const memory = limitBytes ?? (gpu.adapter.software ? totalmem() : Infinity);
  const total = needs.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  if (total <= memory) return;
  const less = (choice: WeightChoice, completions: number) =>
    asked.reduce((sum, { model }) => sum + needOf(model, choice, { ...capacity, completions }).totalBytes, 0);
  const ways = [
    [`--rows 8`, less('file', Math.min(8, capacity.completions))],
    [`--weights int8`, less('int8', capacity.completions)],
    [`--weights int8 --rows 8`, less('int8', Math.min(8, capacity.completions))],
  ] as const;
  const fitting = ways.find(([, bytes]) => bytes <= memory);
  throw new LabError(
    'does-not-fit',
    `This needs ${megabytes(total)}, and there are ${megabytes(memory)}.`,
    fitting === undefined
      ? `Ask a smaller model: with ${ways[2][0]} it would still need ${megabytes(ways[2][1])}.`
      : `With ${fitting[0]} it would need ${megabytes(fitting[1])}.`,
  );
}

/** What a model is, in a line. */
export function describe({ path, model: { config, weights } }: AskedModel): string {
  const numbers = [...weights.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1),
    0,
  );
  const types = [...new Set([...weights.values()].map(({ type }) => type))].join(' and ');
  return `${path}: ${config.family}, ${numbers.toLocaleString('en')} parameters in ${types}, ${String(config.layers)} layers, ${config.vocabulary.toLocaleString('en')} tokens`;
}

/** What asking will take, in lines. */
export function priceLines(
  asked: readonly AskedModel[],
  needs: readonly FrozenNeed[],
  speed: FrozenSpeed,
  work: FrozenWork,
): string[] {
  const sum = (pick: (need: FrozenNeed) => number) => needs.reduce((total, need) => total + pick(need), 0);
  const seconds = asked.reduce(
    (total, { model }, i) => total + secondsOf(model, needs[i]?.weightsBytes ?? NaN, work, speed),
    0,
  );
  return [
    `GPU memory: ${megabytes(sum((need) => need.totalBytes))}: weights ${megabytes(sum((need) => need.weightsBytes))}, keys and values ${megabytes(sum((need) => need.cacheBytes))}, the rest ${megabytes(sum((need) => need.workingBytes))}.`,
    `About ${duration(1000 * seconds)} min here, by a product and a copy timed just now, where every completion has ${String(work.maxTokens)} tokens.`,
  ];
}
