import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { quantile } from '../lib/stats.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Layout } from '../model/layout.ts';
import { Engine } from './engine.ts';
import { mayFuse, rolloutLayouts, storesF16, type Plan, type RolloutLayout } from './plan.ts';
import type { RolloutCapacity } from './rollout/call.ts';

const rounds = 3;

/**
 * Samples a few tokens of a call of this size by each layout that the model allows, in turn.
 * @param clock milliseconds
 * @returns the fastest by the median
 */
export async function tuneRollout(
  gpu: Gpu,
  kernels: Kernels,
  model: {
    readonly config: ModelConfig;
    readonly layout: Layout;
    readonly weights: Float32Array<ArrayBuffer>;
  },
  plan: Omit<Plan, 'rollout'>,
  capacity: RolloutCapacity,
  clock: Pick<Performance, 'now'> = performance,
): Promise<RolloutLayout> {
  if (!mayFuse(model.config)) return 'operations';
  const update = { prompts: 1, completions: 1, maxPromptLength: 1, maxCompletionLength: 1 };
  const engineWith = (rollout: RolloutLayout): Engine =>
    new Engine(
      gpu,
      kernels,
      model,
      { update: { ...update, withReference: false, withAnchor: false }, rollout: capacity },
      { plan: { ...plan, rollout } },
    );
  const tried = rolloutLayouts.flatMap((rollout) => {
    if (plan.activations === 'f16' && !storesF16.includes(rollout)) return [];
    try {
      return [{ rollout, times: [] as number[], engine: engineWith(rollout) }];
    } catch (error) {
      if (error instanceof LabError && error.code === 'does-not-fit') return [];
      throw error;
    }
  });
  try {
    await kernels.compile();
    const prompt = Array.from({ length: capacity.maxPromptLength }, () => 0);
    const prompts = Array.from({ length: capacity.prompts }, () => prompt);
    const requests = Array.from({ length: capacity.rollouts }, (_, rollout) => ({
      prompt: rollout % capacity.prompts,
      model: 'policy' as const,
      temperature: 1,
      rollout,
      purpose: 0,
    }));
    // The first round compiles what drivers compile at first use, and measures where to cut.
    for (let round = 0; round <= rounds; round++) {
      for (const { engine, times } of tried) {
        const begun = clock.now();
        await engine.read(engine.rollout(prompts, requests, { seed: 0, step: round }), false);
        if (round > 0) times.push(clock.now() - begun);
      }
    }
  } finally {
    for (const { engine } of tried) engine.destroy();
  }
  const [best] = tried.sort((a, b) => quantile(a.times, 0.5) - quantile(b.times, 0.5));
  return best?.rollout ?? 'operations';
}
