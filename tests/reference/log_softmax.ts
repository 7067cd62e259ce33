import { at, expectLength, type Numbers } from './indexing.ts';

/** The sampling distribution of one row. All in nats. */
export interface Distribution {
  /** ln π_j, [V]. */
  readonly logProbs: Float64Array;
  /** −Σ_j π_j·ln π_j */
  readonly entropy: number;
  /** KL(U‖π) = −(1/V)·Σ_j ln(V·π_j) (Intuitor, arXiv 2505.19590). */
  readonly selfCertainty: number;
}

/**
 * π = softmax(logits[row] / T)
 * @param logits [R, V]
 */
export function distribution(
  logits: Numbers,
  row: number,
  vocabulary: number,
  temperature: number,
): Distribution {
  const z = Float64Array.from(
    { length: vocabulary },
    (_, j) => at(logits, row * vocabulary + j) / temperature,
  );
  // No call takes a vocabulary of arguments.
  const max = z.reduce((most, value) => Math.max(most, value), -Infinity);
  const logNormalizer = max + Math.log(z.reduce((sum, value) => sum + Math.exp(value - max), 0));
  const logProbs = z.map((value) => value - logNormalizer);
  const entropy = logProbs.reduce((sum, value) => sum - Math.exp(value) * value, 0);
  const selfCertainty = logProbs.reduce((sum, value) => sum - Math.log(vocabulary) - value, 0) / vocabulary;
  return { logProbs, entropy, selfCertainty };
}

/**
 * logProb[r] = ln softmax(logits[r]/T)[targets[r]], with the row's entropy and self-certainty
 * @param logits [R, V]
 * @param targets [R]
 * @returns logProb, entropy, selfCertainty, [R] each, nats
 */
export function forward(
  logits: Numbers,
  targets: Numbers,
  vocabulary: number,
  temperature: number,
): { logProb: Float64Array; entropy: Float64Array; selfCertainty: Float64Array } {
  const R = targets.length;
  expectLength('logits', logits, R * vocabulary);
  const logProb = new Float64Array(R);
  const entropy = new Float64Array(R);
  const selfCertainty = new Float64Array(R);
  for (let r = 0; r < R; r++) {
    const row = distribution(logits, r, vocabulary, temperature);
    logProb[r] = at(row.logProbs, at(targets, r));
    entropy[r] = row.entropy;
    selfCertainty[r] = row.selfCertainty;
  }
  return { logProb, entropy, selfCertainty };
}

/**
 * ∂logProb/∂logit_j = (δ_j,target − π_j)/T,   ∂entropy/∂logit_j = −π_j·(ln π_j + entropy)/T
 * @param dlogProb,dentropy [R]
 * @returns dlogits, [R, V]
 */
export function backward(
  dlogProb: Numbers,
  dentropy: Numbers,
  logits: Numbers,
  targets: Numbers,
  vocabulary: number,
  temperature: number,
): Float64Array {
  const R = targets.length;
  expectLength('dlogProb', dlogProb, R);
  expectLength('dentropy', dentropy, R);
  const dlogits = new Float64Array(R * vocabulary);
  for (let r = 0; r < R; r++) {
    const { logProbs, entropy } = distribution(logits, r, vocabulary, temperature);
    for (let j = 0; j < vocabulary; j++) {
      const p = Math.exp(at(logProbs, j));
      const chosen = j === at(targets, r) ? 1 : 0;
      const fromLogProb = at(dlogProb, r) * (chosen - p);
      const fromEntropy = -at(dentropy, r) * p * (at(logProbs, j) + entropy);
      dlogits[r * vocabulary + j] = (fromLogProb + fromEntropy) / temperature;
    }
  }
  return dlogits;
}
