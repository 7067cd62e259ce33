import { at, expectLength, type Numbers } from './indexing.ts';
import { distribution } from './log_softmax.ts';

export interface Sampled {
  /** [R] */
  readonly tokens: Uint32Array;
  /** ln π(token), entropy and self-certainty of π, nats, [R] each. */
  readonly logProb: Float64Array;
  readonly entropy: Float64Array;
  readonly selfCertainty: Float64Array;
  /** Distance from the uniform number to the nearest edge of the chosen token's interval, [R]. */
  readonly margin: Float64Array;
}

/**
 * Inverse of the cumulative distribution: the first token whose Σ_{j ≤ token} π_j exceeds u,
 * π = softmax(logits / T). `margin` tells how near rounding could choose a neighbour.
 * @param logits [R, V]
 * @param uniforms u in [0, 1), [R]
 */
export function sample(logits: Numbers, uniforms: Numbers, vocabulary: number, temperature: number): Sampled {
  const R = uniforms.length;
  expectLength('logits', logits, R * vocabulary);
  const result = {
    tokens: new Uint32Array(R),
    logProb: new Float64Array(R),
    entropy: new Float64Array(R),
    selfCertainty: new Float64Array(R),
    margin: new Float64Array(R),
  };
  for (let r = 0; r < R; r++) {
    const { logProbs, entropy, selfCertainty } = distribution(logits, r, vocabulary, temperature);
    const u = at(uniforms, r);
    let token = 0;
    let above = Math.exp(at(logProbs, 0));
    // The last token takes what rounding leaves of the sum.
    while (above <= u && token < vocabulary - 1) {
      token += 1;
      above += Math.exp(at(logProbs, token));
    }
    const below = above - Math.exp(at(logProbs, token));
    result.tokens[r] = token;
    result.logProb[r] = at(logProbs, token);
    result.entropy[r] = entropy;
    result.selfCertainty[r] = selfCertainty;
    result.margin[r] = Math.min(token === 0 ? 1 : u - below, token === vocabulary - 1 ? 1 : above - u);
  }
  return result;
}

/** The most probable token of each row; of equals, the first. */
export function greedy(logits: Numbers, rows: number, vocabulary: number): Uint32Array {
  expectLength('logits', logits, rows * vocabulary);
  return Uint32Array.from({ length: rows }, (_, r) => {
    let best = 0;
    for (let j = 1; j < vocabulary; j++) {
      if (at(logits, r * vocabulary + j) > at(logits, r * vocabulary + best)) best = j;
    }
    return best;
  });
}
