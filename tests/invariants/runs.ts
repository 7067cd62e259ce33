import { openHeadless } from '../../src/cli/headless.ts';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Kernels } from '../../src/gpu/kernel.ts';
import { Device } from '../../src/host/host.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { metricIds, type MetricId, type MetricRow } from '../../src/spec/metrics.ts';
import type { Task } from '../../src/spec/task.ts';
import type { Checkpoint } from '../../src/trainer/checkpoint.ts';
import { runReward } from '../../src/host/rewardCode.ts';
import type { EvaluateApart } from '../../src/trainer/apart.ts';
import { Trainer } from '../../src/trainer/trainer.ts';

/** Small enough for a software GPU: a run takes a second or two. */
const small: Partial<Settings> = {
  model: 'sort-32',
  promptsPerStep: 3,
  groupSize: 6,
  steps: 4,
  warmupSteps: 0,
  learningRate: 1e-3,
  seed: 7,
  evalEvery: 2,
  evalPrompts: 2,
  evalMajorityPrompts: 0,
};

export function smallSettings(changes: Partial<Settings>): Settings {
  return validateSettings({ ...small, ...changes });
}

/** The base model's parameters, [size]. */
export function baseWeights(settings: Settings): Float32Array {
  return readModelFolder(settings.model).weights;
}

/** What a run leaves behind. */
export interface Ran {
  /** The evaluation at step 0, then a record per step. */
  readonly rows: readonly Partial<MetricRow>[];
  readonly policy: Float32Array;
  readonly anchor: Float32Array;
}

/** What is done to a run under way. */
export interface Meddling {
  readonly task?: Task;
  /** Called before each step, 1 first. */
  readonly before?: (trainer: Trainer, step: number) => void | Promise<void>;
}

/** A device on which runs follow one another. */
export class Runs {
  readonly device: Device;
  readonly gpu: Gpu;
  readonly kernels: Kernels;

  private constructor(gpu: Gpu) {
    this.device = new Device(gpu);
    ({ gpu: this.gpu, kernels: this.kernels } = this.device);
  }

  static async open(): Promise<Runs> {
    return new Runs(await openHeadless());
  }

  close(): void {
    this.gpu.device.destroy();
  }

  /** @param from where it goes on @param evaluateApart evaluates in the engine's place, where it is set to */
  async trainer(
    settings: Settings,
    task?: Task,
    from?: Checkpoint,
    evaluateApart?: EvaluateApart,
  ): Promise<Trainer> {
    // A clock that stands still: no time reaches anything that is compared.
    const options = {
      now: () => 0,
      checkpoints: true,
      runReward,
      ...(task === undefined ? {} : { task }),
      ...(from === undefined ? {} : { from }),
      ...(evaluateApart === undefined ? {} : { evaluateApart }),
    };
    const trainer = new Trainer(this.gpu, this.kernels, readModelFolder(settings.model), settings, options);
    await this.kernels.compile();
    return trainer;
  }

  /** Trains from the base to the last step. */
  async train(changes: Partial<Settings>, { task, before }: Meddling = {}): Promise<Ran> {
    const trainer = await this.trainer(smallSettings(changes), task);
    const rows = [await trainer.start()];
    while (!trainer.finished) {
      await before?.(trainer, trainer.step + 1);
      rows.push((await trainer.next()).metrics);
    }
    return finish(trainer, rows);
  }
}

/** Reads the parameters of a run that is done, and frees it. */
export async function finish(trainer: Trainer, rows: readonly Partial<MetricRow>[]): Promise<Ran> {
  const policy = await trainer.engine.readParameters('policy');
  const anchor = await trainer.engine.readParameters('anchor');
  trainer.destroy();
  return { rows, policy, anchor };
}

/** Metrics that tell of watching, not of training: where runs differ in what they watch. */
export const ofAnchorRollouts: readonly MetricId[] = [
  'anchor/entropy',
  'vote/anchor_disagreement',
  'vote/answer_overlap',
  'warning/score',
];
export const ofAnchor: readonly MetricId[] = [
  ...ofAnchorRollouts,
  'policy/kl_anchor',
  'anchor/distance',
  'eval/anchor_greedy',
];
export const ofTruth: readonly MetricId[] = metricIds.filter((id) => /^(truth|eval)\//.test(id));

/** Every metric of every row but `perf/…` and those left out: NaN where it was not measured. */
export function metricsOf({ rows }: Ran, leftOut: readonly MetricId[] = []): Record<string, number>[] {
  const compared = metricIds.filter((id) => !id.startsWith('perf/') && !leftOut.includes(id));
  return rows.map((row) => Object.fromEntries(compared.map((id) => [id, row[id] ?? NaN])));
}

/** Bits, so that −0 and 0 differ and equal NaNs don't. */
export function bits(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.from(bytes).toString('base64');
}
