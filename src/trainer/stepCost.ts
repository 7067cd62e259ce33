import type { PhaseTimes, TrainingEngine } from '../engine/engine.ts';
import type { StepCosts } from '../diagnostics/collect.ts';

/** Notes what a step costs while it goes on. Nothing of it reaches the training. */
export class StepCost {
  readonly #now: () => number;
  readonly #engine: Pick<TrainingEngine, 'counts'>;
  readonly #begun: number;
  readonly #before: TrainingEngine['counts'];
  readonly #sums: Record<keyof PhaseTimes, number> = { rolloutMs: 0, updateMs: 0, waitMs: 0, othersMs: 0 };
  #rolledOut = false;
  #voteMs = 0;

  /** The step begins. @param now milliseconds */
  constructor(now: () => number, engine: Pick<TrainingEngine, 'counts'>) {
    this.#now = now;
    this.#engine = engine;
    this.#begun = now();
    this.#before = engine.counts;
  }

  /** Times what comes between rollouts and update. */
  async vote<Result>(decide: () => Promise<Result>): Promise<Result> {
    const begun = this.#now();
    const result = await decide();
    this.#voteMs += this.#now() - begun;
    return result;
  }

  /** A wait of this step. @param rolledOut whether rollouts were among what was waited for */
  waited(times: PhaseTimes, rolledOut: boolean): void {
    this.#rolledOut ||= rolledOut;
    for (const [part, ms] of Object.entries(times) as [keyof PhaseTimes, number][]) this.#sums[part] += ms;
  }

  /** The cost up to here. */
  costs(): StepCosts {
    const { rolloutMs, updateMs, waitMs, othersMs } = this.#sums;
    const { dispatches, readbacks, allocations, bytes } = this.#engine.counts;
    const deviceMs = rolloutMs + updateMs;
    return {
      stepMs: this.#now() - this.#begun,
      voteMs: this.#voteMs,
      rolloutMs: this.#rolledOut ? rolloutMs : NaN,
      trainMs: updateMs,
      othersMs,
      // The device may have begun before the wait did.
      readbackMs: Math.max(0, waitMs - othersMs - (Number.isNaN(deviceMs) ? 0 : deviceMs)),
      dispatches: dispatches - this.#before.dispatches,
      readbacks: readbacks - this.#before.readbacks,
      allocations: allocations - this.#before.allocations,
      memoryBytes: bytes,
    };
  }

  /** Steps that fit into a second at the pace of this one, whatever followed its update included; NaN for a clock at rest. */
  stepsPerSecond(): number {
    const ms = this.#now() - this.#begun;
    return ms > 0 ? 1000 / ms : NaN;
  }
}
