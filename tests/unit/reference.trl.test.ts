import { describe, expect, it } from 'vitest';
import { tokenWeights as labWeights } from '../../src/rl/loss.ts';
import {
  advantages,
  byLogProb,
  cases,
  lengths,
  logitsOf,
  logProbs,
  maxCompletionLength,
  oldLogProbs,
  others,
  perToken,
  refLogProbs,
} from '../fixtures/trl.ts';
import { compare } from '../reference/compare.ts';
import { forwardBackward, tokenWeights } from '../reference/policy_loss.ts';
import { average } from '../reference/rules.ts';

// The oracle's loss against TRL's own (tests/fixtures/README.md); the kernel's is in tests/gpu/trl.test.ts.

describe.each(cases)('$name', ({ lossType, onPolicy, settings, loss, gradient, clipped, kl }) => {
  it('loss, gradient, KL and clipped share are TRL’s', () => {
    const weights = tokenWeights(
      lossType,
      lengths,
      lengths.map(() => true),
      maxCompletionLength,
    );
    const result = forwardBackward(
      {
        logits: logProbs.flatMap(logitsOf),
        targets: logProbs.map(() => 0),
        advantages: perToken(advantages),
        weights: perToken(weights),
        oldLogProbs: onPolicy ? null : oldLogProbs,
        refLogProbs,
        anchorLogProbs: null,
      },
      2,
      settings,
    );
    // The file has twelve digits.
    expect(compare([result.loss.reduce((sum, value) => sum + value, 0)], [loss], 1e-11).message).toBe('');
    expect(compare(byLogProb(result.dlogits, 2), gradient, 1e-11).message).toBe('');
    expect(average([...result.clipped])).toBeCloseTo(clipped, 12);
    if (kl !== null) expect(average([...result.klReference])).toBeCloseTo(kl, 11);
    expect(labWeights(lossType, lengths, { maxCompletionLength, rollouts: lengths.length })).toEqual([
      ...weights,
    ]);
  });
});

it('all of TRL’s settings are compared but those that the lab has not', () => {
  expect(cases.length).toBe(17);
  expect(others).toEqual(['grpo, by sequence', 'cispo, by token', 'sapo, by token']);
});
