import type { Checkpoint } from '../trainer/checkpoint.ts';

/** A checkpoint on its way to where it is kept: those that the guard could go back to are named, unless they are new. */
export interface SentCheckpoint {
  /** Whether its sender sent none before it: the earlier ones are all here. */
  readonly first: boolean;
  readonly checkpoint: Omit<Checkpoint, 'earlier'>;
  /** Steps of what the guard could go back to. */
  readonly earlier: readonly number[];
  /** Those of them that have not been sent before. */
  readonly unsent: readonly Checkpoint[];
}

/** Sends the checkpoints of one run: each of them once, as a copy whose arrays can be transferred. */
export class CheckpointSender {
  readonly #sent = new WeakSet<Float32Array>();
  #first = true;

  pack({ earlier, ...checkpoint }: Checkpoint): { sent: SentCheckpoint; transfer: ArrayBuffer[] } {
    const unsent = earlier.filter(({ state }) => !this.#sent.has(state.policy)).map(copyOf);
    const copy = copyOf(checkpoint);
    for (const { state } of [...earlier, checkpoint]) this.#sent.add(state.policy);
    const first = this.#first;
    this.#first = false;
    return {
      sent: { first, checkpoint: copy, earlier: earlier.map(({ step }) => step), unsent },
      transfer: [copy, ...unsent].flatMap(({ state: { policy, anchor, m, v } }) =>
        [policy, anchor, m, v].map(({ buffer }) => buffer),
      ),
    };
  }
}

/** Puts the checkpoints of one run together again; remembers those that a later one can name. */
export class CheckpointReceiver {
  #known: readonly Checkpoint[] = [];

  /** @throws RangeError where one is named that was never sent */
  unpack({ checkpoint, earlier: steps, unsent }: SentCheckpoint): Checkpoint {
    const all = [...this.#known, ...unsent];
    const earlier = steps.map((step) => {
      const found = all.findLast((one) => one.step === step);
      if (found === undefined) throw new RangeError(`the checkpoint of step ${String(step)} was never sent`);
      return found;
    });
    // What the guard can't go back to any more, it never will.
    this.#known = checkpoint.passing ? earlier : [...earlier, { ...checkpoint, earlier: [] }];
    return { ...checkpoint, earlier };
  }
}

function copyOf<One extends Pick<Checkpoint, 'state'>>(one: One): One {
  const { policy, anchor, m, v } = one.state;
  // Sliced one by one: a base model's policy and anchor are the same array, which can be transferred only once.
  return {
    ...one,
    state: { policy: policy.slice(), anchor: anchor.slice(), m: m.slice(), v: v.slice() },
  };
}
