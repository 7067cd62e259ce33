import type { PretrainedConfig } from '../../model/pretrained/config.ts';
import type { Pretrained } from '../../model/pretrained/pretrained.ts';
import { dispatchFlop, gradientSplits } from '../plan.ts';
import { rowStats } from '../ops/policy_loss.ts';
import type { UpdateCapacity } from '../update.ts';
import { adapterLayout, innerWidth, type AdapterLayout, type AdapterRoom } from './adapterLayout.ts';
import { adapterWords } from './adapters.ts';
import type { BackBuffer } from './back.ts';
import type { LayerBuffer } from './record.ts';
import { widthsOf } from './sizes.ts';

/** Which factors are trained: both of each pair, or B alone, which makes the anchor's average that of the product. */
export const trainedFactors = ['A and B', 'B'] as const;
export type TrainedFactors = (typeof trainedFactors)[number];

/** Rows whose logits are computed at once; a multiple of 64, so that every piece of a buffer can be bound. */
export const headRows = 64;

/** Memory that the activations of one micro-batch may take. */
const activationBudgetBytes = 512 * 2 ** 20;

/** Floats of the factors that are trained; they come first in the layout. */
export function trainedSize({ bFloats, size }: AdapterLayout, trains: TrainedFactors): number {
  return trains === 'B' ? bFloats : size;
}

/** Rows of micro-batches, and of all of a batch. */
export interface UpdateRows {
  /** Of one micro-batch, at most: a multiple of `headRows`. */
  readonly rows: number;
  /** Of a batch. */
  readonly statRows: number;
  /** Of which logits are computed at once. */
  readonly headRows: number;
}

/** Limits that a caller may set. */
export interface RowLimits {
  /** Rows whose logits are computed at once, a multiple of 64; changes no bit. */
  readonly headRows?: number;
  /** Rows of a micro-batch; fewer take less memory. */
  readonly mostRows?: number;
}

/** Numbers that a row takes while it is on its way, forth and back. */
function perRow(config: PretrainedConfig): Record<LayerBuffer | BackBuffer | 'k' | 'v', number> {
  const width = widthsOf(config);
  return {
    ...{ x: width.hidden, normed: width.hidden, qkv: width.qkv, q: width.queries, attended: width.queries },
    ...{ gateUp: width.gateUp, act: width.inner, rope: 0, token: 1, places: 4, k: width.keys, v: width.keys },
    ...{ dx: width.hidden, dnormed: width.hidden, dqkv: width.qkv, dq: width.queries, dk: width.keys },
    ...{ dv: width.keys, dattended: width.queries, dgateUp: width.gateUp, dact: width.inner },
    ...{ kept: 2 * config.heads, dinner: 0 },
  };
}

/**
 * How many rows a micro-batch has: what memory and work allow, at most what a batch needs, at least the longest prompt with
 * one completion. By fixed numbers, not measured ones: the rows of a micro-batch are summed together.
 */
export function updateRows(
  config: PretrainedConfig,
  capacity: UpdateCapacity,
  { headRows: piece = headRows, mostRows = Infinity }: RowLimits = {},
): UpdateRows {
  const prefix = capacity.maxPromptLength - 1;
  const wanted = capacity.prompts * prefix + capacity.completions * capacity.maxCompletionLength;
  const smallest = prefix + capacity.maxCompletionLength;
  const up = (rows: number) => piece * Math.ceil(rows / piece);
  const numbers = Object.values(perRow(config)).reduce((sum, each) => sum + each, 0);
  const bytes = 4 * (numbers + config.layers * widthsOf(config).hidden);
  const flop =
    2 * config.hidden * Math.max(2 * config.inner, (config.heads + 2 * config.kvHeads) * config.headDim);
  const fitting = Math.min(mostRows, activationBudgetBytes / bytes, dispatchFlop.gpu / flop);
  const rows = Math.max(up(smallest), Math.min(up(wanted), piece * Math.floor(fitting / piece)));
  // Each micro-batch may end short of one completion and begins with a repeated prefix; none is without a completion.
  const batches = Math.min(capacity.completions, Math.ceil(wanted / Math.max(1, rows - 2 * smallest)) + 1);
  return { rows, statRows: rows >= wanted + 8 ? rows : batches * rows, headRows: piece };
}

/** 32-bit words of every buffer of an update but those of the trained factors. */
export function updateWords(
  config: PretrainedConfig,
  layout: AdapterLayout,
  capacity: UpdateCapacity,
  { rows, statRows, headRows: piece }: UpdateRows,
) {
  const width = widthsOf(config);
  const positions = capacity.maxPromptLength + capacity.maxCompletionLength;
  const each = Object.entries(perRow(config)) as [keyof ReturnType<typeof perRow>, number][];
  const streams = Object.fromEntries(each.map(([name, numbers]) => [name, rows * numbers])) as Record<
    LayerBuffer | BackBuffer | 'k' | 'v',
    number
  >;
  return {
    ...streams,
    ...adapterWords(layout, rows),
    rope: positions * config.headDim,
    dinner: rows * innerWidth(layout),
    queryEnd: rows,
    headNormed: piece * width.hidden,
    dhead: piece * width.hidden,
    logits: piece * width.logits,
    target: rows,
    terms: 2 * rows,
    reference: capacity.withReference ? 2 * rows : 0,
    anchor: capacity.withAnchor ? 2 * rows : 0,
    old: statRows,
    stats: rowStats.floats * statRows,
  };
}
export type UpdateBuffer = keyof ReturnType<typeof updateWords>;

/** What training adapters takes beside the frozen model and their slots, bytes: from sizes alone. */
export function updateNeed(
  { config, names }: Pretrained,
  room: AdapterRoom,
  trains: TrainedFactors,
  capacity: UpdateCapacity,
): { readonly totalBytes: number; readonly largest: { readonly bytes: number; readonly label: string } } {
  const layout = adapterLayout(names, room);
  const rows = updateRows(config, capacity);
  const size = trainedSize(layout, trains);
  const buffers = [
    ...Object.entries(updateWords(config, layout, capacity, rows)),
    ...Array.from({ length: config.layers }, () => [
      'checkpoint of a layer',
      rows.rows * widthsOf(config).hidden,
    ]),
    ['partial gradients', gradientSplits({ size }) * size],
    ...['gradient', 'Adam m', 'Adam v'].map((name) => [name, size]),
  ] as [string, number][];
  let largest = { bytes: 0, label: '' };
  let totalBytes = 0;
  for (const [label, words] of buffers) {
    const bytes = Math.max(16, 16 * Math.ceil(words / 4));
    totalBytes += bytes;
    if (bytes > largest.bytes) largest = { bytes, label };
  }
  return { totalBytes, largest };
}
