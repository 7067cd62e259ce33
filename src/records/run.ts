import type { Settings } from '../settings/hyperparameters.ts';

/** A change of settings while a run went on. */
export interface LiveChange {
  /** It took effect after this step. */
  readonly step: number;
  readonly changes: Partial<Settings>;
  /** 'checkpoint': the run went on from the checkpoint of this step, where any setting may change. */
  readonly by: 'reader' | 'guard' | 'checkpoint';
}
