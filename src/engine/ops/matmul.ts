import backward from '../../../shaders/ops/matmul.backward.wgsl';
import backwardWeight from '../../../shaders/ops/matmul.backward_weight.wgsl';
import forward from '../../../shaders/ops/matmul.forward.wgsl';
import type { Gpu } from '../../gpu/device.ts';
import type { Live } from '../../gpu/program.ts';
import { activationPrelude } from '../activations.ts';
import type { ActivationType, MatmulForm } from '../plan.ts';
import { modelsOf, quarter, type Recorder, type RowSpace } from '../recorder.ts';
import { partialParams, type GradientRows } from '../partials.ts';

/** Lanes of a workgroup of matmul.forward and matmul.backward, and rows of its tile (see shaders/lib/tile.wgsl). */
const lanes = 32;
const tileRows = 4 * lanes;

/** Workgroups of the weight gradient have at most this many lanes, four outputs each. */
const maxWeightLanes = 32;

/** Threads for rows of one or several models, `width` columns; no tile holds rows of two models. */
export function tileThreads(
  form: MatmulForm,
  width: number,
  rows: Live,
  split: readonly Live[] = [],
): () => number {
  const blocks = columnBlocks(form, width);
  return () => {
    const ends = [...split, rows].map(({ value }) => Math.min(value, rows.value));
    const tiles = ends.reduce((sum, end, i) => sum + Math.ceil((end - (ends[i - 1] ?? 0)) / tileRows), 0);
    return tiles * lanes * blocks;
  };
}

function columnBlocks(form: MatmulForm, width: number): number {
  return Math.ceil(width / columnsOf[form]);
}

/**
 * Lanes that share x in a weight gradient of n outputs: few idle, whole groups of four. A software adapter runs the
 * subgroups of a workgroup one after another: there a width for each n would bring nothing but pipelines to compile.
 */
function weightLanes({ adapter, subgroupSize }: Gpu, n: number): number {
  if (adapter.software) return subgroupSize;
  const n4 = stride4(n);
  return 4 * Math.ceil(n4 / Math.ceil(n4 / maxWeightLanes) / 4);
}

const columnsOf: Readonly<Record<MatmulForm, number>> = { '4x8': 8, '4x16': 16 };

/** What a form is to a shader. */
export function formOverrides(form: MatmulForm): { readonly WIDE: boolean } {
  return { WIDE: form === '4x16' };
}

/** A weight matrix [n, k] at `offset` floats, and the gain of the norm in front of it, if any. */
export interface Weight {
  readonly offset: number;
  readonly n: number;
  readonly k: number;
  readonly gain?: number;
}

/** A weight with a norm in front of it. */
export type NormedWeight = Weight & { readonly gain: number };

/** Row length of a result of n columns, in vec4s. */
export function stride4(n: number): number {
  return Math.ceil(n / 4);
}

/**
 * y = norm(x)·wᵀ (+ residual). x [rows, k], y and residual [rows, 4·⌈n/4⌉]; x and residual are activations.
 * @param io `rstd` [rows] is written where the weight has a gain, and only bound where it has none
 * @param product how y is stored
 */
export function matmulForward(
  r: Recorder,
  space: RowSpace,
  weight: Weight,
  io: {
    readonly x: GPUBuffer;
    readonly y: GPUBuffer;
    readonly rstd: GPUBuffer;
    readonly residual?: GPUBuffer;
  },
  product: ActivationType = r.plan.activations,
): void {
  const form = r.plan.matmul.forward;
  r.program.dispatch(
    r.kernels.get(
      forward,
      {
        NORMED: weight.gain !== undefined,
        RESIDUAL: io.residual !== undefined,
        ...formOverrides(form),
      },
      `${activationPrelude(r.plan.activations)}\nalias Product4 = vec4<${product}>;`,
    ),
    { parameters: r.parameters.slabs, x: io.x, y: io.y, rstd: io.rstd, residual: io.residual ?? io.x },
    {
      rows: space.rows,
      k4: quarter(weight.k),
      n: weight.n,
      stride4: stride4(weight.n),
      weight4: quarter(weight.offset),
      gain4: quarter(weight.gain ?? 0),
      eps: r.config.rms_norm_eps,
      ...modelsOf(space),
    },
    tileThreads(form, weight.n, space.rows, space.split),
  );
}

/** dx = dy·w. dy [rows, 4·⌈n/4⌉] with zero padding, dx [rows, k]. */
export function matmulBackward(r: Recorder, rows: Live, weight: Weight, dy: GPUBuffer, dx: GPUBuffer): void {
  const form = r.plan.matmul.backward;
  r.program.dispatch(
    r.kernels.get(backward, formOverrides(form)),
    { parameters: r.parameters.slabs, dy, dx },
    { rows, k4: quarter(weight.k), n: weight.n, n4: stride4(weight.n), weight4: quarter(weight.offset) },
    tileThreads(form, weight.k, rows),
  );
}

/** dw = dyᵀ·norm(x), in ordered parts; x is an activation. */
export function matmulBackwardWeight(
  r: Recorder,
  of: GradientRows,
  weight: Weight,
  io: { readonly dy: GPUBuffer; readonly x: GPUBuffer; readonly rstd: GPUBuffer },
): void {
  const form = r.plan.matmul.weight;
  const LANES = weightLanes(r.kernels.gpu, weight.n);
  r.program.dispatch(
    r.kernels.get(
      backwardWeight,
      { NORMED: weight.gain !== undefined, LANES, ...formOverrides(form) },
      activationPrelude(r.plan.activations),
    ),
    { parameters: r.parameters.slabs, partials: r.parameters.policy.partials, ...io },
    {
      ...partialParams(r, of),
      k4: quarter(weight.k),
      n: weight.n,
      n4: stride4(weight.n),
      weight4: quarter(weight.offset),
      gain4: quarter(weight.gain ?? 0),
    },
    r.parameters.policy.splits * columnBlocks(form, weight.k) * LANES * Math.ceil(stride4(weight.n) / LANES),
  );
}
