import type { Summary } from '../diagnostics/collapse.ts';
import type { Plan } from '../engine/plan.ts';
import type { AdapterSummary } from '../gpu/device.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { LoraHead } from './lora.ts';

/** The schema of a record; a reader knows this one and the formats before it. */
export const recordVersion = 2;

/** A change of settings while a run went on. */
export interface LiveChange {
  /** It took effect after this step. */
  readonly step: number;
  readonly changes: Partial<Settings>;
  /** 'checkpoint': the run went on from the checkpoint of this step, where any setting may change. */
  readonly by: 'reader' | 'guard' | 'checkpoint';
}

/** What made a run's numbers, beside its settings. Null or absent where a record does not say. */
export interface Provenance {
  /** The lab's version and commit; `commit` ends in "+" where the tree had changes of its own. */
  readonly lab: { readonly version: string; readonly commit: string | null };
  readonly adapter: AdapterSummary | null;
  /** Which kernels; null where the record names none that this version has. */
  readonly plan: Plan | null;
}

/** `stopped` of a run that was told to end. */
export const interruption = 'Interrupted before its last step.';

/** How a run ended, in a line; derived from its rows. */
export interface RunSummary extends Summary {
  /** Steps done. */
  readonly steps: number;
  /** Step of the evaluation that `final` is from. */
  readonly finalStep: number;
  readonly seconds: number;
  /** How often the guard acted; absent where it is off. */
  readonly interventions?: number;
  /** Why the run ended early: values that are not finite, a reward of one's own that failed, or an interruption. */
  readonly stopped?: string;
}

/** What a run began with. */
export interface RunHead extends Provenance {
  readonly name: string;
  /** At step 0. */
  readonly settings: Settings;
  /** Where it was forked from, for people; the changes hold all that made it. */
  readonly origin: { readonly name: string; readonly step: number } | null;
  /** What an adapter's run is made of; absent: it trains a base model of the lab. */
  readonly lora?: LoraHead;
}

/** One run: what it began with, what was changed on the way, and what was measured. */
export interface RunRecord extends RunHead {
  /** In the order in which they took effect. */
  readonly changes: readonly LiveChange[];
  /** Steps ascending, the evaluation at step 0 first; absent: not measured. */
  readonly rows: readonly Partial<MetricRow>[];
  /** Null while it goes on, and where it was cut off. */
  readonly summary: RunSummary | null;
}
