import type { EarlyWarningState } from '../diagnostics/earlyWarning.ts';
import type { PairShares } from '../diagnostics/overlap.ts';
import type { TrainingState } from '../engine/engine.ts';
import type { BaseModel } from '../model/baseModel.ts';

/** Everything a run needs to go on bit for bit: its random numbers follow from seed and step alone. */
export interface Checkpoint {
  /** Steps done. */
  readonly step: number;
  /** Optimiser updates that m and v have seen. */
  readonly updates: number;
  readonly state: TrainingState;
  /** False where no anchor was kept: `state.anchor` is then of no use. */
  readonly anchored: boolean;
  readonly overlap: readonly PairShares[];
  readonly warning: EarlyWarningState;
  /** Taken between those that are due, as when a run is told to end: the guard never goes back to it. */
  readonly passing: boolean;
  /** What the guard could go back to then, oldest first. */
  readonly earlier: readonly Checkpoint[];
}

/** A run before its first update. */
export function firstCheckpoint({ weights }: Pick<BaseModel, 'weights'>): Checkpoint {
  const state = {
    policy: weights,
    anchor: weights,
    m: new Float32Array(weights.length),
    v: new Float32Array(weights.length),
  };
  return {
    step: 0,
    updates: 0,
    state,
    anchored: true,
    overlap: [],
    warning: {},
    passing: false,
    earlier: [],
  };
}

/** Bytes of a checkpoint alone. */
export function checkpointBytes({ state: { policy, anchor, m, v } }: Pick<Checkpoint, 'state'>): number {
  return policy.byteLength + anchor.byteLength + m.byteLength + v.byteLength;
}

/** The last checkpoints of a run, as many as the guard may need: nothing older, whatever the page's memory. */
export class RecentCheckpoints {
  #kept: readonly Checkpoint[];

  constructor(start: Checkpoint) {
    this.#kept = start.passing ? start.earlier : [...start.earlier, start];
  }

  /** Oldest first. */
  get kept(): readonly Checkpoint[] {
    return this.#kept;
  }

  /** Adds the newest; forgets what lies before the one that `before(stepsBack)` would choose. */
  add(checkpoint: Checkpoint, stepsBack: number): void {
    const oldest = this.before(checkpoint.step - stepsBack);
    this.#kept = [...this.#kept.slice(this.#kept.indexOf(oldest)), checkpoint];
  }

  /** The newest that is not after a step, or the oldest there is. */
  before(step: number): Checkpoint {
    const [oldest] = this.#kept;
    const found = this.#kept.findLast((checkpoint) => checkpoint.step <= step) ?? oldest;
    if (found === undefined) throw new RangeError('a run has at least the checkpoint it began with');
    return found;
  }

  /** Forgets what came after a checkpoint: a run that went back to it took another way. */
  goBackTo(checkpoint: Checkpoint): void {
    this.#kept = this.#kept.slice(0, this.#kept.indexOf(checkpoint) + 1);
  }
}
