import type { WorkerLane } from './lane.ts';
import type { Publisher } from './publisher.ts';
import type { RunState } from './protocol.ts';

/** What a schedule steps, and whom it tells. */
export interface Scheduled {
  readonly lanes: () => readonly WorkerLane[];
  /** Grows when the lanes are others: what a loop of an earlier number still does is discarded. */
  readonly generation: () => number;
  /** Whether there is a device to step on. */
  readonly ready: () => boolean;
  readonly publisher: Publisher;
  readonly failed: (error: unknown, lane: WorkerLane | undefined) => void;
}

/** Steps the lanes: one loop, one step of the lanes furthest behind at a time, commands at the edges of steps. */
export class Schedule {
  readonly #of: Scheduled;
  /** To be done at the next edge of a step. */
  #asked: (() => Promise<void>)[] = [];
  /** Steps still wanted of the lanes; Infinity while training, 0 while paused. */
  #wanted = 0;
  #running = false;

  constructor(of: Scheduled) {
    this.#of = of;
  }

  get wanted(): number {
    return this.#wanted;
  }

  get training(): boolean {
    return this.#running && this.#wanted > 0;
  }

  /** Steps lanes so many times; Infinity: until they have finished, 0: not after the step under way. */
  want(steps: number): void {
    this.#wanted = steps;
    if (steps > 0) this.#begin();
  }

  /** Has something done at the next edge of a step. */
  ask(work: () => Promise<void>): void {
    this.#asked.push(work);
    this.#begin();
  }

  /** Has every lane kept as it is at the next edge of a step. @param anew by one who has been sent nothing yet */
  keep(anew: boolean): void {
    this.ask(() => {
      if (anew) for (const lane of this.#of.lanes()) lane.sendAnew();
      return this.#rest();
    });
  }

  /** Forgets what was wanted and asked: the lanes are others. */
  clear(): void {
    this.#wanted = 0;
    this.#asked = [];
  }

  /** Steps no further; what was asked waits. @returns the steps that were wanted */
  halt(): number {
    const wanted = this.#wanted;
    this.#wanted = 0;
    return wanted;
  }

  /** Goes on, where it isn't under way. */
  resume(): void {
    this.#begin();
  }

  /** Live changes come into force, unless a step is under way: then at its edge. */
  changed(): void {
    if (this.#running) return;
    this.#applyChanges();
    // More steps than before: a run that had ended can go on.
    if (this.#of.lanes().some(({ started }) => started)) this.#of.publisher.state(this.restingState());
  }

  restingState(): RunState {
    const lanes = this.#of.lanes();
    if (lanes.every(({ trainer }) => trainer.finished)) return 'finished';
    return lanes.some(({ started }) => started) ? 'paused' : 'ready';
  }

  /** What nobody foresaw ends the run in words: it would be said to train for ever. */
  #begin(): void {
    const mine = this.#of.generation();
    this.#run().catch((error: unknown) => {
      if (mine === this.#of.generation()) this.#of.failed(error, undefined);
    });
  }

  async #run(): Promise<void> {
    const { lanes, generation, ready, publisher, failed } = this.#of;
    if (this.#running || !ready() || (lanes().length === 0 && this.#asked.length === 0)) return;
    this.#running = true;
    const mine = generation();
    let training = false;
    try {
      for (;;) {
        for (let ask = this.#asked.shift(); ask !== undefined; ask = this.#asked.shift()) {
          await ask();
          if (mine !== generation()) return;
        }
        // A change is told after all that was made and changed before it.
        if (lanes().some(({ changing }) => changing)) {
          await this.#letOut();
          if (mine !== generation()) return;
        }
        this.#applyChanges();
        const due = this.#wanted > 0 ? furthestBehind(lanes()) : [];
        // What was asked for meanwhile comes first, also when nothing is to be trained.
        if (due.length === 0 && this.#asked.length > 0) continue;
        if (due.length === 0) {
          this.#wanted = 0;
          await this.#rest();
          if (mine !== generation()) return;
          // What was wanted or changed meanwhile has found this loop busy.
          if (this.#wanted > 0 || this.#asked.length > 0) continue;
          this.#applyChanges();
          break;
        }
        if (!training) publisher.state('training');
        training = true;
        // Together: while one lane votes, the device works on the others.
        const stepped = await Promise.allSettled(due.map((lane) => lane.advance()));
        if (mine !== generation()) return;
        const at = stepped.findIndex((outcome) => outcome.status === 'rejected');
        const outcome = stepped[at];
        if (outcome?.status === 'rejected') {
          // What was made before is told before it is said what ends it.
          await this.#letOut();
          if (mine !== generation()) return;
          failed(outcome.reason, due[at]);
          return;
        }
        publisher.afterStep();
        this.#wanted--;
      }
      publisher.showRollouts();
      publisher.state(this.restingState());
    } finally {
      this.#running = false;
      // Lanes opened meanwhile have found this loop busy.
      if (mine !== generation()) this.#begin();
    }
  }

  /** One that can't be read is not kept; why is for the loss of the device to say. */
  async #rest(): Promise<void> {
    await Promise.allSettled(this.#of.lanes().map((lane) => lane.rest()));
  }

  /** What can't be let out is lost with the device, which says so itself. */
  async #letOut(): Promise<void> {
    await Promise.allSettled(this.#of.lanes().map((lane) => lane.letOut()));
  }

  #applyChanges(): void {
    for (const lane of this.#of.lanes()) {
      const refused = lane.applyChanges();
      // The page checks before it sends: a change that is refused here leaves the run as it was.
      if (refused !== null)
        this.#of.publisher.state(this.training ? 'training' : this.restingState(), refused);
    }
  }
}

/** Unfinished lanes that have made the fewest steps: a lane that joined late catches up first. */
function furthestBehind(lanes: readonly WorkerLane[]): readonly WorkerLane[] {
  const unfinished = lanes.filter(({ trainer }) => !trainer.finished);
  const least = Math.min(...unfinished.map(({ trainer }) => trainer.step));
  return unfinished.filter(({ trainer }) => trainer.step === least);
}
