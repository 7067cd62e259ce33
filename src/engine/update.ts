import type { Buffers } from '../gpu/buffer.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { PacedWork, type Pace } from '../gpu/pacedWork.ts';
import { live, Program } from '../gpu/program.ts';
import { LabError } from '../lib/labError.ts';
import { keptLayers, widthsOf } from './activations.ts';
import { gradientBuffers, recordBackward } from './backward.ts';
import { ownPlace, recordLayers, recordLogits, type Pass } from './forward.ts';
import { lossLives, noRows, policyLoss, rowStats } from './ops/policy_loss.ts';
import { ropeTable } from './ops/qk_norm_rope.ts';
import { Optimizer, type OptimizerSettings } from './optimizer.ts';
import { microBatchRows, rowBlock } from './plan.ts';
import type { PlannedModel, RowSpace } from './recorder.ts';
import { packRows, repeatRows, type TrainingGroup } from './rows.ts';

/** The coefficients of the loss (docs/algorithm.md, step 7). */
export interface LossSettings {
  readonly temperature: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly klCoefficient: number;
  readonly entropyBonus: number;
}

/** The most a batch can hold; buffers are made for it once. */
export interface UpdateCapacity {
  readonly prompts: number;
  readonly completions: number;
  readonly maxPromptLength: number;
  readonly maxCompletionLength: number;
  /** Models whose log-probabilities are wanted beside the policy's. */
  readonly withReference: boolean;
  readonly withAnchor: boolean;
}

/** Forward, loss, backward and optimiser as recorded programs. */
export class Updater {
  /** [batch rows] of `rowStats`. */
  readonly stats: GPUBuffer;
  readonly statRows: number;
  /** [rows of every model, 4·⌈V/4⌉]: after a replay the policy's rows hold gradients, the others logits. */
  readonly logits: GPUBuffer;
  readonly optimizer: Optimizer;
  readonly #device: GPUDevice;
  readonly #rows: number;
  readonly #models: number;
  readonly #batch: PacedWork;
  readonly #apply: PacedWork;
  readonly #loss = lossLives();
  readonly #all = live();
  readonly #policyRows = live();
  readonly #split = [live(), live()] as const;
  readonly #chunk = live();
  readonly #accumulate = live();
  readonly #splits: number;
  readonly #inputs: Readonly<Record<'token' | 'row_meta' | 'target_token' | 'terms', GPUBuffer>>;
  readonly #withAnchor: boolean;
  readonly #withReference: boolean;

  constructor(buffers: Buffers, kernels: Kernels, model: PlannedModel, capacity: UpdateCapacity, pace: Pace) {
    const { config, parameters } = model;
    this.#device = buffers.gpu.device;
    this.#splits = parameters.policy.splits;
    this.#withAnchor = capacity.withAnchor;
    this.#withReference = capacity.withReference;
    this.#models = 1 + Number(capacity.withReference) + Number(capacity.withAnchor);
    const prefix = capacity.maxPromptLength - 1;
    const wanted = capacity.prompts * prefix + capacity.completions * capacity.maxCompletionLength;
    const smallest = prefix + capacity.maxCompletionLength;
    this.#rows = Math.max(
      microBatchRows(config, wanted, this.#models, buffers.gpu.adapter.software),
      Math.ceil(smallest / rowBlock) * rowBlock,
    );
    // Each micro-batch may end short of one completion and begins with a repeated prefix.
    const batches = Math.ceil(wanted / Math.max(1, this.#rows - 2 * smallest)) + 1;
    this.statRows = this.#rows >= wanted ? this.#rows : batches * this.#rows;

    const rows = this.#rows * this.#models;
    const width = widthsOf(config);
    const program = new Program(buffers, 'update', 40 + 40 * config.num_hidden_layers);
    const r = { program, kernels, ...model };
    this.#inputs = {
      token: buffers.storage('token', rows),
      row_meta: buffers.storage('row meta', 4 * rows),
      target_token: buffers.storage('target', this.#rows),
      terms: buffers.storage('terms', 2 * this.#rows),
    };
    const rope = buffers.storage('rope', (prefix + 1 + capacity.maxCompletionLength) * config.head_dim);
    this.#device.queue.writeBuffer(rope, 0, ropeTable(config, prefix + 1 + capacity.maxCompletionLength));
    const layers = keptLayers(buffers, model, rows);
    const logits = buffers.storage('logits', rows * width.logits);
    this.logits = logits;
    const rstd = buffers.storage('final rstd', rows);
    this.stats = buffers.storage('stats', this.statRows * rowStats.floats);
    const space: RowSpace = {
      rows: this.#all,
      split: this.#split,
      weights: [
        parameters.policy,
        capacity.withReference ? parameters.reference : parameters.anchor,
        parameters.anchor,
      ],
    };
    const { token, row_meta, target_token, terms } = this.#inputs;
    const pass: Pass = { space, place: ownPlace, layers, token, row_meta, rope };
    const x = layers.at(-1)?.next ?? logits;
    recordLayers(r, pass, 'output');
    recordLogits(r, space, { x, y: logits, rstd });
    policyLoss(r, this.#policyRows, this.#loss, {
      logits,
      target_token,
      terms,
      old_log_prob: buffers.storage('old log-probability', this.statRows),
      stats: this.stats,
    });
    recordBackward(
      r,
      pass,
      { rows: this.#policyRows, chunk: this.#chunk, accumulate: this.#accumulate },
      gradientBuffers(buffers, config, this.#rows),
      { dlogits: logits, x, rstd },
    );
    const apply = new Program(buffers, 'optimizer', 2);
    this.optimizer = new Optimizer({ ...r, program: apply }, buffers, parameters.policy, parameters.anchor);
    this.#batch = new PacedWork('update', this.#device, program, pace);
    this.#apply = new PacedWork('optimizer', this.#device, apply, pace);
  }

  /**
   * Submits one optimiser update on a batch; micro-batches follow one another, their gradients summed.
   * @param first true for the first update on these rollouts: the ratio is then exactly 1
   * @returns dispatches, and rows of `stats` in use
   * @throws LabError `bug` for a batch larger than the capacity
   */
  submit(
    groups: readonly TrainingGroup[],
    first: boolean,
    loss: LossSettings,
    optimizer: OptimizerSettings,
  ): { dispatches: number; rows: number } {
    const batches = packRows(groups, this.#rows);
    const total = batches.reduce((sum, { rows }) => sum + rows, 0);
    if (total > this.statRows) {
      throw new LabError(
        'bug',
        `A batch of ${String(total)} rows was submitted to an updater made for ${String(this.statRows)}.`,
        'Give the larger capacity to the constructor.',
      );
    }
    this.optimizer.set(optimizer);
    this.#loss.first_update.value = first ? 1 : 0;
    this.#loss.inverse_temperature.value = 1 / loss.temperature;
    this.#loss.clip_low.value = loss.clipLow;
    this.#loss.clip_high.value = loss.clipHigh;
    this.#loss.kl_coefficient.value = loss.klCoefficient;
    this.#loss.entropy_bonus.value = loss.entropyBonus;
    let dispatches = 0;
    let batchRow = 0;
    batches.forEach((batch, index) => {
      const { rows } = batch;
      this.#all.value = rows * this.#models;
      this.#policyRows.value = rows;
      this.#split[0].value = this.#models > 1 ? rows : noRows;
      this.#split[1].value = this.#models > 2 ? 2 * rows : noRows;
      this.#chunk.value = 4 * Math.ceil(rows / this.#splits / 4);
      this.#accumulate.value = index > 0 ? 1 : 0;
      this.#loss.reference_row.value = this.#withReference ? rows : noRows;
      this.#loss.anchor_row.value = this.#withAnchor ? (this.#models - 1) * rows : noRows;
      this.#loss.batch_row.value = batchRow;
      batchRow += rows;
      const { queue } = this.#device;
      for (let model = 0; model < this.#models; model++) {
        queue.writeBuffer(this.#inputs.token, 4 * model * rows, batch.token);
      }
      queue.writeBuffer(this.#inputs.row_meta, 0, repeatRows(batch.rowMeta, rows, this.#models));
      queue.writeBuffer(this.#inputs.target_token, 0, batch.target);
      queue.writeBuffer(this.#inputs.terms, 0, batch.terms);
      dispatches += this.#batch.submit();
    });
    dispatches += this.#apply.submit();
    return { dispatches, rows: batchRow };
  }

  /** Milliseconds on the device since this was last asked; known after a readback. */
  takeMs(): number {
    return this.#batch.takeMs() + this.#apply.takeMs();
  }
}
