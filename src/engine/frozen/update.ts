import copy from '../../../shaders/frozen/copy.wgsl';
import { Buffers } from '../../gpu/buffer.ts';
import { Clock, type Wait } from '../../gpu/clock.ts';
import type { Gpu } from '../../gpu/device.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import { PacedWork, submissionMs } from '../../gpu/pacedWork.ts';
import { live, Program, type Live } from '../../gpu/program.ts';
import { Readback } from '../../gpu/readback.ts';
import { LabError } from '../../lib/labError.ts';
import { Optimizer, type OptimizerSettings } from '../optimizer.ts';
import { ropeTable } from '../ops/qk_norm_rope.ts';
import { packRows, type MicroBatch, type TrainingGroup } from '../rows.ts';
import { RunningAverage, Trainable } from '../trainable.ts';
import type { LossSettings, UpdateCapacity } from '../update.ts';
import { learnedTokens, summarise, type LearnedTokens, type UpdateReport } from '../updateReport.ts';
import { AdaptedRows, noAdapter } from './adapters.ts';
import { backBuffers, recordLayerBack, type BackParts } from './back.ts';
import type { FrozenEngine } from './engine.ts';
import {
  recordPieceLoss,
  recordPieceScore,
  updateLossLives,
  type HeadParts,
  type Piece,
} from './headLoss.ts';
import { dispatchCounts, recordDown, recordEmbedding, recordToActivation } from './record.ts';
import { widthsOf } from './sizes.ts';
import {
  trainedSize,
  updateRows,
  updateWords,
  type RowLimits,
  type TrainedFactors,
  type UpdateBuffer,
} from './updateSizes.ts';

/** Slots of the adapters of a run; the reference is the model without any. */
export const runSlots = { policy: 0, anchor: 1 } as const;

export interface AdapterUpdateOptions extends RowLimits {
  readonly trains: TrainedFactors;
  /** Milliseconds that a submission may last; where it is cut changes no bit. */
  readonly limitMs?: number;
}

/** What a layer began with is kept for the way back, and put back. */
function recordCopy(
  { config, kernels }: BackParts,
  program: Program,
  rows: Live,
  io: { readonly given: GPUBuffer; readonly to: GPUBuffer },
): void {
  const stride4 = widthsOf(config).hidden / 4;
  program.dispatch(kernels.get(copy), io, { rows, stride4 }, () => rows.value * stride4);
}

/**
 * Trains an adapter of a frozen model: forward with a checkpoint a layer, head and loss a few rows at a time, the layers
 * back with their forward pass computed anew, AdamW over the factors and the anchor's running average of them.
 */
export class AdapterUpdater {
  readonly policy: Trainable;
  readonly anchor: RunningAverage;
  /** Floats of an adapter's factors that are trained, which come first. */
  readonly trainedSize: number;
  readonly rows: number;
  readonly #gpu: Gpu;
  readonly #engine: FrozenEngine;
  readonly #buffers: Buffers;
  readonly #clock: Clock;
  readonly #statRows: number;
  readonly #of: Readonly<Record<UpdateBuffer, GPUBuffer>>;
  readonly #adapted: AdaptedRows;
  readonly #all = live();
  readonly #pieces: readonly Piece[];
  readonly #gradient = { chunk: live(), accumulate: live(), scale: live() };
  readonly #loss = updateLossLives();
  readonly #optimizer: Optimizer;
  readonly #forward: PacedWork;
  readonly #scores: Readonly<Record<'reference' | 'anchor', PacedWork | null>>;
  readonly #back: PacedWork;
  readonly #apply: PacedWork;
  readonly #readback: Readback<'stats' | 'report' | 'times'>;
  #updatedRows = 0;

  /**
   * Makes all buffers and records all programs; await `kernels.compile()` before using them.
   * @param engine with adapters in the slots of policy and anchor
   * @throws LabError `does-not-fit`
   */
  constructor(
    gpu: Gpu,
    kernels: Kernels,
    engine: FrozenEngine,
    capacity: UpdateCapacity,
    { trains, limitMs = submissionMs, ...limits }: AdapterUpdateOptions,
  ) {
    this.#gpu = gpu;
    this.#engine = engine;
    const { config, weights, slots } = engine.parts;
    const { layout } = slots;
    const buffers = new Buffers(gpu);
    this.#buffers = buffers;
    try {
      const space = updateRows(config, capacity, limits);
      const { rows, headRows } = space;
      this.rows = rows;
      this.#statRows = space.statRows;
      const size = trainedSize(layout, trains);
      this.trainedSize = size;
      this.policy = new Trainable(buffers, slots.factors, runSlots.policy * layout.size, { size });
      this.anchor = new RunningAverage(buffers, slots.factors, runSlots.anchor * layout.size);
      const { rowAdapters: _, inner: __, ...words } = updateWords(config, layout, capacity, space);
      this.#adapted = new AdaptedRows(buffers, slots, rows);
      const made = Object.entries(words).map(([name, count]) => [name, buffers.storage(name, count)]);
      this.#of = {
        ...(Object.fromEntries(made) as Record<Exclude<UpdateBuffer, 'rowAdapters' | 'inner'>, GPUBuffer>),
        rowAdapters: this.#adapted.rowAdapters,
        inner: this.#adapted.inner,
      };
      const of = this.#of;
      const positions = capacity.maxPromptLength + capacity.maxCompletionLength;
      const rope = ropeTable({ head_dim: config.headDim, rope_theta: config.theta }, positions);
      gpu.device.queue.writeBuffer(of.rope, 0, rope);
      const checkpoints = Array.from({ length: config.layers }, (_, layer) =>
        buffers.storage(`checkpoint of layer ${String(layer)}`, rows * widthsOf(config).hidden),
      );
      const cache = { k: of.k, v: of.v };
      const parts: HeadParts = {
        of,
        lives: this.#loss,
        config,
        kernels,
        weights,
        working: of,
        caches: checkpoints.map(() => cache),
        adapters: this.#adapted,
        d: Object.fromEntries(backBuffers.map((name) => [name, of[name]])) as BackParts['d'],
        queryEnd: of.queryEnd,
        gradient: {
          partials: this.policy.partials,
          splits: this.policy.splits,
          size,
          lives: this.#gradient,
        },
      };
      this.#pieces = Array.from({ length: rows / headRows }, (_, index) => ({
        index,
        most: headRows,
        rows: live(),
        batchRow: live(),
      }));
      const counts = dispatchCounts(parts);
      const headTiles = weights.head.tiles.length;
      const lives = { rows: this.#all, step: live() };

      const forward = new Program(buffers, 'adapters forward', counts.layers + config.layers);
      recordEmbedding(parts, forward, this.#all);
      checkpoints.forEach((checkpoint, index) => {
        recordCopy(parts, forward, this.#all, { given: of.x, to: checkpoint });
        recordToActivation(parts, forward, lives, index);
        recordDown(parts, forward, this.#all, index);
      });

      const scored = (name: 'reference' | 'anchor', wanted: boolean): PacedWork | null => {
        if (!wanted) return null;
        const program = new Program(buffers, `score ${name}`, this.#pieces.length * (2 + headTiles));
        for (const piece of this.#pieces) recordPieceScore(parts, program, piece, name);
        return paced(`score ${name}`, program);
      };

      // At most 27 dispatches of a layer's way back beside its products, and what its way forth takes.
      const back = new Program(
        buffers,
        'adapters back',
        this.#pieces.length * (3 + 2 * headTiles) + 2 * counts.layers + 28 * config.layers,
      );
      for (const piece of this.#pieces) recordPieceLoss(parts, back, piece, capacity);
      checkpoints.toReversed().forEach((checkpoint, fromEnd) => {
        const index = checkpoints.length - 1 - fromEnd;
        recordCopy(parts, back, this.#all, { given: checkpoint, to: of.x });
        recordLayerBack(parts, back, lives, index, checkpoint);
      });

      const apply = new Program(buffers, 'optimizer', 2);
      this.#optimizer = new Optimizer(
        { program: apply, kernels, layout: { size, matrixFloats: size } },
        buffers,
        this.policy,
        this.anchor,
      );
      this.#clock = new Clock(buffers);
      const pace = { clock: this.#clock, limitMs };
      const paced = (label: string, work: Program) => new PacedWork(label, gpu.device, work, pace);
      this.#scores = {
        reference: scored('reference', capacity.withReference),
        anchor: scored('anchor', capacity.withAnchor),
      };
      this.#forward = paced('forward', forward);
      this.#back = paced('back', back);
      this.#apply = paced('optimizer', apply);
      const { report } = this.#optimizer;
      this.#readback = new Readback(buffers, 'update', {
        stats: { buffer: of.stats, bytes: of.stats.size },
        report: { buffer: report, bytes: report.size },
        times: this.#clock.source ?? { buffer: report, bytes: 0 },
      });
    } catch (error) {
      // What does not fit leaves nothing behind.
      buffers.destroy();
      throw error;
    }
  }

  /** Bytes of its buffers; the frozen model and the slots are the engine's. */
  get sizeBytes(): number {
    return this.#buffers.sizeBytes;
  }

  /** Buffers made, and waits for the device, so far. */
  get counts(): { readonly allocations: number; readonly readbacks: number } {
    return { allocations: this.#buffers.count, readbacks: this.#readback.waits };
  }

  /**
   * Submits one optimiser update on a batch; micro-batches follow one another, their gradients summed.
   * @param first true for the first update on these rollouts: the ratio is then exactly 1
   * @returns how many, and rows of its micro-batches
   * @throws LabError `bug` for a batch larger than the capacity
   */
  submit(
    groups: readonly TrainingGroup[],
    first: boolean,
    settings: LossSettings,
    optimizer: OptimizerSettings,
  ): { readonly dispatches: number; readonly rows: number } {
    const batches = packRows(groups, this.rows);
    const total = batches.reduce((sum, { rows }) => sum + rows, 0);
    if (total > this.#statRows) {
      throw new LabError(
        'bug',
        `A batch of ${String(total)} rows was submitted to an updater made for ${String(this.#statRows)}.`,
        'Give the larger capacity to the constructor.',
      );
    }
    this.#optimizer.set(optimizer);
    this.#loss.first_update.value = first ? 1 : 0;
    this.#loss.inverse_temperature.value = 1 / settings.temperature;
    this.#loss.clip_low.value = settings.clipLow;
    this.#loss.clip_high.value = settings.clipHigh;
    this.#loss.kl_coefficient.value = settings.klCoefficient;
    this.#loss.entropy_bonus.value = settings.entropyBonus;
    this.#gradient.scale.value = this.#engine.parts.slots.scaleOf(runSlots.policy);
    let dispatches = 0;
    let batchRow = 0;
    batches.forEach((batch, index) => {
      this.#write(batch, batchRow);
      batchRow += batch.rows;
      this.#gradient.accumulate.value = index > 0 ? 1 : 0;
      for (const [name, slot] of [
        ['reference', noAdapter],
        ['anchor', runSlots.anchor],
      ] as const) {
        const scores = this.#scores[name];
        if (scores === null) continue;
        this.#through(slot, batch.rows);
        dispatches += this.#forward.submit() + scores.submit();
      }
      this.#through(runSlots.policy, batch.rows);
      dispatches += this.#forward.submit() + this.#back.submit();
    });
    this.#updatedRows = batchRow;
    return { dispatches: dispatches + this.#apply.submit(), rows: batchRow };
  }

  /** What the last update reported, in one wait. */
  async read(): Promise<{
    readonly report: UpdateReport;
    readonly tokens: LearnedTokens;
    readonly times: Wait & { readonly updateMs: number };
  }> {
    const { device } = this.#gpu;
    const encoder = device.createCommandEncoder({ label: 'update readback' });
    this.#clock.resolve(encoder);
    const names = ['stats', 'report', 'times'] as const;
    this.#readback.copy(encoder, names);
    device.queue.submit([encoder.finish()]);
    const { stats, report, times } = await this.#readback.take(names);
    const wait = this.#clock.tell(this.#clock.source === null ? null : times);
    this.#clock.leave();
    const scores = Object.values(this.#scores).map((each) => each?.takeMs() ?? 0);
    const ms = [this.#forward, this.#back, this.#apply].map((work) => work.takeMs());
    return {
      report: summarise(stats, this.#updatedRows, report),
      tokens: learnedTokens(stats, this.#updatedRows),
      times: { ...wait, updateMs: [...ms, ...scores].reduce((sum, each) => sum + each, 0) },
    };
  }

  destroy(): void {
    this.#clock.destroy();
    this.#buffers.destroy();
  }

  #through(slot: number, rows: number): void {
    this.#adapted.set(new Int32Array(rows).fill(slot));
  }

  #write({ rows, token, rowMeta, target, terms }: MicroBatch, batchRow: number): void {
    const { queue } = this.#gpu.device;
    const places = new Uint32Array(4 * rows);
    const ends = new Uint32Array(rows);
    for (let row = 0; row < rows; row++) {
      places.set([...rowMeta.subarray(4 * row, 4 * row + 3), row], 4 * row);
      ends[row] = rowMeta[4 * row + 3] ?? row;
    }
    queue.writeBuffer(this.#of.token, 0, token);
    queue.writeBuffer(this.#of.places, 0, places);
    queue.writeBuffer(this.#of.queryEnd, 0, ends);
    queue.writeBuffer(this.#of.target, 0, target);
    queue.writeBuffer(this.#of.terms, 0, terms);
    this.#all.value = rows;
    this.#gradient.chunk.value = Math.ceil(rows / this.policy.splits);
    for (const { index, most, rows: own, batchRow: at } of this.#pieces) {
      own.value = Math.max(0, Math.min(most, rows - index * most));
      at.value = batchRow + index * most;
    }
  }
}
