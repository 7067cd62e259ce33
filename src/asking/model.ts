import { LabError } from '../lib/labError.ts';
import type { WeightChoice } from '../engine/frozen/matrix.ts';
import type { Gpu } from '../gpu/device.ts';
import { needOf, type FrozenCapacity, type FrozenNeed } from '../engine/frozen/sizes.ts';
import { openAdapter, type Adapter } from '../model/pretrained/adapter.ts';
import type { ModelFolder } from '../model/pretrained/folder.ts';
import {
  openFolderTokenizer,
  openPretrained,
  readChatTemplate,
  type Pretrained,
} from '../model/pretrained/pretrained.ts';
import { storedBytes } from '../model/pretrained/weights.ts';
import type { ChatTemplate } from '../model/tokenizer/chatTemplate.ts';
import type { TextTokenizer } from '../model/tokenizer/huggingFace.ts';

/** A folder that is to be asked; its files stay open. */
export interface AskedModel {
  /** Where it lies, or what it is called where nobody can tell. */
  readonly path: string;
  readonly model: Pretrained;
  readonly tokenizer: TextTokenizer;
  /** Null where the folder has none. */
  readonly chat: ChatTemplate | null;
  /** What its completions go through beside its weights; null: nothing. */
  readonly adapter: Adapter | null;
}

/** @throws LabError `bad-file` where the folder is no model that is supported */
export async function openAsked(folder: ModelFolder, path: string): Promise<AskedModel> {
  return {
    path,
    model: await openPretrained(folder),
    tokenizer: await openFolderTokenizer(folder),
    chat: await readChatTemplate(folder),
    adapter: null,
  };
}

/** A model with an adapter of PEFT's beside it. @param path of the adapter @throws LabError `bad-file` */
export async function withAdapter(base: AskedModel, folder: ModelFolder, path: string): Promise<AskedModel> {
  return {
    ...base,
    path: `${base.path} + ${path}`,
    adapter: await openAdapter(folder, base.model.names),
  };
}

/** What an engine of a model is to hold for a question: its adapter as well. */
export function capacityFor({ adapter }: AskedModel, capacity: FrozenCapacity): FrozenCapacity {
  if (adapter === null) return capacity;
  const { rank, targets } = adapter.config;
  return { ...capacity, adapters: { slots: 1, rank, targets } };
}

/** What a model needs on the device for a question. */
export function needFor(asked: AskedModel, choice: WeightChoice, capacity: FrozenCapacity): FrozenNeed {
  return needOf(asked.model, choice, capacityFor(asked, capacity));
}

/** 1234567 → "1.2 MB" */
export function megabytes(bytes: number): string {
  const [value, unit] = bytes < 1e9 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

/** What a device binds at once, and how much it holds; Infinity where nobody knows. */
export interface Room {
  readonly bindingBytes: number;
  readonly memoryBytes: number;
}

/**
 * What a device holds: a software adapter has the computer's memory; of a GPU, WebGPU tells nothing.
 * @param given bytes that somebody says it has; null: nobody does
 * @param computer bytes of the computer's memory
 */
export function roomOf({ device: { limits }, adapter }: Gpu, given: number | null, computer: number): Room {
  return {
    bindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    memoryBytes: given ?? (adapter.software ? computer : Infinity),
  };
}

/** What who asks calls the ways to need less. */
export interface Ways {
  /** Eight completions in flight. */
  readonly eight: string;
  readonly int8: string;
  readonly both: string;
  /** What to do where a buffer is too large. */
  readonly lower: string;
}

/** Refuses models that the device can't hold for a question: see `checkNeeds`. @throws LabError `does-not-fit` */
export function checkFits(
  room: Room,
  asked: readonly AskedModel[],
  needs: readonly FrozenNeed[],
  capacity: FrozenCapacity,
  ways: Ways,
): void {
  const less = (choice: WeightChoice, completions: number) =>
    asked.reduce((sum, each) => sum + needFor(each, choice, { ...capacity, completions }).totalBytes, 0);
  checkNeeds(room, needs, capacity.completions, less, ways);
}

/**
 * Refuses, with the figures, what the device can't hold: a buffer that it can't bind, or more than its memory.
 * @param inFlight completions at once
 * @param less bytes of all of it with other weights and fewer completions at once
 * @throws LabError `does-not-fit`
 */
export function checkNeeds(
  { bindingBytes, memoryBytes }: Room,
  needs: readonly Pick<FrozenNeed, 'largest' | 'totalBytes'>[],
  inFlight: number,
  less: (choice: WeightChoice, completions: number) => number,
  ways: Ways,
): void {
  for (const { largest } of needs) {
    if (largest.bytes <= bindingBytes) continue;
    throw new LabError(
      'does-not-fit',
      `${largest.label} needs ${megabytes(largest.bytes)}, but this adapter binds at most ${megabytes(bindingBytes)} at once.`,
      ways.lower,
    );
  }
  const total = needs.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  if (total <= memoryBytes) return;
  const eight = Math.min(8, inFlight);
  const byInt8AndEight = less('int8', eight);
  const tried = [
    [ways.eight, less('file', eight)],
    [ways.int8, less('int8', inFlight)],
    [ways.both, byInt8AndEight],
  ] as const;
  const fitting = tried.find(([, bytes]) => bytes <= memoryBytes);
  throw new LabError(
    'does-not-fit',
    `This needs ${megabytes(total)}, and there are ${megabytes(memoryBytes)}.`,
    fitting === undefined
      ? `Ask a smaller model: with ${ways.both} it would still need ${megabytes(byInt8AndEight)}.`
      : `With ${fitting[0]} it would need ${megabytes(fitting[1])}.`,
  );
}

/** What a model is, without its name. */
export function describe({ model: { config, weights }, adapter }: AskedModel): string {
  const numbers = [...weights.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1),
    0,
  );
  const types = [...new Set([...weights.values()].map(({ type }) => type))].join(' and ');
  const beside =
    adapter === null
      ? ''
      : `; an adapter of rank ${String(adapter.config.rank)} on ${adapter.config.targets.join(', ')}`;
  return `${config.family}, ${numbers.toLocaleString('en')} parameters in ${types}, ${String(config.layers)} layers, ${config.vocabulary.toLocaleString('en')} tokens${beside}`;
}

/** Bytes of a model's tensors in their files, vectors aside, as `FrozenEngine.load` tells them. */
export function fileBytes({ model: { weights } }: AskedModel): number {
  return [...weights.values()].reduce(
    (sum, { shape, type }) =>
      sum + (shape.length < 2 ? 0 : storedBytes[type] * shape.reduce((product, n) => product * n, 1)),
    0,
  );
}
