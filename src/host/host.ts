import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import type { BaseModel } from '../model/baseModel.ts';
import type { Plan } from '../engine/plan.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { Memory } from '../spec/memory.ts';
import type { RewardRunner } from '../spec/reward.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { preparePlan } from '../trainer/prepare.ts';
import { Trainer } from '../trainer/trainer.ts';

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
  /** Milliseconds: for times that are shown and for the pace of messages. */
  readonly now: () => number;
}

/** A device and the kernels compiled on it. */
export interface Device {
  readonly gpu: Gpu;
  readonly kernels: Kernels;
}

/** How a run begins, beside its settings. */
export interface Beginning {
  /** Which kernels; without it they are chosen and checked here. */
  readonly plan?: Plan | null;
  /** Where it goes on; without it at the base model. */
  readonly from?: Checkpoint | null;
  /** Whether steps give checkpoints. */
  readonly checkpoints?: boolean;
}

/**
 * A trainer with its model and its kernels, chosen and checked; await `kernels.compile()` before its first step.
 * @throws LabError where these settings can't be trained here
 */
export async function prepareTrainer(
  host: Host,
  { gpu, kernels }: Device,
  settings: Settings,
  { plan: given = null, from = null, checkpoints = false }: Beginning = {},
): Promise<{ readonly trainer: Trainer; readonly plan: Plan }> {
  const model = await host.loadModel(settings.model);
  const plan = await preparePlan(gpu, kernels, model, settings, host.memory, given);
  const trainer = new Trainer(gpu, kernels, model, settings, {
    now: host.now,
    plan,
    checkpoints,
    runReward: host.runReward,
    ...(from === null ? {} : { from }),
  });
  return { trainer, plan };
}
