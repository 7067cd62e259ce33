import { chosenStats } from './record.ts';

/** Log-probability and entropy of tokens, nats. */
export interface TokenFigures {
  readonly logProbs: Float32Array;
  readonly entropies: Float32Array;
}

/** One sampled completion, end token included where there is one, [L]. */
export interface FrozenCompletion extends TokenFigures {
  readonly tokens: readonly number[];
  /** KL of the uniform distribution to that of each token, nats (arXiv 2505.19590). */
  readonly selfCertainties: Float32Array;
  /** Whether it has no end token. */
  readonly truncated: boolean;
}

/** Completions as the device gives them: tokens and their figures, a stride of places each, up to the first end token. */
export function readCompletions(
  ids: Uint32Array,
  stats: Float32Array,
  of: {
    readonly completions: number;
    readonly stride: number;
    readonly maxTokens: number;
    readonly ends: readonly number[];
  },
): FrozenCompletion[] {
  const { floats, at } = chosenStats;
  return Array.from({ length: of.completions }, (_, row) => {
    const all = ids.subarray(row * of.stride, row * of.stride + of.maxTokens);
    const end = all.findIndex((id) => of.ends.includes(id));
    const count = end < 0 ? of.maxTokens : end + 1;
    const column = (name: keyof typeof at): Float32Array =>
      Float32Array.from({ length: count }, (_, t) => stats[floats * (row * of.stride + t) + at[name]] ?? NaN);
    return {
      tokens: [...all.subarray(0, count)],
      truncated: end < 0,
      logProbs: column('log_prob'),
      entropies: column('entropy'),
      selfCertainties: column('self_certainty'),
    };
  });
}
