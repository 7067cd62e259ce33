import { summarise, type Evaluation, type Summary } from '../diagnostics/collapse.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { validateSettings } from '../settings/settings.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import type { LiveChange } from '../records/run.ts';
import { Trainer } from '../trainer/trainer.ts';
import { readModelFolder } from './modelFolder.ts';
import type { PlannedLane } from './planLanes.ts';
import { ProgressBar } from './progress.ts';
import { rewardInThread } from './rewardInThread.ts';

/** A run in a line, as written at the end of a file and printed by `npm run train -- --json`. */
export interface RunSummary extends Summary {
  readonly type: 'summary';
  readonly lane: string;
  readonly seed: number;
  /** Steps done. */
  readonly steps: number;
  readonly seconds: number;
  /** How often the guard acted; absent where it is off. */
  readonly interventions?: number;
  /** Why the run ended early by itself: values that are not finite, or a reward of one's own that failed. */
  readonly stopped?: string;
}

export interface LaneRun {
  /** Called with every record, the evaluation at step 0 first. */
  readonly record: (metrics: Partial<MetricRow>) => void;
  /** Called with a live change that the guard made at the end of a step. */
  readonly guarded: (step: number, changes: Partial<Settings>) => void;
  /** Asked after each step; true ends the run there. */
  readonly interrupted: () => boolean;
}

/**
 * Trains a lane to its end with the Trainer of the page, a progress bar on the terminal.
 * @param changes to make on the way, in the order of their steps; the guard makes its own
 */
export async function runLane(
  gpu: Gpu,
  kernels: Kernels,
  { name, settings, plan }: PlannedLane,
  of: LaneRun,
  changes: readonly LiveChange[] = [],
): Promise<RunSummary> {
  const began = performance.now();
  const train = (under: Settings, from?: Checkpoint): Trainer =>
    new Trainer(gpu, kernels, readModelFolder(under.model), under, {
      now: () => performance.now(),
      plan,
      runReward: rewardInThread,
      checkpoints: changes.some(({ by }) => by === 'checkpoint'),
      ...(from === undefined ? {} : { from }),
    });
  let trainer = train(settings);
  const progress = new ProgressBar(settings.steps);
  const evaluations: Evaluation[] = [];
  const record = (metrics: Partial<MetricRow>): void => {
    of.record(metrics);
    const { step, 'eval/sampled': sampled } = metrics;
    if (step !== undefined && sampled !== undefined) evaluations.push({ step, sampled });
  };
  let interventions = 0;
  let stopped: string | undefined;
  try {
    await kernels.compile();
    record(await trainer.start());
    let reached: Checkpoint | null = null;
    while (!trainer.finished && !of.interrupted()) {
      for (const change of changes.filter(({ step, by }) => step === trainer.step && by !== 'guard')) {
        if (change.by === 'reader') trainer.change(change.changes);
        else {
          const from: Checkpoint = reached ?? (await trainer.checkpoint());
          const under = validateSettings(change.changes, trainer.settings);
          trainer.destroy();
          trainer = train(under, from);
          await kernels.compile();
        }
      }
      const { metrics, guarded, checkpoint } = await trainer.next();
      reached = checkpoint;
      record(metrics);
      if (guarded !== null) {
        interventions++;
        of.guarded(trainer.step, guarded);
      }
      progress.show(
        trainer.step,
        `${name}  reward ${figure(metrics['reward/mean'])}  entropy ${figure(metrics['policy/entropy'])}  held-out ${figure(evaluations.at(-1)?.sampled)}`,
      );
    }
  } catch (error) {
    // What was measured until then is kept, and its summary says why it ends here.
    if (!(error instanceof LabError && ['non-finite', 'bad-reward'].includes(error.code))) throw error;
    stopped = `${error.message} ${error.remedy}`;
  } finally {
    progress.end();
    trainer.destroy();
  }
  return {
    type: 'summary',
    lane: name,
    seed: settings.seed,
    steps: trainer.step,
    // The evaluation at step 0 is always there.
    ...(summarise(evaluations) ?? {
      base: NaN,
      peak: NaN,
      peakStep: 0,
      final: NaN,
      retention: NaN,
      collapseStep: null,
    }),
    seconds: Math.round((performance.now() - began) / 100) / 10,
    ...(settings.guard === 'off' ? {} : { interventions }),
    ...(stopped === undefined ? {} : { stopped }),
  };
}

/** Two digits, or a dash for what was not measured. */
export function figure(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : value.toFixed(2);
}

/** A summary as a line for people. */
export function describe({
  lane,
  seed,
  steps,
  base,
  peak,
  peakStep,
  final,
  retention,
  collapseStep,
  seconds,
  interventions,
}: RunSummary): string {
  const guarded = interventions === undefined ? '' : `, the guard acted ${String(interventions)} times`;
  const end = collapseStep === null ? 'held' : `collapsed at ${String(collapseStep)}`;
  return `${lane}, seed ${String(seed)}: base ${figure(base)}, peak ${figure(peak)} at ${String(peakStep)}, final ${figure(final)} after ${String(steps)} steps (retention ${figure(retention)}), ${end}${guarded}; ${String(seconds)} s`;
}
