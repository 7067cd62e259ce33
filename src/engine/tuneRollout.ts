import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { quantile } from '../lib/stats.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Layout } from '../model/layout.ts';
import { Engine } from './engine.ts';
import {
  mayFuse,
  rolloutLayouts,
  storesF16,
  type ActivationType,
  type Plan,
  type RolloutLayout,
} from './plan.ts';
import type { RolloutCapacity } from './rollout/call.ts';

const rounds = 3;

/** What a driver may say to a layout without anything being wrong. */
const noCandidate: readonly string[] = ['does-not-fit', 'does-not-compile'];

function layoutsFor(config: ModelConfig, activations: ActivationType): readonly RolloutLayout[] {
  if (!mayFuse(config)) return ['operations'];
  return rolloutLayouts.filter((rollout) => activations === 'f32' || storesF16.includes(rollout));
}

/** What a trial found of a layout; a layout that can't be had on the adapter says why. */
export type LayoutTrial =
  | { readonly rollout: RolloutLayout; readonly ms: number; readonly compileMs: number }
  | { readonly rollout: RolloutLayout; readonly refused: string };

/**
 * Samples a call of this size by each layout that the model allows, in turn. A layout that this driver won't compile,
 * or whose buffers don't fit, is no candidate: `operations` goes everywhere.
 * @param clock milliseconds
 * @returns every layout tried, the fastest by the median first
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
): Promise<LayoutTrial[]> {
  const update = { prompts: 1, completions: 1, maxPromptLength: 1, maxCompletionLength: 1 };
  const engineWith = (rollout: RolloutLayout): Engine =>
    new Engine(
      gpu,
      kernels,
      model,
      { update: { ...update, withReference: false, withAnchor: false }, rollout: capacity },
      { plan: { ...plan, rollout } },
    );
  const tried: { rollout: RolloutLayout; times: number[]; compileMs: number; engine: Engine }[] = [];
  const refused: LayoutTrial[] = [];
  try {
    for (const rollout of layoutsFor(model.config, plan.activations)) {
      let engine: Engine | null = null;
      const begun = clock.now();
      try {
        engine = engineWith(rollout);
        await kernels.compile();
        tried.push({ rollout, times: [], compileMs: clock.now() - begun, engine });
      } catch (error) {
        engine?.destroy();
        if (!(error instanceof LabError && noCandidate.includes(error.code))) throw error;
        refused.push({ rollout, refused: error.message });
      }
    }
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
  const timed = tried.map(({ rollout, times, compileMs }) => ({
    rollout,
    ms: quantile(times, 0.5),
    compileMs,
  }));
  return [...timed.sort((a, b) => a.ms - b.ms), ...refused];
}
