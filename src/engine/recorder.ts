import type { Live, Program } from '../gpu/program.ts';
import type { Kernels } from '../gpu/kernel.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Layout } from '../model/layout.ts';
import type { Parameters } from './parameters.ts';
import type { Plan } from './plan.ts';
import type { Weights } from './trainable.ts';

/** Offset in floats → in vec4s, as kernels count. */
export function quarter(floats: number): number {
  return floats / 4;
}

/** A model on the device, and which kernels compute it. */
export interface PlannedModel {
  readonly config: ModelConfig;
  readonly layout: Layout;
  readonly parameters: Parameters;
  readonly plan: Plan;
}

/** What every recording needs: a model, and the program that is being written. */
export interface Recorder extends PlannedModel {
  readonly program: Program;
  readonly kernels: Kernels;
}

/**
 * Rows in flight and whose they are: policy rows first, from `split[0]` the second model's, from `split[1]` the
 * third's. Counts are multiples of `rowBlock`, set before a replay.
 */
export interface RowSpace {
  readonly rows: Live;
  readonly split: readonly [Live, Live];
  /** Of the three models; where there are fewer, the rest is never read. */
  readonly weights: readonly [Weights, Weights, Weights];
}

/** The fields `split` and `slab4` of a kernel that serves several models. */
export function modelsOf({ split, weights }: RowSpace): {
  split: readonly Live[];
  slab4: readonly number[];
} {
  return { split, slab4: weights.map(({ offset }) => quarter(offset)) };
}

/** Where row i of a pass lies in the key/value cache: i·stride + offset (see shaders/lib/rows.wgsl). */
export interface CachePlace {
  readonly stride: number;
  readonly offset: number;
}
