import type { PretrainedConfig } from '../../model/pretrained/config.ts';
import type { Pretrained } from '../../model/pretrained/pretrained.ts';
import { adapterLayout, type AdapterRoom } from './adapterLayout.ts';
import { adapterWords } from './adapters.ts';
import { frozenTypeOf, paddedWidth, tilesOf, type WeightChoice } from './matrix.ts';

/** What a frozen model is to hold at once. */
export interface FrozenCapacity {
  /** Completions in flight, and rows whose logits are kept. */
  readonly completions: number;
  /** Rows (tokens) of a pass over prompts. */
  readonly passRows: number;
  /** Tokens of all prompts in flight together. */
  readonly promptTokens: number;
  readonly maxPromptLength: number;
  readonly maxCompletionLength: number;
  /** Room for adapters; without it there can be none. */
  readonly adapters?: AdapterRoom;
}

/** Widths of a row of every tensor, numbers with their padding. */
export function widthsOf(config: PretrainedConfig) {
  const queries = config.heads * config.headDim;
  const keys = config.kvHeads * config.headDim;
  return {
    hidden: paddedWidth(config.hidden),
    queries: paddedWidth(queries),
    qkv: paddedWidth(queries + 2 * keys),
    gateUp: paddedWidth(2 * config.inner),
    inner: paddedWidth(config.inner),
    logits: paddedWidth(config.vocabulary),
    /** Of the caches, which have no padding. */
    keys,
  };
}

/** Rows of the largest pass. */
export function rowsOf({ completions, passRows }: FrozenCapacity): number {
  return Math.max(completions, passRows);
}

/** Rows of the caches of keys and values: prompts, then completions. */
export function cacheRowsOf({ completions, promptTokens, maxCompletionLength }: FrozenCapacity): number {
  return promptTokens + completions * maxCompletionLength;
}

/** Of a capacity, 32-bit words of every buffer but weights and caches. */
export function workingWords(config: PretrainedConfig, capacity: FrozenCapacity) {
  const width = widthsOf(config);
  const rows = rowsOf(capacity);
  const { completions, maxPromptLength, maxCompletionLength } = capacity;
  return {
    x: rows * width.hidden,
    normed: rows * width.hidden,
    qkv: rows * width.qkv,
    q: rows * width.queries,
    attended: rows * width.queries,
    gateUp: rows * width.gateUp,
    act: rows * width.inner,
    rope: (maxPromptLength + maxCompletionLength) * config.headDim,
    token: rows,
    places: 4 * rows,
    logits: completions * width.logits,
    target: completions,
    scored: 2 * completions,
    sampler: 4 * completions,
    ends: 16,
    done: completions,
    tokens: completions * maxCompletionLength,
    stats: 3 * completions * maxCompletionLength,
  };
}
export type WorkingBuffer = keyof ReturnType<typeof workingWords>;

/** What a model needs on the device, bytes. */
export interface FrozenNeed {
  readonly weightsBytes: number;
  readonly cacheBytes: number;
  readonly workingBytes: number;
  readonly adapterBytes: number;
  readonly totalBytes: number;
  /** The largest of its buffers, and what it is for. */
  readonly largest: { readonly bytes: number; readonly label: string };
}

/** Bytes that `Buffers.storage` gives for so many words. */
function bufferBytes(words: number): number {
  return Math.max(16, 16 * Math.ceil(words / 4));
}

/** What loading a model takes, from the sizes of its tensors alone: nothing is read, and nothing made. */
export function needOf(model: Pretrained, choice: WeightChoice, capacity: FrozenCapacity): FrozenNeed {
  const { config, names, weights } = model;
  let largest = { bytes: 0, label: '' };
  const count = (label: string, words: number): number => {
    const bytes = bufferBytes(words);
    if (bytes > largest.bytes) largest = { bytes, label };
    return bytes;
  };
  const matrices = [
    names.embedding,
    ...names.layers.flatMap(({ qkv, output, gateUp, down }) => [qkv, output, gateUp, down]),
    ...(names.head === null ? [] : [names.head]),
  ];
  const matrixBytes = matrices.flatMap((matrix) =>
    tilesOf(matrix, frozenTypeOf(matrix, weights, choice)).map(
      ({ words, scaleWords }) =>
        count(matrix.parts[0]?.name ?? '', words) + (scaleWords === 0 ? 0 : count('scales', scaleWords)),
    ),
  );
  const vectorBytes = vectorWords(config).map((words) => count('norms', words));
  const cacheWords = cacheRowsOf(capacity) * widthsOf(config).keys;
  const caches = 2 * config.layers * count('keys and values of a layer', cacheWords);
  const working = Object.entries(workingWords(config, capacity)).map(([name, words]) => count(name, words));
  const room = capacity.adapters;
  const layout = room === undefined ? null : adapterLayout(names, room);
  const adapters =
    room === undefined || layout === null
      ? []
      : Object.entries({ factors: room.slots * layout.size, ...adapterWords(layout, rowsOf(capacity)) }).map(
          ([name, words]) => count(name, words),
        );
  const sum = (parts: readonly number[]) => parts.reduce((total, part) => total + part, 0);
  // Beside the matrices: what stands in for scales.
  const weightsBytes = sum(matrixBytes) + sum(vectorBytes) + bufferBytes(0);
  const workingBytes = sum(working);
  const adapterBytes = sum(adapters);
  return {
    weightsBytes,
    cacheBytes: caches,
    workingBytes,
    adapterBytes,
    totalBytes: weightsBytes + caches + workingBytes + adapterBytes,
    largest,
  };
}

/** Words of a model's vectors: norms, and biases and norms of heads where the family has them. */
function vectorWords(config: PretrainedConfig): number[] {
  const layer = [
    config.hidden,
    config.hidden,
    ...(config.biases ? [(config.heads + 2 * config.kvHeads) * config.headDim] : []),
    ...(config.queryKeyNorm ? [2 * config.headDim] : []),
  ];
  return [...Array.from({ length: config.layers }, () => layer).flat(), config.hidden];
}
