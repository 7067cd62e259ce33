import type { Plan } from '../engine/plan.ts';
import type { AdapterSummary } from '../gpu/device.ts';
import type { LabErrorCode } from '../lib/labError.ts';
import type { Settings } from '../settings/hyperparameters.ts';

export type { Plan } from '../engine/plan.ts';
export type { AdapterSummary } from '../gpu/device.ts';

/** What the page asks of the trainer's worker. A lane is one run; all lanes share the device. */
export type Command =
  /** (Re)builds every lane at step 0. Also what Reset sends. `base`: address of the page; models/ lies beside it. */
  | { readonly type: 'open'; readonly lanes: readonly Settings[]; readonly base: string }
  | { readonly type: 'train' }
  | { readonly type: 'pause' }
  /** One step of every lane, then pause. */
  | { readonly type: 'step' }
  /** A live change of one lane; takes effect at the next step's edge. */
  | { readonly type: 'change'; readonly lane: number; readonly changes: Partial<Settings> }
  /** Which prompt of the batch the `rollouts` events show. */
  | { readonly type: 'watch'; readonly prompt: number };

export type RunState =
  | 'checking'
  | 'compiling'
  | 'ready'
  | 'training'
  | 'paused'
  | 'finished'
  | 'no-webgpu'
  | 'device-lost'
  | 'non-finite'
  | 'refused';

export interface Failure {
  readonly code: LabErrorCode;
  readonly sentence: string;
  readonly remedy: string;
}

/** One rollout as the table shows it. */
export interface ShownRollout {
  readonly source: 'policy' | 'anchor';
  readonly completion: string;
  readonly answer: string | null;
  /** Policy rollouts only, NaN without a label. */
  readonly reward: number | null;
  readonly advantage: number | null;
  readonly meanEntropy: number;
  /** Per character of the completion. */
  readonly entropies: readonly number[];
  readonly kept: boolean;
}

/** The watched prompt of a step. `solution` is for the eyes of the reader; the learner never has it. */
export interface ShownGroup {
  readonly step: number;
  readonly prompt: string;
  /** Index of the prompt in the batch, and how many there are. */
  readonly index: number;
  readonly count: number;
  readonly pseudoLabel: string | null;
  readonly solution: string;
  readonly threshold: number;
  readonly rollouts: readonly ShownRollout[];
}

/** What the worker reports. Metrics travel as rows of numbers in the order of `metricIds`. */
export type Event =
  | { readonly type: 'state'; readonly state: RunState; readonly failure?: Failure }
  | { readonly type: 'adapter'; readonly adapter: AdapterSummary }
  /** Which kernels a lane computes with; a part of what makes its numbers. */
  | { readonly type: 'plan'; readonly lane: number; readonly plan: Plan }
  /** Share of pipelines compiled, 0..1. */
  | { readonly type: 'compiling'; readonly done: number; readonly total: number }
  /** count × metricIds.length numbers, row-major; NaN: not measured this step. Transferred. */
  | { readonly type: 'rows'; readonly lane: number; readonly count: number; readonly rows: Float64Array }
  | { readonly type: 'rollouts'; readonly lane: number; readonly group: ShownGroup }
  /** A live change took effect at `step`. */
  | {
      readonly type: 'changed';
      readonly lane: number;
      readonly step: number;
      readonly changes: Partial<Settings>;
    }
  /** Bytes held and counts of the last step, for the speed chart. */
  | {
      readonly type: 'cost';
      readonly lane: number;
      readonly dispatches: number;
      readonly readbacks: number;
      readonly allocations: number;
      readonly bytes: number;
    };
