import type { Plan } from '../engine/plan.ts';
import type { AdapterSummary } from '../gpu/device.ts';
import type { Failure } from '../lib/failure.ts';
import type { BaseModel } from '../model/baseModel.ts';
import type { LiveChange } from '../records/run.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { RolloutSource } from '../spec/group.ts';
import type { PackedStep } from '../storage/keptRollouts.ts';
import type { SentCheckpoint } from '../storage/sentCheckpoint.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';

export type { Plan } from '../engine/plan.ts';
export type { Failure } from '../lib/failure.ts';
export type { LiveChange } from '../records/run.ts';
export type { AdapterSummary } from '../gpu/device.ts';

/** A lane's number, given by the page and never given twice: what arrives late for a lane that is gone finds no other. */
export type LaneId = number;

/** Where a lane that was kept goes on, with the kernels it was trained with. */
export interface KeptCourse {
  readonly plan: Plan | null;
  readonly checkpoint: Checkpoint;
  /** Where it can be forked, oldest first. */
  readonly forkable: readonly Checkpoint[];
  /** What its timeline shows of steps until then, oldest first. */
  readonly rollouts: readonly PackedStep[];
}

/** What the page asks of the trainer's worker. A lane is one run; all lanes share the device. */
export type Command =
  /**
   * (Re)builds every lane, at step 0 or where it was kept. Also what Reset sends. `base`: address of the page; models/
   * lies beside it. `keeps`: whether the page wants checkpoints, to keep them. `apart`: as in the command `evaluate`.
   */
  | {
      readonly type: 'open';
      readonly lanes: readonly {
        readonly lane: LaneId;
        readonly settings: Settings;
        readonly kept?: KeptCourse;
      }[];
      readonly base: string;
      readonly keeps: boolean;
      readonly apart: boolean;
    }
  /**
   * Adds a lane beside those that are there, or in the place of another. Without `from` at step 0, else at the newest
   * checkpoint of that lane that is not after `step`.
   */
  | {
      readonly type: 'put';
      readonly lane: LaneId;
      readonly settings: Settings;
      readonly replaces: LaneId | null;
      readonly from: { readonly lane: LaneId; readonly step: number } | null;
    }
  | { readonly type: 'drop'; readonly lane: LaneId }
  /** Whether held-out evaluation runs beside the training from now on; no figure depends on it. */
  | { readonly type: 'evaluate'; readonly apart: boolean }
  | { readonly type: 'train' }
  | { readonly type: 'pause' }
  /**
   * Has every lane kept as it is at the next edge of a step; the training goes on. `anew`: by one who has been sent
   * nothing yet.
   */
  | { readonly type: 'keep'; readonly anew: boolean }
  /** One step of every lane, then pause; of the lanes behind, where some are. */
  | { readonly type: 'step' }
  /** A live change of one lane; takes effect at the next step's edge. */
  | { readonly type: 'change'; readonly lane: LaneId; readonly changes: Partial<Settings> }
  /**
   * The weights of a model, answered by `weights`: its base, or policy or anchor as they are after the step under way,
   * or as they were at the newest checkpoint that is not after `step`.
   */
  | {
      readonly type: 'weights';
      readonly ask: number;
      readonly lane: LaneId;
      readonly side: Side;
      readonly step: number | null;
    }
  /** Which step's rollouts the `rollouts` events show, of every lane (null: the newest), and which prompt's. */
  | { readonly type: 'watch'; readonly step: number | null; readonly prompt: number };

/** The models of a lane. */
export const sides = ['base', 'policy', 'anchor'] as const;
export type Side = (typeof sides)[number];

/** A model out of a lane, in plain data. */
export interface HeldModel extends Omit<BaseModel, 'tokenizer'> {
  /** Steps that it was trained for. */
  readonly step: number;
}

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
  | 'refused'
  /** The worker itself is gone or answers no more: the page says so of it. */
  | 'gone';

/** One rollout as the table shows it. */
export interface ShownRollout {
  /** 'voter': of the policy, not trained on; 'shadow': of an anchor that only watches. */
  readonly source: RolloutSource | 'shadow';
  /** Text of each token of the completion; it may have several characters, or none. */
  readonly pieces: readonly string[];
  readonly answer: string | null;
  readonly truncated: boolean;
  /** Policy rollouts only, NaN without a label. */
  readonly reward: number | null;
  /** Policy rollouts only, NaN where the group was skipped. */
  readonly advantage: number | null;
  readonly meanEntropy: number;
  /** Of each token, nats. */
  readonly entropies: readonly number[];
  readonly logProbs: readonly number[];
  readonly kept: boolean;
  /** Whether the vote heard it. */
  readonly votes: boolean;
  /** What the update made of each token; absent where it did not learn from the rollout, or where that is not known. */
  readonly learned?: readonly LearnedToken[];
}

/** One token in the loss of the step's last update. */
export interface LearnedToken {
  /** π(token) ÷ π_old(token). */
  readonly ratio: number;
  /** Estimate of the divergence from the base model, nats. */
  readonly k3: number;
  /** Its part of the loss, as the kernel summed it up. */
  readonly loss: number;
  readonly weight: number;
}

/** What is remarkable about a prompt of a step. */
export interface PromptFlags {
  /** The vote elected another answer than the solution. */
  readonly wrongWinner: boolean;
  readonly unanimous: boolean;
  readonly pruned: boolean;
  readonly truncated: boolean;
}

/** What was voted at an earlier step that drew the same prompt. */
export interface EarlierVote {
  readonly step: number;
  /** Index of the prompt in the batch of that step. */
  readonly index: number;
  readonly pseudoLabel: string | null;
  /** Share of the votes that gave it; NaN where there were none. */
  readonly agreement: number;
  /** Null where nobody knows, or there was no pseudo-label. */
  readonly right: boolean | null;
}

/** The watched prompt of a step. `solution` is for the eyes of the reader; the learner never has it. */
export interface ShownGroup {
  readonly step: number;
  readonly prompt: string;
  /** Index of the prompt in the batch. */
  readonly index: number;
  /** Of every prompt of the step, [B]. */
  readonly flags: readonly PromptFlags[];
  readonly pseudoLabel: string | null;
  readonly solution: string | null;
  /** NaN where the group was not filtered. */
  readonly threshold: number;
  readonly iqr: number;
  readonly rollouts: readonly ShownRollout[];
  /** Of the steps whose rollouts are there, the newest first. */
  readonly earlier: readonly EarlierVote[];
}

/** What the worker reports. Metrics travel as rows of numbers in the order of `metricIds`. */
export type Event =
  /** `lane`: whose step failed, where one did. */
  | {
      readonly type: 'state';
      readonly state: RunState;
      readonly failure?: Failure;
      readonly lane?: LaneId;
    }
  | { readonly type: 'adapter'; readonly adapter: AdapterSummary }
  /** Which kernels a lane computes with; a part of what makes its numbers. */
  | { readonly type: 'plan'; readonly lane: LaneId; readonly plan: Plan }
  /** A lane that was put is there, at a step. */
  | { readonly type: 'put'; readonly lane: LaneId; readonly step: number }
  /** A lane could not be put: it is not there. */
  | { readonly type: 'refused'; readonly lane: LaneId; readonly failure: Failure }
  /** A lane goes on from its newest checkpoint, after a loss of the device. */
  | { readonly type: 'rewound'; readonly lane: LaneId; readonly step: number }
  /** Share of pipelines compiled, 0..1. */
  | { readonly type: 'compiling'; readonly done: number; readonly total: number }
  /** count × metricIds.length numbers, row-major; NaN: not measured this step. Transferred. */
  | { readonly type: 'rows'; readonly lane: LaneId; readonly count: number; readonly rows: Float64Array }
  | { readonly type: 'rollouts'; readonly lane: LaneId; readonly group: ShownGroup }
  /** Steps at which a lane can be forked, ascending, and the memory they hold. */
  | {
      readonly type: 'checkpoints';
      readonly lane: LaneId;
      readonly steps: readonly number[];
      readonly bytes: number;
    }
  /** What `weights` asked for. Transferred. */
  | { readonly type: 'weights'; readonly ask: number; readonly answer: HeldModel | Failure }
  /** The run as it is between two steps, to be kept; what was measured and changed before has been told. Transferred. */
  | { readonly type: 'checkpoint'; readonly lane: LaneId; readonly sent: SentCheckpoint }
  /** The rollouts of steps, ascending, to be kept; the rows of these steps have been told. Transferred. */
  | { readonly type: 'recorded'; readonly lane: LaneId; readonly steps: readonly PackedStep[] }
  /** An evaluation could not run beside the training: the engine has made it, as it makes all. */
  | { readonly type: 'apart-failed'; readonly failure: Failure }
  /** A live change took effect. */
  | ({ readonly type: 'changed'; readonly lane: LaneId } & LiveChange);
