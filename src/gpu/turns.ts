/**
 * Runs on one device take turns: its queue is worked off in order, and one thread waits for all of them. Remembers when
 * each run was last served and when it last left the thread, so that the part of a wait that was for others is known.
 * Times in milliseconds of one clock.
 */
export class Turns {
  readonly #ends = new Map<object, { readonly served: number; readonly left: number }>();

  /** The device has brought a run what it waited for. */
  served(run: object, at: number): void {
    this.#ends.set(run, { left: -Infinity, ...this.#ends.get(run), served: at });
  }

  /** A run leaves the thread to others: it begins to wait, or its step is over. */
  left(run: object, at: number): void {
    this.#ends.set(run, { served: -Infinity, ...this.#ends.get(run), left: at });
  }

  forget(run: object): void {
    this.#ends.delete(run);
  }

  /**
   * Until when, at least, the device worked for others: what a run submits together is done behind all that others are
   * served with meanwhile.
   * @param from when the run began to wait; answered where no other was served since
   */
  othersServed(run: object, from: number): number {
    return this.#latest(run, from, ({ served }) => served);
  }

  /**
   * Milliseconds of a wait that ends now in which others had the device, or the thread while the device had no work of
   * this run.
   * @param waitMs since `from`
   * @param deviceMs the run's own work on the device in it; NaN where that is not known: then the device alone counts
   */
  forOthers(run: object, from: number, waitMs: number, deviceMs: number): number {
    if (Number.isNaN(deviceMs)) return Math.min(waitMs, this.othersServed(run, from) - from);
    const held = this.#latest(run, from, ({ served, left }) => Math.max(served, left)) - from;
    return Math.min(held, Math.max(0, waitMs - deviceMs));
  }

  #latest(run: object, from: number, end: (of: { served: number; left: number }) => number): number {
    let latest = from;
    for (const [other, ends] of this.#ends) if (other !== run) latest = Math.max(latest, end(ends));
    return latest;
  }
}
