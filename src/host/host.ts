import { allocating } from '../gpu/allocating.ts';
import type { Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import type { BaseModel } from '../model/baseModel.ts';
import type { Layout } from '../model/layout.ts';
import type { ModelConfig } from '../model/config.ts';
import type { EvaluateApart } from '../trainer/apart.ts';
import type { Plan } from '../engine/plan.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { Memory } from '../spec/memory.ts';
import type { RewardRunner } from '../spec/reward.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { checkPlan, choosePlan } from '../trainer/prepare.ts';
import { Trainer } from '../trainer/trainer.ts';

/** A base model without its weights. */
export interface ShapeOfModel {
  /** Its name among `models`. */
  readonly name: string;
  readonly config: ModelConfig;
  readonly layout: Layout;
}

/** What a run needs from where it runs: a worker of the page, or Node. */
export interface Host {
  /** A device of its own with each call. @throws LabError `no-adapter`, `does-not-fit` */
  readonly openGpu: () => Promise<Gpu>;
  /** A base model by its name. @throws LabError `bad-file` */
  readonly loadModel: (name: string) => Promise<BaseModel>;
  /** What was found out about adapters. */
  readonly memory: Memory;
  /** Runs rewards of the user's own. */
  readonly runReward: RewardRunner;
  /** Evaluates models of this shape in f32 beside the training; absent where nothing else could. */
  readonly evaluateApart?: (model: ShapeOfModel) => EvaluateApart;
  /** Milliseconds: for times that are shown and for the pace of messages. */
  readonly now: () => number;
}

/** A device, the kernels compiled on it, and the checks of them. */
export class Device {
  readonly gpu: Gpu;
  readonly kernels: Kernels;
  readonly #checks = new Map<string, Promise<void>>();

  constructor(gpu: Gpu) {
    this.gpu = gpu;
    this.kernels = new Kernels(gpu);
  }

  /** Begins the check of a plan's kernels, once for all lanes of a plan; `ready` waits for it. */
  check(plan: Plan, memory: Memory): void {
    const key = JSON.stringify(plan);
    if (this.#checks.has(key)) return;
    const check = checkPlan(this.gpu, this.kernels, plan, memory);
    this.#checks.set(key, check);
    // Told by `ready`, which may be called much later.
    check.catch(() => undefined);
  }

  /**
   * Resolves when all kernels asked for so far are compiled, and right.
   * @param onCompiled told how many are compiled
   * @throws LabError `does-not-compile`, `kernel-disagrees`
   */
  async ready(onCompiled?: (done: number, total: number) => void): Promise<void> {
    const checks = [...this.#checks];
    try {
      await Promise.all([this.kernels.compile(onCompiled), ...checks.map(([, check]) => check)]);
    } catch (error) {
      // What failed is checked again for whoever asks again.
      this.#checks.clear();
      throw error;
    }
  }
}

/** How a run begins, beside its settings. */
export interface Beginning {
  /** Which kernels; without it they are chosen here. */
  readonly plan?: Plan | null;
  /** Where it goes on; without it at the base model. */
  readonly from?: Checkpoint | null;
  /** Whether steps give checkpoints. */
  readonly checkpoints?: boolean;
}

/**
 * A trainer with its model and its kernels, which are compiled and checked side by side: await `device.ready()` before
 * its first step.
 * @throws LabError where these settings can't be trained here
 */
export async function prepareTrainer(
  host: Host,
  device: Device,
  settings: Settings,
  { plan: given = null, from = null, checkpoints = false }: Beginning = {},
): Promise<{ readonly trainer: Trainer; readonly plan: Plan }> {
  const { gpu, kernels } = device;
  const model = await host.loadModel(settings.model);
  const plan = await choosePlan(gpu, kernels, model, settings, host.memory, given);
  device.check(plan, host.memory);
  const { config, layout } = model;
  // What another runtime computes with f32 is not near enough to activations in f16.
  const apart =
    plan.activations === 'f32' ? host.evaluateApart?.({ name: settings.model, config, layout }) : undefined;
  const options = {
    ...{ now: host.now, plan, checkpoints, runReward: host.runReward },
    ...(apart === undefined ? {} : { evaluateApart: apart }),
    ...(from === null ? {} : { from }),
  };
  const trainer = await allocating(
    gpu,
    () => new Trainer(gpu, kernels, model, settings, options),
    (refused) => {
      refused.destroy();
    },
  );
  return { trainer, plan };
}
