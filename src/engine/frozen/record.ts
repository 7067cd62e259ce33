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
import type { Live, Program } from '../../gpu/program.ts';
import type { PretrainedConfig } from '../../model/pretrained/config.ts';
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
}

/** What changes from pass to pass. */
export interface PassLives {
  readonly rows: Live;
  /** Added to every row's place in the cache. */
  readonly step: Live;
}

/** The figures of a token or row of `stats`, and of `scored`. */
export const chosenStats = elementsOf(choose, 'stats', ['log_prob', 'entropy']);
export const scoredStats = elementsOf(score, 'stats', ['log_prob', 'entropy']);

/** Dispatches of a model's layers with its embedding, and of its head with what follows. */
export function dispatchCounts({ config, weights }: Pick<FrozenParts, 'config' | 'weights'>) {
  const tiles = (matrix: FrozenMatrix) => matrix.tiles.length;
  const layer = weights.layers.reduce(
    (sum, { qkv, output, gateUp, down }) => sum + tiles(qkv) + tiles(output) + tiles(gateUp) + tiles(down),
    0,
  );
  return {
    layers: tiles(weights.embedding) + layer + 5 * config.layers,
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

function recordNorm(
  { config, kernels }: Pick<FrozenParts, 'config' | 'kernels'>,
  program: Program,
  rows: Live,
  io: Readonly<Record<'x' | 'gain' | 'y', GPUBuffer>>,
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
export function recordLayers(parts: FrozenParts, program: Program, { rows, step }: PassLives): void {
  const { config, kernels, weights, working, caches } = parts;
  const width = widthsOf(config);
  const { heads, kvHeads: kv_heads, headDim } = config;
  const on = { program, kernels };
  const eights = width.hidden / 8;
  for (const tile of weights.embedding.tiles) {
    program.dispatch(
      kernels.get(embed, { STORED: frozenTypes[weights.embedding.type] }),
      { weights: tile.weights, scales: tile.scales, token: working.token, x: working.x },
      { rows, eights, first: tile.first, outputs: tile.outputs },
      () => rows.value * eights,
    );
  }
  weights.layers.forEach((layer, index) => {
    const cache = caches[index];
    if (cache === undefined) return;
    recordNorm(parts, program, rows, { x: working.x, gain: layer.inputNorm, y: working.normed });
    recordProduct(
      on,
      rows,
      layer.qkv,
      { x: working.normed, y: working.qkv, bias: layer.bias },
      { stride: width.qkv },
    );
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
    const toStream = { stride: width.hidden, added: true };
    recordProduct(on, rows, layer.output, { x: working.attended, y: working.x }, toStream);
    recordNorm(parts, program, rows, { x: working.x, gain: layer.postAttentionNorm, y: working.normed });
    recordProduct(on, rows, layer.gateUp, { x: working.normed, y: working.gateUp }, { stride: width.gateUp });
    const inner4 = config.inner / 4;
    program.dispatch(
      kernels.get(swiglu),
      { gate_up: working.gateUp, y: working.act },
      { rows, inner4, from_stride4: width.gateUp / 4, stride4: width.inner / 4 },
      () => rows.value * inner4,
    );
    recordProduct(on, rows, layer.down, { x: working.act, y: working.x }, toStream);
  });
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
