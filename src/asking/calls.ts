/** Requests that are in flight together. */
export type Call = readonly { readonly prompt: number; readonly completion: number }[];

/** G completions of every prompt, in order, cut into calls of as many as are in flight; each is made when it is its turn. */
export class Calls {
  readonly completions: number;
  readonly #groupSize: number;
  readonly #inFlight: number;

  constructor(prompts: number, groupSize: number, inFlight: number) {
    this.completions = prompts * groupSize;
    this.#groupSize = groupSize;
    this.#inFlight = inFlight;
  }

  get count(): number {
    return Math.ceil(this.completions / this.#inFlight);
  }

  /** Completions of the largest call. */
  get inFlight(): number {
    return Math.min(this.#inFlight, this.completions);
  }

  *[Symbol.iterator](): Generator<Call> {
    for (let first = 0; first < this.completions; first += this.#inFlight) {
      const length = Math.min(this.#inFlight, this.completions - first);
      yield Array.from({ length }, (_, i) => ({
        prompt: Math.floor((first + i) / this.#groupSize),
        completion: (first + i) % this.#groupSize,
      }));
    }
  }

  /** Of each call, what a prompt counts summed over those that it needs, each once. */
  *sums(of: (prompt: number) => number): Generator<number> {
    for (let first = 0; first < this.completions; first += this.#inFlight) {
      const last = Math.min(first + this.#inFlight, this.completions) - 1;
      let sum = 0;
      for (let prompt = Math.floor(first / this.#groupSize); prompt * this.#groupSize <= last; prompt++)
        sum += of(prompt);
      yield sum;
    }
  }
}

/** Prompts that a call needs, each once, ascending. */
export function promptsOf(call: Call): number[] {
  return [...new Set(call.map(({ prompt }) => prompt))];
}
