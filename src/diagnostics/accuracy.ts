import { type Evaluation, summarise } from './collapse.ts';

/** More evaluations than a collapse takes. */
const newest = 10;
/** Share of its best that an accuracy still has where it holds. */
const heldShare = 0.9;

/** What is right in the course of a run, an evaluation at a time. */
export class Accuracy {
  readonly #curve: Evaluation[] = [];
  /** Of those that are older than the newest; at first the first. */
  #best: Evaluation | null = null;
  #collapsed = false;
  #held = false;

  /** @param evaluation steps ascending */
  add(evaluation: Evaluation): void {
    this.#curve.push(evaluation);
    const [first = evaluation] = this.#curve;
    const leaving = this.#curve.at(-newest - 1) ?? first;
    if (this.#best === null || leaving.sampled > this.#best.sampled) this.#best = leaving;
    // The first, the best and the newest say what all say: a summary of all of them at each would take hours.
    const summary = summarise([first, this.#best, ...this.#curve.slice(-newest)]);
    if (summary === null) return;
    this.#collapsed ||= summary.collapseStep !== null;
    this.#held = !this.#collapsed && summary.retention > heldShare && summary.final > summary.base;
  }

  /** All of it. */
  get curve(): readonly Evaluation[] {
    return this.#curve;
  }

  /** Whether it never collapsed, lies above its start, and is nearly as good as it ever was. */
  get held(): boolean {
    return this.#held;
  }
}
