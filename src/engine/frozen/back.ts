import adapterGradient from '../../../shaders/frozen/adapter_gradient.wgsl';
import attentionBackKey from '../../../shaders/frozen/attention_back_key.wgsl';
import attentionBackQuery from '../../../shaders/frozen/attention_back_query.wgsl';
import normBack from '../../../shaders/frozen/norm_back.wgsl';
import productBack from '../../../shaders/frozen/product_back.wgsl';
import ropeBack from '../../../shaders/frozen/rope_back.wgsl';
import swigluBack from '../../../shaders/frozen/swiglu_back.wgsl';
import type { Kernels } from '../../gpu/kernel.ts';
import type { Binding, Live, Program } from '../../gpu/program.ts';
import type { AdaptedProduct } from '../../model/pretrained/adapter.ts';
import type { PretrainedConfig } from '../../model/pretrained/config.ts';
import type { AdaptedPart } from './adapterLayout.ts';
import {
  aFactors,
  bFactors,
  quarters,
  recordInto,
  recordOut,
  type AdaptedRows,
  type FactorPart,
} from './adapters.ts';
import { frozenTypes, paddedWidth, type FrozenMatrix } from './matrix.ts';
import { recordNorm, recordToActivation, type LayerParts } from './record.ts';
import { widthsOf } from './sizes.ts';

/** Gradients in flight, one set for all layers, and what the way back keeps beside them. */
export const backBuffers = [
  'dx',
  'dnormed',
  'dqkv',
  'dq',
  'dk',
  'dv',
  'dattended',
  'dgateUp',
  'dact',
  'kept',
  'dinner',
] as const;
export type BackBuffer = (typeof backBuffers)[number];

/** Where the gradient of the trained factors is summed, in ordered parts. */
export interface FactorGradient {
  /** [splits, size] */
  readonly partials: GPUBuffer;
  readonly splits: number;
  /** Floats of a split: those of the factors that are trained, which come first in the layout. */
  readonly size: number;
  /** Rows of a split, 1 to add to what is there, and the scale of the adapter that all rows go through. */
  readonly lives: Readonly<Record<'chunk' | 'accumulate' | 'scale', Live>>;
}

/** What a recording of the way back works on. */
export interface BackParts extends LayerParts {
  readonly adapters: AdaptedRows;
  readonly d: Readonly<Record<BackBuffer, GPUBuffer>>;
  /** [rows]: one past the last row that attends to this one. */
  readonly queryEnd: GPUBuffer;
  readonly gradient: FactorGradient;
}

interface On {
  readonly program: Program;
  readonly kernels: Kernels;
}

/** dx = dy·w. dy [rows, stride], dx [rows, padded inputs]. */
export function recordProductBack(
  { program, kernels }: On,
  rows: Live,
  matrix: FrozenMatrix,
  io: { readonly dy: Binding; readonly dx: Binding },
  stride: number,
): void {
  const eights = paddedWidth(matrix.inputs) / 8;
  matrix.tiles.forEach(({ weights, scales, first, outputs }, tile) => {
    program.dispatch(
      kernels.get(productBack, { STORED: frozenTypes[matrix.type] }),
      { weights, scales, ...io },
      { rows, eights, outputs, first, stride, added: tile > 0 ? 1 : 0 },
      () => 64 * Math.ceil(rows.value / 8) * Math.ceil(eights / 4),
    );
  });
}

/** The gradient past a norm, added to that of the stream or written. All [rows, padded hidden]. */
export function recordNormBack(
  { config, kernels }: { readonly config: PretrainedConfig; readonly kernels: Kernels },
  program: Program,
  rows: Live,
  io: Readonly<Record<'x' | 'gain' | 'dy' | 'dx', Binding>>,
  added: boolean,
): void {
  program.dispatch(
    kernels.get(normBack),
    io,
    {
      rows,
      width4: config.hidden / 4,
      stride4: paddedWidth(config.hidden) / 4,
      eps: config.eps,
      added: added ? 1 : 0,
    },
    () => 64 * rows.value,
  );
}

/** Of some factors: dm = t·x over the rows, in ordered parts. */
function recordGradient(
  { program, kernels }: On,
  { adapters, gradient }: Pick<BackParts, 'adapters' | 'gradient'>,
  rows: Live,
  parts: readonly FactorPart[],
  io: { readonly x: GPUBuffer; readonly t: GPUBuffer },
  { stride, scaled }: { readonly stride: number; readonly scaled: boolean },
): void {
  const { rank } = adapters.slots.layout;
  const { partials, splits, size, lives } = gradient;
  const all4 = parts.reduce((sum, { width }) => sum + width / 4, 0);
  program.dispatch(
    kernels.get(adapterGradient),
    { ...io, partials },
    {
      rows,
      ...lives,
      splits,
      rank,
      stride4: stride / 4,
      t_stride: adapters.innerStride,
      size4: size / 4,
      all4,
      scaled: scaled ? 1 : 0,
      width4: quarters(parts, ({ width }) => width),
      from4: quarters(parts, ({ column }) => column),
      matrix4: quarters(parts, ({ matrixAt }) => matrixAt),
    },
    splits * rank * all4,
  );
}

/** A product on the way back: its matrix, the adapter's part in it, what went in, and what came back. */
interface Product {
  readonly matrix: FrozenMatrix;
  readonly adapted: readonly AdaptedPart[];
  readonly x: GPUBuffer;
  readonly dy: GPUBuffer;
  /** Null where nothing needs the gradient of what went in. */
  readonly dx: GPUBuffer | null;
  readonly strides: { readonly x: number; readonly y: number };
}

/** For y = W·x + scale·B·(A·x): gradients of A and B, and dx = Wᵀ·dy + scale·Aᵀ·(Bᵀ·dy). */
function recordAdaptedBack(parts: BackParts, program: Program, rows: Live, of: Product): void {
  const { kernels, adapters, d, gradient } = parts;
  const on = { program, kernels };
  const { matrix, adapted, x, dy, dx, strides } = of;
  if (dx !== null) recordProductBack(on, rows, matrix, { dy, dx }, strides.y);
  const [first] = adapted;
  if (first === undefined) return;
  const r = { ...on, rows, adapters };
  const [a, b] = [aFactors(adapted), bFactors(adapted)];
  const t = adapters.inner;
  recordInto(r, a, { x, t }, { stride: strides.x, scaled: false });
  recordGradient(on, parts, rows, b, { x: dy, t }, { stride: strides.y, scaled: true });
  const trainsA = first.aAt < gradient.size;
  if (dx === null && !trainsA) return;
  recordInto(r, b, { x: dy, t: d.dinner }, { stride: strides.y, scaled: true });
  if (trainsA) recordGradient(on, parts, rows, a, { x, t: d.dinner }, { stride: strides.x, scaled: false });
  if (dx === null) return;
  // The A's of a product are one matrix of all their ranks.
  const rank = adapters.slots.layout.rank * adapted.length;
  const all = [{ matrixAt: first.aAt, width: first.inputs, column: 0 }];
  recordOut(r, all, { t: d.dinner, y: dx }, { stride: strides.x, scaled: false, rank });
}

/**
 * A layer on the way back: from what it began with, its forward pass is computed anew; then `dx`, the gradient of what came
 * out of it, becomes that of what went in, and the gradients of its factors are added up.
 * @param kept what the layer began with, [rows, padded hidden]; already copied into the stream
 */
export function recordLayerBack(
  parts: BackParts,
  program: Program,
  { rows, step }: { readonly rows: Live; readonly step: Live },
  index: number,
  kept: GPUBuffer,
): void {
  const { config, kernels, weights, working, caches, adapters, d } = parts;
  const [layer, cache] = [weights.layers[index], caches[index]];
  if (layer === undefined || cache === undefined) return;
  const width = widthsOf(config);
  const { heads, kvHeads: kv_heads, headDim } = config;
  const adapted = (product: AdaptedProduct): readonly AdaptedPart[] =>
    adapters.slots.layout.layers[index]?.[product] ?? [];
  recordToActivation(parts, program, { rows, step }, index);

  recordAdaptedBack(parts, program, rows, {
    ...{ matrix: layer.down, adapted: adapted('down'), x: working.act, dy: d.dx, dx: d.dact },
    strides: { x: width.inner, y: width.hidden },
  });
  const inner4 = config.inner / 4;
  program.dispatch(
    kernels.get(swigluBack),
    { gate_up: working.gateUp, dy: d.dact, dgate_up: d.dgateUp },
    { rows, inner4, gate_up_stride4: width.gateUp / 4, stride4: width.inner / 4 },
    () => rows.value * inner4,
  );
  recordAdaptedBack(parts, program, rows, {
    ...{ matrix: layer.gateUp, adapted: adapted('gateUp'), x: working.normed, dy: d.dgateUp, dx: d.dnormed },
    strides: { x: width.hidden, y: width.gateUp },
  });
  const mid = { x: working.x, gain: layer.postAttentionNorm, dy: d.dnormed, dx: d.dx };
  recordNormBack(parts, program, rows, mid, true);
  recordAdaptedBack(parts, program, rows, {
    ...{ matrix: layer.output, adapted: adapted('output'), x: working.attended, dy: d.dx, dx: d.dattended },
    strides: { x: width.queries, y: width.hidden },
  });

  const attention = {
    rows,
    heads,
    kv_heads,
    head4: headDim / 4,
    stride4: width.queries / 4,
    scale: 1 / Math.sqrt(headDim),
  };
  const { q, places, rope, qkv, attended: out } = working;
  program.dispatch(
    kernels.get(attentionBackQuery),
    { q, ...cache, places, out, dout: d.dattended, dq: d.dq, kept: d.kept },
    attention,
    () => 64 * rows.value * heads,
  );
  program.dispatch(
    kernels.get(attentionBackKey),
    { q, ...cache, query_end: parts.queryEnd, dout: d.dattended, kept: d.kept, dk: d.dk, dv: d.dv },
    attention,
    () => 64 * rows.value * kv_heads,
  );
  program.dispatch(
    kernels.get(ropeBack, { NORMED: layer.gains !== null }),
    { qkv, gains: layer.gains ?? layer.inputNorm, rope, places, dq: d.dq, dk: d.dk, dv: d.dv, dqkv: d.dqkv },
    {
      ...{ rows, heads, kv_heads, half4: headDim / 8, eps: config.eps },
      ...{ qkv_stride4: width.qkv / 4, q_stride4: width.queries / 4 },
    },
    () => rows.value * (heads + 2 * kv_heads),
  );
  recordNorm(parts, program, rows, { x: kept, gain: layer.inputNorm, y: working.normed });
  // What the first layer began with is the frozen embedding.
  const needed = index > 0;
  recordAdaptedBack(parts, program, rows, {
    ...{ matrix: layer.qkv, adapted: adapted('qkv'), x: working.normed, dy: d.dqkv },
    dx: needed ? d.dnormed : null,
    strides: { x: width.hidden, y: width.qkv },
  });
  if (!needed) return;
  const begun = { x: kept, gain: layer.inputNorm, dy: d.dnormed, dx: d.dx };
  recordNormBack(parts, program, rows, begun, true);
}
