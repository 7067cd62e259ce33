import type { EngineCapacity } from '../engine/engine.ts';
import { parsePlan } from '../engine/parsePlan.ts';
import { untriedPlan, type ActivationType, type Plan } from '../engine/plan.ts';
import type { RolloutCapacity } from '../engine/rollout/call.ts';
import { hasRoom } from '../engine/rollout/group.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import type { BaseModel } from '../model/baseModel.ts';
import { hyperparameters, type Settings } from '../settings/hyperparameters.ts';
import type { Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { taskOf } from '../tasks/index.ts';
import { promptTokens } from '../tasks/promptTokens.ts';
import type { Memory } from '../spec/memory.ts';
import { evaluationChunk } from './evaluate.ts';
import { rolloutCounts } from './rollouts.ts';

/**
 * How a run's settings have activations stored.
 * @throws LabError `bad-setting` where this GPU can't
 */
export function activationsOf(gpu: Pick<Gpu, 'hasF16'>, { halfPrecision }: Settings): ActivationType {
  if (!halfPrecision) return 'f32';
  if (gpu.hasF16) return 'f16';
  throw new LabError(
    'bad-setting',
    `"${hyperparameters.halfPrecision.label}" is on, but this GPU or browser has no half-precision numbers in shaders (shader-f16).`,
    'Turn it off, or use a GPU and browser that have them.',
  );
}

/**
 * The kernels of a run, chosen and checked before anything is trained with them.
 * @param given a plan to use as it is, from the record of an earlier run
 * @throws LabError as `choosePlan` and `checkPlan`
 */
export async function preparePlan(
  gpu: Gpu,
  kernels: Kernels,
  model: BaseModel,
  settings: Settings,
  memory: Memory,
  given: Plan | null = null,
): Promise<Plan> {
  const plan = await choosePlan(gpu, kernels, model, settings, memory, given);
  await checkPlan(gpu, kernels, plan, memory);
  return plan;
}

/**
 * Chooses the kernels for a run: on a GPU by a short trial, remembered per adapter and shape; a software adapter
 * has the fixed table, which was measured on two.
 * @param given a plan to use as it is, from the record of an earlier run
 * @throws LabError `bad-setting` where this GPU can't store activations as the settings say, or the given plan stores
 * them otherwise
 */
export async function choosePlan(
  gpu: Gpu,
  kernels: Kernels,
  model: BaseModel,
  settings: Settings,
  memory: Memory,
  given: Plan | null = null,
): Promise<Plan> {
  const activations = activationsOf(gpu, settings);
  if (given === null) return tryPlans(gpu, kernels, model, settings, activations, memory);
  if (given.activations === activations) return given;
  throw new LabError(
    'bad-setting',
    `The plan has activations in ${given.activations}, the settings in ${activations}.`,
    `Turn "${hyperparameters.halfPrecision.label}" ${given.activations === 'f16' ? 'on' : 'off'}, as in the run that the plan is from.`,
  );
}

/**
 * Checks the kernels of a plan where it is new on this adapter: `selfCheck`.
 * @throws LabError `kernel-disagrees` naming a kernel that gives wrong numbers here, `does-not-compile`
 */
export async function checkPlan(gpu: Gpu, kernels: Kernels, plan: Plan, memory: Memory): Promise<void> {
  const key = JSON.stringify(['self-check', gpu.adapter, plan]);
  if ((await memory.read(key)) !== null) return;
  // Loaded when needed: once per adapter and plan.
  const { selfCheck } = await import('../engine/selfCheck.ts');
  const check = await selfCheck(gpu, kernels, plan);
  if (!check.ok) throw disagreement(check);
  await memory.write(key, 'passed');
}

/** What a step of these settings samples at most. */
export function rolloutCapacity(settings: Settings, task: Task, tokenizer: Tokenizer): RolloutCapacity {
  const { promptsPerStep: prompts, maxCompletionLength, taskLevel } = settings;
  const { M, V, N, shadow } = rolloutCounts(settings);
  return {
    prompts,
    rollouts: prompts * (M + V + N + shadow),
    maxPromptLength: promptTokens(task, taskLevel, tokenizer),
    maxCompletionLength,
    endToken: tokenizer.endToken,
  };
}

/** What an engine must hold for a run. @param withAnchor whether an anchor is kept */
export function engineCapacity(
  settings: Settings,
  task: Task,
  tokenizer: Tokenizer,
  withAnchor: boolean,
): Required<EngineCapacity> {
  const { promptsPerStep: prompts, groupSize, maxCompletionLength, taskLevel } = settings;
  const evaluated = evaluationChunk(task, settings, tokenizer);
  return {
    update: {
      prompts,
      completions: prompts * groupSize,
      maxPromptLength: promptTokens(task, taskLevel, tokenizer),
      maxCompletionLength,
      withReference: true,
      withAnchor,
    },
    rollout: rolloutCapacity(settings, task, tokenizer),
    evaluation: {
      prompts: evaluated.rollouts,
      ...evaluated,
      maxCompletionLength,
      endToken: tokenizer.endToken,
    },
  };
}

/** The error for a failed check. */
export function disagreement({
  kernel,
  detail,
}: {
  readonly kernel: string;
  readonly detail: string;
}): LabError {
  return new LabError(
    'kernel-disagrees',
    `On this GPU the kernel ${kernel} gives wrong numbers: ${detail}`,
    'Training here would look like an algorithm that does not learn. Update the graphics driver or browser, or use another GPU.',
  );
}

async function tryPlans(
  gpu: Gpu,
  kernels: Kernels,
  model: BaseModel,
  settings: Settings,
  activations: ActivationType,
  memory: Memory,
): Promise<Plan> {
  const { tokenizer } = model;
  if (gpu.adapter.software) return untriedPlan(model.config, activations);
  const call = rolloutCapacity(settings, taskOf(settings.task, settings.prompts, tokenizer), tokenizer);
  const { model_type: _, ...shape } = model.config;
  // Twice as many rollouts, or twice as long ones, may well be another case; three more are not.
  const size = [call.rollouts, call.maxCompletionLength].map((count) => Math.ceil(Math.log2(count)));
  const key = JSON.stringify(['plan', gpu.adapter, shape, ...size, activations]);
  const known = parsePlan(await memory.read(key));
  if (known !== null && hasRoom(known.rollout, model.config, call, gpu.device.limits)) return known;
  const [{ tuneMatmul }, { tuneRollout }] = await Promise.all([
    import('../engine/tune.ts'),
    import('../engine/tuneRollout.ts'),
  ]);
  const matmul = await tuneMatmul(gpu, kernels, model.config, activations);
  const trials = await tuneRollout(gpu, kernels, model, { activations, matmul }, call);
  const plan = { rollout: trials[0]?.rollout ?? 'operations', activations, matmul };
  await memory.write(key, JSON.stringify(plan));
  return plan;
}
