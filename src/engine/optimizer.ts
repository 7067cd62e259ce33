import adamwEma from '../../shaders/optimizer/adamw_ema.wgsl';
import gradNorm from '../../shaders/optimizer/grad_norm.wgsl';
import type { Buffers } from '../gpu/buffer.ts';
import { elementsOf } from '../gpu/elements.ts';
import { live } from '../gpu/program.ts';
import type { Layout } from '../model/layout.ts';
import { quarter, type Recorder } from './recorder.ts';
import type { RunningAverage, Trainable } from './trainable.ts';

const threads = 64;
/** adamw_ema adds up the blocks by itself, so there are few. */
const maxBlocks = 256;

const blockReport = elementsOf(adamwEma, 'report', ['gradient_squared', 'apart_squared', 'policy_squared']);

/** What an update needs beside the gradient. */
export interface OptimizerSettings {
  /** 1-based number of this optimiser update, for AdamW's bias correction. */
  readonly update: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** The gradient is scaled down to this global norm. */
  readonly maxNorm: number;
  /** m of the anchor's update after this optimiser update; null leaves the anchor alone. */
  readonly anchorMomentum: number | null;
}

/** Global-norm clip, AdamW and EMA anchor: two dispatches over flat buffers. */
export class Optimizer {
  /** [blocks] of what adamw_ema tells of its parameters. */
  readonly report: GPUBuffer;
  readonly blocks: number;
  readonly #lives = {
    update_anchor: live(),
    max_norm: live(),
    learning_rate: live(),
    beta1: live(),
    beta2: live(),
    correction1: live(),
    correction2: live(),
    epsilon: live(),
    weight_decay: live(),
    momentum: live(),
  };

  constructor(
    r: Pick<Recorder, 'program' | 'kernels'> & { readonly layout: Pick<Layout, 'size' | 'matrixFloats'> },
    buffers: Buffers,
    policy: Trainable,
    anchor: RunningAverage,
  ) {
    const { slabs, partials, splits, gradient, m, v } = policy;
    const size4 = quarter(r.layout.size);
    const chunk4 = Math.max(threads, Math.ceil(size4 / maxBlocks));
    this.blocks = Math.ceil(size4 / chunk4);
    this.report = buffers.storage('optimizer report', blockReport.floats * this.blocks);
    const blockSums = buffers.storage('block sums', 4 * this.blocks);
    r.program.dispatch(
      r.kernels.get(gradNorm),
      { partials, gradient, block_sums: blockSums },
      { size4, splits, chunk4 },
      this.blocks * threads,
    );
    r.program.dispatch(
      r.kernels.get(adamwEma),
      { parameters: slabs, gradient, m, v, block_sums: blockSums, report: this.report },
      {
        size4,
        chunk4,
        blocks: this.blocks,
        decay4: quarter(r.layout.matrixFloats),
        anchor4: quarter(anchor.offset),
        ...this.#lives,
      },
      this.blocks * threads,
    );
  }

  set(settings: OptimizerSettings): void {
    const lives = this.#lives;
    lives.update_anchor.value = settings.anchorMomentum === null ? 0 : 1;
    lives.momentum.value = settings.anchorMomentum ?? 0;
    lives.max_norm.value = settings.maxNorm;
    lives.learning_rate.value = settings.learningRate;
    lives.beta1.value = settings.beta1;
    lives.beta2.value = settings.beta2;
    lives.correction1.value = 1 - settings.beta1 ** settings.update;
    lives.correction2.value = 1 - settings.beta2 ** settings.update;
    lives.epsilon.value = settings.epsilon;
    lives.weight_decay.value = settings.weightDecay;
  }
}

/** @param report bytes of `Optimizer.report` */
export function readReport(report: ArrayBuffer): { gradNorm: number; anchorDistance: number } {
  const values = new Float32Array(report);
  let apart = 0;
  let policy = 0;
  const { floats, at } = blockReport;
  for (let block = 0; block < values.length; block += floats) {
    apart += values[block + at.apart_squared] ?? NaN;
    policy += values[block + at.policy_squared] ?? NaN;
  }
  return {
    gradNorm: Math.sqrt(values[at.gradient_squared] ?? NaN),
    anchorDistance: Math.sqrt(apart / policy),
  };
}
