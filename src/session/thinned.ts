/**
 * What a run recorded, within a number of bytes. When that is full, every second record is let go, so that what is
 * kept stays evenly spread over the run; the newest is always there.
 */
export class Thinned<Item extends { readonly step: number }> {
  readonly #budgetBytes: number;
  readonly #bytesOf: (items: readonly Item[]) => number;
  #items: readonly Item[] = [];
  #stride = 1;

  /** @param bytesOf of all items together: they may share memory */
  constructor(budgetBytes: number, bytesOf: (items: readonly Item[]) => number) {
    this.#budgetBytes = budgetBytes;
    this.#bytesOf = bytesOf;
  }

  /** Oldest first. */
  get items(): readonly Item[] {
    return this.#items;
  }

  get sizeBytes(): number {
    return this.#bytesOf(this.#items);
  }

  /** Adds the newest. @param item of a later step than those before */
  add(item: Item): void {
    this.#items = [...this.#items.filter(({ step }, i) => this.#stays(step, i)), item];
    while (this.#items.length > 2 && this.sizeBytes > this.#budgetBytes) {
      this.#stride *= 2;
      this.#items = this.#items.filter(({ step }, i) => this.#stays(step, i) || step === item.step);
    }
  }

  /** The newest that is not after a step, null when there is none. */
  before(step: number): Item | null {
    return this.#items.findLast((item) => item.step <= step) ?? null;
  }

  /** The same records up to a step; those of a run that goes on from there. */
  until(step: number): Thinned<Item> {
    const kept = new Thinned(this.#budgetBytes, this.#bytesOf);
    kept.#items = this.#items.filter((item) => item.step <= step);
    kept.#stride = this.#stride;
    return kept;
  }

  #stays(step: number, index: number): boolean {
    return index === 0 || Math.floor(step / this.#stride) * this.#stride === step;
  }
}
