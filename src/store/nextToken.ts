import type { Tokenizer } from '../spec/tokenizer.ts';

/** A token that a model could write next. */
export interface Offer {
  readonly id: number;
  readonly piece: string;
  /** The model's own, at temperature 1. */
  readonly probability: number;
}

/** All tokens, likeliest first; of equals the lower id, as the greedy sampler takes them. @param logits [V] */
export function offersOf(logits: Float32Array, tokenizer: Tokenizer): readonly Offer[] {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  const offers = weights.map((weight, id) => ({
    id,
    piece: tokenizer.decode([id]),
    probability: weight / sum,
  }));
  return offers.sort((a, b) => b.probability - a.probability || a.id - b.id);
}

/**
 * The token that is written.
 * @param offers likeliest first
 * @param temperature 0: the likeliest
 * @param real in (0, 1): which of those that chance could choose
 */
export function pick(offers: readonly Offer[], temperature: number, real: number): Offer {
  const [first] = offers;
  if (first === undefined) throw new Error('a vocabulary has tokens');
  if (temperature === 0) return first;
  const weights = offers.map(({ probability }) => (probability / first.probability) ** (1 / temperature));
  let left = real * weights.reduce((a, b) => a + b, 0);
  for (const [index, offer] of offers.entries()) {
    left -= weights[index] ?? 0;
    if (left < 0) return offer;
  }
  return first;
}
