import { failureOf, type Failure } from '../lib/failure.ts';
import { hyperparameters, type HyperparameterKey, type Settings } from '../settings/hyperparameters.ts';
import { diffSettings } from '../settings/settings.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { adapterFiles, type AdapterRun } from './adapterRun.ts';
import type { AdapterFile, SavedAdapter } from './protocol.ts';

/** What a run that goes on takes from the settings that the page has by now: live knobs alone. */
export function liveChanges(before: Settings, now: Settings): Partial<Settings> {
  return Object.fromEntries(
    Object.entries(diffSettings(before, now)).filter(
      ([key]) => hyperparameters[key as HyperparameterKey].applies === 'live',
    ),
  );
}

/** The adapter of a checkpoint as files, as `npm run lora` writes them. */
export function savedAdapter(run: AdapterRun, { step, state, anchored }: Checkpoint): SavedAdapter {
  const files = (factors: Float32Array): AdapterFile[] =>
    Object.entries(adapterFiles(run, factors)).map(([name, content]) => ({ name, content }));
  return { step, policy: files(state.policy), anchor: anchored ? files(state.anchor) : null };
}

/** Why a run ended, and what is left of it. @param kept the step of its adapter */
export function failureOfRun(error: unknown, kept: number | null): Failure {
  const failure = failureOf(error);
  if (failure.code !== 'device-lost') return failure;
  const remedy =
    kept === null
      ? 'No adapter was kept before: train once more, with fewer completions at once.'
      : `The adapter of step ${String(kept)} is kept: save it, or go on from there.`;
  return { ...failure, remedy };
}
