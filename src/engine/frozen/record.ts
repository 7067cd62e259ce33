import attention from '../../../shaders/frozen/attention.wgsl';
import choose from '../../../shaders/frozen/choose.wgsl';
import embed from '../../../shaders/frozen/embed.wgsl';
import norm from '../../../shaders/frozen/norm.wgsl';
import product from '../../../shaders/frozen/product.wgsl';
import rope from '../../../shaders/frozen/rope.wgsl';
import score from '../../../shaders/frozen/score.wgsl';
import swiglu from '../../../shaders/frozen/swiglu.wgsl';
import { elementsOf } from '../../gpu/elements.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import type { Binding, Live, Program } from '../../gpu/program.ts';
import type { PretrainedConfig } from '../../model/pretrained/config.ts';
import type { AdaptedProduct } from '../../model/pretrained/adapter.ts';
import { recordAdapted, type AdaptedRows } from './adapters.ts';
import { frozenTypes, paddedWidth, type FrozenMatrix } from './matrix.ts';
import { widthsOf, type WorkingBuffer } from './sizes.ts';
import type { FrozenWeights } from './weights.ts';

/** What a recording of a frozen model works on. */
export interface FrozenParts {
  readonly config: PretrainedConfig;
  readonly kernels: Kernels;
  readonly weights: FrozenWeights;
  readonly working: Readonly<Record<WorkingBuffer, GPUBuffer>>;
  /** Keys and values of each layer. */
  readonly caches: readonly { readonly k: GPUBuffer; readonly v: GPUBuffer }[];
  /** Null where none was asked for. */
  readonly adapters: AdaptedRows | null;
}

/** The buffers that a pass through the layers works on. */
export type LayerBuffer = Extract<
  WorkingBuffer,
  'x' | 'normed' | 'qkv' | 'q' | 'attended' | 'gateUp' | 'act' | 'rope' | 'token' | 'places'
>;

/** What a recording of the layers alone works on. */
export interface LayerParts extends Omit<FrozenParts, 'working'> {
  readonly working: Readonly<Record<LayerBuffer, GPUBuffer>>;
}

/** What changes from pass to pass. */
export interface PassLives {
  readonly rows: Live;
  /** Added to every row's place in the cache. */
  readonly step: Live;
}

/** The figures of a token or row of `stats`, and of `scored`. */
export const chosenStats = elementsOf(choose, 'stats', ['log_prob', 'entropy', 'self_certainty']);
export const scoredStats = elementsOf(score, 'stats', ['log_prob', 'entropy']);

/** Dispatches of a model's layers with its embedding, and of its head with what follows. */
export function dispatchCounts({
  config,
  weights,
  adapters,
}: Pick<FrozenParts, 'config' | 'weights' | 'adapters'>) {
  const tiles = (matrix: FrozenMatrix) => matrix.tiles.length;
  const layer = weights.layers.reduce(
    (sum, { qkv, output, gateUp, down }) => sum + tiles(qkv) + tiles(output) + tiles(gateUp) + tiles(down),
    0,
  );
  const adapted = adapters?.slots.layout.layers.flatMap((of) => Object.values(of)) ?? [];
  return {
    layers:
      tiles(weights.embedding) +
      layer +
      5 * config.layers +
      2 * adapted.filter(({ length }) => length > 0).length,
    head: 2 + tiles(weights.head),
  };
}

/** y = x·wᵀ (+ bias), or added to y. x [rows, padded inputs], y [rows, stride]. */
export function recordProduct(
  { program, kernels }: { readonly program: Program; readonly kernels: Kernels },
  rows: Live,
  matrix: FrozenMatrix,
  io: { readonly x: GPUBuffer; readonly y: GPUBuffer; readonly bias?: GPUBuffer | null },
  { stride, added = false }: { readonly stride: number; readonly added?: boolean },
): void {
  const bias = io.bias ?? null;
  for (const { weights, scales, first, outputs } of matrix.tiles) {
    program.dispatch(
      kernels.get(product, { STORED: frozenTypes[matrix.type] }),
      { weights, scales, x: io.x, bias: bias ?? scales, y: io.y },
      {
        ...{ rows, eights: paddedWidth(matrix.inputs) / 8, outputs, first, stride },
        biased: bias === null ? 0 : 1,
        added: added ? 1 : 0,
      },
      () => 64 * Math.ceil(rows.value / 8) * Math.ceil(outputs / 16),
    );
  }
}

export function recordNorm(
  { config, kernels }: Pick<FrozenParts, 'config' | 'kernels'>,
  program: Program,
  rows: Live,
  io: Readonly<Record<'x' | 'gain' | 'y', Binding>>,
): void {
  const stride4 = paddedWidth(config.hidden) / 4;
  program.dispatch(
    kernels.get(norm),
    io,
    { rows, width4: config.hidden / 4, stride4, eps: config.eps },
    () => 64 * rows.value,
  );
}

/** Embedding and decoder layers: pre-norm, rotary, grouped queries, SwiGLU; norms of q and k and biases where there are. */
export function recordLayers(parts: LayerParts, program: Program, lives: PassLives): void {
  recordEmbedding(parts, program, lives.rows);
  for (let index = 0; index < parts.config.layers; index++) {
    recordToActivation(parts, program, lives, index);
    recordDown(parts, program, lives.rows, index);
  }
}

/** Tokens into the stream, x. */
export function recordEmbedding(
  { config, kernels, weights, working }: LayerParts,
  program: Program,
  rows: Live,
): void {
  const eights = widthsOf(config).hidden / 8;
  for (const tile of weights.embedding.tiles) {
    program.dispatch(
      kernels.get(embed, { STORED: frozenTypes[weights.embedding.type] }),
      { weights: tile.weights, scales: tile.scales, token: working.token, x: working.x },
      { rows, eights, first: tile.first, outputs: tile.outputs },
      () => rows.value * eights,
    );
  }
}

/** What an adapter adds to a product of a layer; nothing where there is none. */
function recordAdaptation(
  { kernels, adapters }: LayerParts,
  program: Program,
  rows: Live,
  of: readonly [layer: number, product: AdaptedProduct],
  io: { readonly x: GPUBuffer; readonly y: GPUBuffer },
  strides: { readonly x: number; readonly y: number },
): void {
  if (adapters === null) return;
  const matrices = adapters.slots.layout.layers[of[0]]?.[of[1]] ?? [];
  recordAdapted({ program, kernels, rows, adapters }, matrices, io, strides);
}

/** A layer as far as its MLP's activation: attention is added to the stream, and `act` waits for the last product. */
export function recordToActivation(
  parts: LayerParts,
  program: Program,
  { rows, step }: PassLives,
  index: number,
): void {
  const { config, kernels, weights, working, caches } = parts;
  const width = widthsOf(config);
  const { heads, kvHeads: kv_heads, headDim } = config;
  const on = { program, kernels };
  const [layer, cache] = [weights.layers[index], caches[index]];
  if (layer === undefined || cache === undefined) return;
  const adapt = (
    product: AdaptedProduct,
    io: { readonly x: GPUBuffer; readonly y: GPUBuffer },
    strides: { readonly x: number; readonly y: number },
  ): void => {
    recordAdaptation(parts, program, rows, [index, product], io, strides);
  };
  recordNorm(parts, program, rows, { x: working.x, gain: layer.inputNorm, y: working.normed });
  recordProduct(
    on,
    rows,
    layer.qkv,
    { x: working.normed, y: working.qkv, bias: layer.bias },
    { stride: width.qkv },
  );
  adapt('qkv', { x: working.normed, y: working.qkv }, { x: width.hidden, y: width.qkv });
  program.dispatch(
    kernels.get(rope, { NORMED: layer.gains !== null }),
    {
      qkv: working.qkv,
      gains: layer.gains ?? layer.inputNorm,
      rope: working.rope,
      places: working.places,
      q: working.q,
      ...cache,
    },
    {
      rows,
      heads,
      kv_heads,
      half4: headDim / 8,
      qkv_stride4: width.qkv / 4,
      q_stride4: width.queries / 4,
      step,
      eps: config.eps,
    },
    () => rows.value * (heads + 2 * kv_heads),
  );
  program.dispatch(
    kernels.get(attention),
    { q: working.q, ...cache, places: working.places, out: working.attended },
    {
      rows,
      heads,
      kv_heads,
      head4: headDim / 4,
      stride4: width.queries / 4,
      step,
      scale: 1 / Math.sqrt(headDim),
    },
    () => 64 * rows.value * heads,
  );
  recordProduct(
    on,
    rows,
    layer.output,
    { x: working.attended, y: working.x },
    { stride: width.hidden, added: true },
  );
  adapt('output', { x: working.attended, y: working.x }, { x: width.queries, y: width.hidden });
  recordNorm(parts, program, rows, { x: working.x, gain: layer.postAttentionNorm, y: working.normed });
  recordProduct(on, rows, layer.gateUp, { x: working.normed, y: working.gateUp }, { stride: width.gateUp });
  adapt('gateUp', { x: working.normed, y: working.gateUp }, { x: width.hidden, y: width.gateUp });
  const inner4 = config.inner / 4;
  program.dispatch(
    kernels.get(swiglu),
    { gate_up: working.gateUp, y: working.act },
    { rows, inner4, from_stride4: width.gateUp / 4, stride4: width.inner / 4 },
    () => rows.value * inner4,
  );
}

/** The last product of a layer, added to the stream. */
export function recordDown(parts: LayerParts, program: Program, rows: Live, index: number): void {
  const { config, kernels, weights, working } = parts;
  const { inner, hidden } = widthsOf(config);
  const layer = weights.layers[index];
  if (layer === undefined) return;
  const io = { x: working.act, y: working.x };
  recordProduct({ program, kernels }, rows, layer.down, io, { stride: hidden, added: true });
  recordAdaptation(parts, program, rows, [index, 'down'], io, { x: inner, y: hidden });
}

/** Final norm and vocabulary projection of a pass's rows. logits [rows, padded vocabulary]. */
export function recordLogits(parts: FrozenParts, program: Program, rows: Live): void {
  const { config, kernels, weights, working } = parts;
  recordNorm(parts, program, rows, { x: working.x, gain: weights.finalNorm, y: working.normed });
  recordProduct(
    { program, kernels },
    rows,
    weights.head,
    { x: working.normed, y: working.logits },
    { stride: widthsOf(config).logits },
  );
}

/** What changes from token to token, and from call to call. */
export interface ChoiceLives {
  readonly position: Live;
  readonly end_count: Live;
  readonly seed_low: Live;
  readonly seed_high: Live;
}

/** One token of every completion, from the logits; it is the next pass's token. */
export function recordChoice(
  { config, kernels, working }: FrozenParts,
  program: Program,
  rows: Live,
  lives: ChoiceLives,
  max_length: number,
): void {
  program.dispatch(
    kernels.get(choose),
    {
      logits: working.logits,
      sampler_of: working.sampler,
      ends: working.ends,
      token: working.tokens,
      stats: working.stats,
      current: working.token,
      done: working.done,
    },
    { rows, vocab: config.vocabulary, stride4: widthsOf(config).logits / 4, max_length, ...lives },
    () => 256 * rows.value,
  );
}

/** Log-probability of each row's target, and entropy of what it was drawn from. */
export function recordScore(
  { config, kernels, working }: FrozenParts,
  program: Program,
  rows: Live,
  inverse_temperature: Live,
): void {
  program.dispatch(
    kernels.get(score),
    { logits: working.logits, target_token: working.target, stats: working.scored },
    { rows, vocab: config.vocabulary, stride4: widthsOf(config).logits / 4, inverse_temperature },
    () => 256 * rows.value,
  );
}
