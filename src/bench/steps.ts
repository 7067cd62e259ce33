import type { Plan } from '../engine/plan.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { quantile } from '../lib/stats.ts';
import type { BaseModel } from '../model/baseModel.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { validateSettings } from '../settings/settings.ts';
import type { MetricId } from '../spec/metrics.ts';
import { rolloutCounts } from '../trainer/rollouts.ts';
import { Trainer } from '../trainer/trainer.ts';

/** Median and spread of repeated measurements. */
export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

export function spread(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), p10: quantile(values, 0.1), p90: quantile(values, 0.9) };
}

/** One run to be timed. */
export interface Contestant {
  readonly name: string;
  readonly settings: Settings;
  readonly model: BaseModel;
  readonly plan: Plan;
}

/** What a step costs. Times in milliseconds; NaN where the device has no timestamps. */
export interface StepFigures {
  readonly name: string;
  readonly plan: Plan;
  readonly parameters: number;
  readonly stepMs: Spread;
  readonly rolloutMs: Spread;
  readonly trainMs: Spread;
  readonly voteMs: Spread;
  readonly readbackMs: Spread;
  /** Sampled tokens, of anchors too, over the rollout's time. */
  readonly generatedTokensPerS: number;
  /** Tokens learned from over the update's time. */
  readonly trainedTokensPerS: number;
  /** Multiplications and additions of matrix products that the step needs, over the time of its two phases. */
  readonly matrixGflopPerS: number;
  readonly dispatches: number;
  readonly readbacks: number;
  readonly allocations: number;
  readonly bytes: number;
}

/** What the clock of whoever measures says, in milliseconds. */
export type Now = () => number;

/**
 * Steps of the contestants in turn, so that a busy machine is busy for all of them.
 * @param told after each turn, which share of them is made
 */
export async function timeSteps(
  gpu: Gpu,
  kernels: Kernels,
  contestants: readonly Contestant[],
  repetitions: number,
  now: Now,
  told: (share: number) => void = () => undefined,
): Promise<StepFigures[]> {
  const runs = contestants.map(({ settings, model, plan }) => {
    // No evaluation falls into the measured steps.
    const timed = validateSettings({ steps: 100_000, evalEvery: 1000 }, settings);
    const trainer = new Trainer(gpu, kernels, model, timed, { now, plan });
    const rows: Partial<Record<MetricId, number>>[] = [];
    return { trainer, rows, sampled: [] as number[], learned: [] as number[] };
  });
  await kernels.compile();
  // The first steps compile what drivers compile late, and measure where submissions are to be cut.
  const warmUp = 3;
  for (let step = 0; step < repetitions + warmUp; step++) {
    for (const run of runs) {
      const { metrics, decisions } = await run.trainer.next();
      if (step < warmUp) continue;
      run.rows.push(metrics);
      const lengths = decisions.groups.flatMap(({ rollouts }) => rollouts.map(({ tokens }) => tokens.length));
      const learned = decisions.groups.flatMap(({ rollouts }, b) => {
        if ((decisions.advantages[b] ?? null) === null) return [];
        return rollouts
          .filter(({ source }, i) => source === 'policy' && decisions.filters[b]?.kept[i] === true)
          .map(({ tokens }) => tokens.length);
      });
      run.sampled.push(sum(lengths));
      run.learned.push(sum(learned));
    }
    told((step + 1) / (repetitions + warmUp));
  }
  return runs.map(({ trainer, rows, sampled, learned }, index) => {
    const contestant = contestants[index];
    if (contestant === undefined) throw new RangeError('Every run has a contestant.');
    const { name, settings, model, plan } = contestant;
    const column = (id: MetricId) => spread(rows.map((row) => row[id] ?? NaN));
    const rolloutMs = column('perf/rollout_ms');
    const trainMs = column('perf/train_ms');
    const { N, shadow } = rolloutCounts(settings);
    const rolled = quantile(sampled, 0.5);
    const trained = quantile(learned, 0.5);
    const models = N + shadow > 0 ? 3 : 2;
    // 2 operations per weight and token forward, 4 backward.
    const flop = 2 * model.layout.matrixFloats * (rolled + trained * (models + 2));
    const last = (id: MetricId) => rows.at(-1)?.[id] ?? NaN;
    trainer.destroy();
    return {
      name,
      plan,
      parameters: model.layout.parameterCount,
      stepMs: column('perf/step_ms'),
      rolloutMs,
      trainMs,
      voteMs: column('perf/vote_ms'),
      readbackMs: column('perf/readback_ms'),
      generatedTokensPerS: (1000 * rolled) / rolloutMs.median,
      trainedTokensPerS: (1000 * trained) / trainMs.median,
      matrixGflopPerS: flop / (rolloutMs.median + trainMs.median) / 1e6,
      dispatches: last('perf/dispatches'),
      readbacks: last('perf/readbacks'),
      allocations: last('perf/allocations'),
      bytes: last('perf/memory_bytes'),
    };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
