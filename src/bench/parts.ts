/** How far a benchmark is. */
export interface BenchProgress {
  /** What is measured now. */
  readonly doing: string;
  /** Which part of all of them, from 1. */
  readonly part: number;
  readonly parts: number;
  /** 0 to 1, by the seconds of the parts: another machine shares its time out otherwise. */
  readonly done: number;
}

/** Something that is measured, and about how long it takes a software adapter: an estimate, for what is said to be left. */
interface Part {
  readonly doing: string;
  readonly seconds: number;
}

/** Group sizes that are timed. */
export const groupSizes = [
  { groupSize: 8, seconds: 3 },
  { groupSize: 16, seconds: 3 },
  { groupSize: 32, seconds: 6 },
  { groupSize: 64, seconds: 10 },
  { groupSize: 128, seconds: 18 },
  { groupSize: 256, seconds: 32 },
] as const;

/** Models that are timed, from 2,000 to 10 million parameters; the last is too wide for a fused rollout. */
export const sizes = [
  { hidden: 16, layers: 1, head: 8, inner: 48, seconds: 3 },
  { hidden: 48, layers: 2, head: 16, inner: 96, seconds: 4 },
  { hidden: 64, layers: 2, head: 16, inner: 256, seconds: 6 },
  { hidden: 128, layers: 5, head: 32, inner: 344, seconds: 20 },
  { hidden: 320, layers: 6, head: 64, inner: 1280, seconds: 297 },
] as const;

export const doing = {
  start: 'From nothing to the first step',
  products: 'Matrix products and copies',
  duel: (steps: number): string => `Preset duel, ${steps} steps of each lane`,
  kernels: 'Kernel by kernel',
  layouts: 'Layouts of a rollout',
  group: (size: number): string => `Group size ${size}`,
  size: (hidden: number, layers: number): string => `Model of ${hidden} × ${layers}`,
} as const;

/** All parts of a benchmark, in their order. @param steps of each lane @param quick without layouts and sizes */
export function partsOf(steps: number, quick: boolean): readonly Part[] {
  return [
    { doing: doing.start, seconds: 9 },
    { doing: doing.products, seconds: 6 },
    { doing: doing.duel(steps), seconds: 1.6 * (steps + 3) },
    { doing: doing.kernels, seconds: 8 },
    ...(quick
      ? []
      : [
          { doing: doing.layouts, seconds: 12 },
          ...groupSizes.map(({ groupSize, seconds }) => ({ doing: doing.group(groupSize), seconds })),
          ...sizes.map(({ hidden, layers, seconds }) => ({ doing: doing.size(hidden, layers), seconds })),
        ]),
  ];
}

/** Tells how far a benchmark is, as each of its parts begins and goes on. */
export class Told {
  readonly #parts: readonly Part[];
  readonly #tell: (progress: BenchProgress) => void;
  #at = 0;

  constructor(parts: readonly Part[], tell: (progress: BenchProgress) => void) {
    this.#parts = parts;
    this.#tell = tell;
  }

  /** A part begins. @throws RangeError for one that was not to be measured */
  begin(name: string): void {
    this.#at = this.#parts.findIndex(({ doing }) => doing === name);
    if (this.#at < 0) throw new RangeError(`The benchmark has no part “${name}”.`);
    this.within(0);
  }

  /** The part that was begun goes on. @param share 0 to 1 of it is done */
  within(share: number): void {
    const all = this.#parts.map(({ seconds }) => seconds);
    const [done, whole] = [sum(all.slice(0, this.#at)) + share * (all[this.#at] ?? 0), sum(all)];
    const part = { doing: this.#parts[this.#at]?.doing ?? '', part: this.#at + 1, parts: all.length };
    this.#tell({ ...part, done: done / whole });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
