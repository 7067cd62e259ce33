import { randomStream } from '../../src/lib/philox.ts';

/** Choices of one action. They follow from the seed and the action's number alone: the one before leaves no trace in them. */
export class Chance {
  readonly #below: (below: number) => number;

  constructor(seed: number, action: number) {
    this.#below = randomStream(seed, 'noise', action);
  }

  /** Uniform in 0 … below − 1. */
  whole(below: number): number {
    return this.#below(below);
  }

  /** One of them, all alike. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#below(Math.max(1, items.length))];
    if (item === undefined) throw new RangeError('there is nothing to choose from');
    return item;
  }

  /** True in so many of a hundred cases. */
  percent(share: number): boolean {
    return this.#below(100) < share;
  }

  /** One of them, each as often as its weight says. @param items of whole weights from 1 */
  weighted<Item extends { readonly weight: number }>(items: readonly Item[]): Item {
    let left = this.#below(
      Math.max(
        1,
        items.reduce((sum, { weight }) => sum + weight, 0),
      ),
    );
    for (const item of items) {
      left -= item.weight;
      if (left < 0) return item;
    }
    throw new RangeError('there is nothing to choose from');
  }
}
