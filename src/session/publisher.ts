import type { TrainingEngine } from '../engine/engine.ts';
import type { Failure } from '../lib/failure.ts';
import type { Post, WorkerLane } from './lane.ts';
import type { LaneId, RunState } from './protocol.ts';

/** Least time between two batches of rows, and between two looks at the newest rollouts. */
const batchMs = 100;
const rolloutsMs = 400;

/** Tells the page what happened, no oftener than it can show. */
export class Publisher {
  readonly post: Post;
  readonly #now: () => number;
  readonly #lanes: () => readonly WorkerLane<TrainingEngine>[];
  #watched: { readonly step: number | null; readonly prompt: number } = { step: null, prompt: 0 };
  #lastRows = 0;
  #lastRollouts = 0;

  /** @param now milliseconds */
  constructor(post: Post, now: () => number, lanes: () => readonly WorkerLane<TrainingEngine>[]) {
    this.post = post;
    this.#now = now;
    this.#lanes = lanes;
  }

  /** A new state of the run; what was measured before it arrives before it. @param lane whose step failed */
  state(state: RunState, failure?: Failure, lane?: LaneId): void {
    this.flush();
    this.post({
      type: 'state',
      state,
      ...(failure === undefined ? {} : { failure }),
      ...(lane === undefined ? {} : { lane }),
    });
  }

  /** Shows another prompt, or the rollouts of another step. */
  watch(watched: { readonly step: number | null; readonly prompt: number }): void {
    this.#watched = watched;
    this.showRollouts();
  }

  /** After a step: all that has gathered, where it is time. */
  afterStep(): void {
    if (this.#now() - this.#lastRows >= batchMs) this.flush();
  }

  flush(): void {
    this.#lastRows = this.#now();
    for (const lane of this.#lanes()) lane.flush();
    // An older step's rollouts don't change.
    if (this.#watched.step === null && this.#lastRows - this.#lastRollouts >= rolloutsMs) this.showRollouts();
  }

  showRollouts(): void {
    this.#lastRollouts = this.#now();
    for (const lane of this.#lanes()) this.show(lane);
  }

  show(lane: WorkerLane<TrainingEngine>): void {
    lane.show(this.#watched.step, this.#watched.prompt);
  }
}
