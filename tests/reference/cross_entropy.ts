import { at, expectLength, type Numbers } from './indexing.ts';
import * as logSoftmax from './log_softmax.ts';

/**
 * loss = Σ_r mask[r]·(−ln softmax(logits[r])[targets[r]]) / Σ_r mask[r], and
 * dlogits[r,j] = mask[r]·(π_j − δ_j,target) / Σ_r mask[r]
 * @param logits [R, V]
 * @param targets [R]
 * @param mask 1 trains the row, 0 leaves it out, [R]; not all 0
 * @returns loss, nats per token; rowLoss, each row's share of it, [R]; dlogits, [R, V]
 */
export function forwardBackward(
  logits: Numbers,
  targets: Numbers,
  mask: Numbers,
  vocabulary: number,
): { loss: number; rowLoss: Float64Array; dlogits: Float64Array } {
  const R = targets.length;
  expectLength('mask', mask, R);
  let tokens = 0;
  for (let r = 0; r < R; r++) tokens += at(mask, r);
  const { logProb } = logSoftmax.forward(logits, targets, vocabulary, 1);
  const rowLoss = logProb.map((value, r) => (-value * at(mask, r)) / tokens);
  const dlogProb = Float64Array.from({ length: R }, (_, r) => -at(mask, r) / tokens);
  const dlogits = logSoftmax.backward(dlogProb, new Float64Array(R), logits, targets, vocabulary, 1);
  return { loss: rowLoss.reduce((sum, value) => sum + value, 0), rowLoss, dlogits };
}
