import { summarise, type Evaluation, type Summary } from '../diagnostics/collapse.ts';
import { prepareTrainer, type Device } from '../host/host.ts';
import type { TrainingEngine } from '../engine/engine.ts';
import type { Plan } from '../engine/plan.ts';
import { LabError } from '../lib/labError.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { LaneSetup } from '../settings/presets.ts';
import { validateSettings } from '../settings/settings.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import type { StepDecisions } from '../trainer/decide.ts';
import type { Trainer } from '../trainer/trainer.ts';
import type { LoraHead } from '../records/lora.ts';
import { interruption, type LiveChange, type RunSummary } from '../records/run.ts';
import { nodeHost } from './host.ts';
import { ProgressBar } from './progress.ts';

/** A lane, and the lab's kernels that it trains with; null where others train it. */
export interface TrainedLane extends LaneSetup {
  readonly plan: Plan | null;
  /** What an adapter's run is made of. */
  readonly lora?: LoraHead;
}

export interface LaneRun {
  /** Called with every row, the evaluation at step 0 first; waited for. */
  readonly record: (metrics: Partial<MetricRow>) => unknown;
  /** Called with every change when it takes effect: those to be made, and those that the guard makes; waited for. */
  readonly changed: (change: LiveChange) => unknown;
  /** Called with every checkpoint, after what was recorded until then, and with the run as it is at its end; waited for. */
  readonly keep?: (checkpoint: Checkpoint, end: RunSummary | null) => Promise<void>;
  /** Called with what a step decided; `by` reads its tokens and answers. */
  readonly decided?: (
    step: number,
    decisions: StepDecisions,
    by: Pick<Trainer, 'task' | 'tokenizer'>,
  ) => void;
  /** Asked between steps; true ends the run there. */
  readonly interrupted: () => boolean;
  /** Asked between steps of what was evaluated so far; a sentence ends the run there, for good. */
  readonly enough?: (evaluations: readonly Evaluation[]) => string | null;
}

/** A run that goes on: what it was at a checkpoint, and what was recorded until then. */
export interface Begun {
  readonly checkpoint: Checkpoint;
  readonly settings: Settings;
  readonly rows: readonly Partial<MetricRow>[];
  readonly changes: readonly LiveChange[];
}

/** Makes the trainer of a lane, ready for its first step once the device is. */
export type MakeTrainer = (
  settings: Settings,
  from: Checkpoint | null,
  checkpoints: boolean,
) => Promise<Trainer<TrainingEngine>>;

/**
 * Trains a lane to its end with the Trainer of the page, a progress bar on the terminal.
 * @param changes to make on the way, in the order of their steps, also where a run had ended: it may go on after them.
 * The guard makes its own
 * @param begun where it goes on; null: at its beginning
 * @param make the trainer; that of a base model where it is not said
 */
export async function runLane(
  device: Device,
  { name, settings, plan }: TrainedLane,
  of: LaneRun,
  changes: readonly LiveChange[] = [],
  begun: Begun | null = null,
  make: MakeTrainer = async (under, from, checkpoints) =>
    (await prepareTrainer(nodeHost, device, under, { plan, from, checkpoints })).trainer,
): Promise<RunSummary> {
  const began = performance.now();
  const checkpoints = of.keep !== undefined || changes.some(({ by }) => by === 'checkpoint');
  let trainer = await make(begun?.settings ?? settings, begun?.checkpoint ?? null, checkpoints);
  const progress = new ProgressBar(settings.steps);
  const evaluations: Evaluation[] = evaluationsOf(begun?.rows ?? []);
  const record = async (metrics: Partial<MetricRow>): Promise<void> => {
    await of.record(metrics);
    evaluations.push(...evaluationsOf([metrics]));
  };
  let interventions = begun?.changes.filter(({ by }) => by === 'guard').length ?? 0;
  let stopped: string | undefined;
  const asked = changes.filter(({ by }) => by !== 'guard');
  try {
    try {
      await device.ready();
      if (begun === null) await record(await trainer.start());
      let reached: Checkpoint | null = null;
      for (;;) {
        for (const change of asked.filter(({ step }) => step === trainer.step)) {
          if (change.by === 'reader') trainer.change(change.changes);
          else {
            const from: Checkpoint = reached ?? (await trainer.checkpoint());
            const under = validateSettings(change.changes, trainer.settings);
            trainer.destroy();
            trainer = await make(under, from, checkpoints);
            await device.ready();
          }
          await of.changed(change);
        }
        if (trainer.finished) break;
        const enough = of.enough?.(evaluations) ?? null;
        if (enough !== null) {
          stopped = enough;
          break;
        }
        if (of.interrupted()) {
          stopped = interruption;
          break;
        }
        const { metrics, decisions, guarded, checkpoint } = await trainer.next();
        reached = checkpoint;
        of.decided?.(trainer.step, decisions, trainer);
        await record(metrics);
        if (guarded !== null) {
          interventions++;
          await of.changed({ step: trainer.step, by: 'guard', changes: guarded });
        }
        if (checkpoint !== null) await of.keep?.(checkpoint, null);
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
    }
    const summary = {
      steps: trainer.step,
      // The evaluation at step 0 is there, unless the run failed before it.
      ...(summarise(evaluations) ?? nothingMeasured),
      finalStep: evaluations.at(-1)?.step ?? 0,
      seconds: Math.round((performance.now() - began) / 100) / 10,
      ...(settings.guard === 'off' ? {} : { interventions }),
      ...(stopped === undefined ? {} : { stopped }),
    };
    if (of.keep !== undefined) await of.keep(await trainer.checkpoint(true), summary);
    return summary;
  } finally {
    trainer.destroy();
  }
}

function evaluationsOf(rows: readonly Partial<MetricRow>[]): Evaluation[] {
  return rows.flatMap(({ step, 'eval/sampled': sampled }) =>
    step !== undefined && sampled !== undefined ? [{ step, sampled }] : [],
  );
}

const nothingMeasured: Summary = {
  base: NaN,
  peak: NaN,
  peakStep: 0,
  final: NaN,
  retention: NaN,
  collapseStep: null,
};

/** Two digits, or a dash for what was not measured. */
export function figure(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : value.toFixed(2);
}

/** A summary as a line for people: how it ended is said of a run that came to its end alone. */
export function describe(name: string, seed: number, summary: RunSummary): string {
  const { steps, base, peak, peakStep, final, finalStep, retention, collapseStep } = summary;
  const { seconds, interventions, stopped } = summary;
  const end =
    stopped === undefined
      ? `final ${figure(final)} after ${steps} steps`
      : `stopped after ${steps} steps, evaluated last after ${finalStep}: ${figure(final)}`;
  const held =
    collapseStep !== null ? `, collapsed at ${collapseStep}` : stopped === undefined ? ', held' : '';
  const guarded = interventions === undefined ? '' : `, the guard acted ${interventions} times`;
  return `${name}, seed ${seed}: base ${figure(base)}, peak ${figure(peak)} at ${peakStep}, ${end} (retention ${figure(retention)})${held}${guarded}; ${seconds} s`;
}
