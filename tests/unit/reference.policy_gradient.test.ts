import { describe, expect, it } from 'vitest';
import { modelCases } from '../cases/model.ts';
import { compare } from '../reference/compare.ts';
import { dot, finiteDifference } from '../reference/finite_difference.ts';
import { readGolden } from '../reference/golden.ts';
import { at } from '../reference/indexing.ts';
import { policyGradient } from '../reference/policy_gradient.ts';
import { createRandom } from '../reference/random.ts';

describe.each(modelCases)('whole batch: $name', ({ config, weights, rollouts, settings, expected }) => {
  it('gradient agrees with finite differences along random directions', () => {
    const random = createRandom(51);
    // On-policy the old log-probabilities are constants, though they equal the current ones.
    let next = 0;
    const fixed = rollouts.map((rollout) => ({
      ...rollout,
      oldLogProbs: rollout.completion.map((_, t) => {
        const current = expected.logProb[next++] ?? NaN;
        return rollout.oldLogProbs === null ? current : (rollout.oldLogProbs[t] ?? NaN);
      }),
    }));
    // Along random directions through all tensors at once: two evaluations check every entry together. So long a step
    // (the norm of a direction is √parameters) needs a smaller h.
    for (let repeat = 0; repeat < 3; repeat++) {
      const direction = new Map([...weights].map(([name, values]) => [name, random.normals(values.length)]));
      const along = Float64Array.of(0);
      const loss = () => {
        const moved = [...weights].map(([name, values]): [string, Float64Array] => {
          const step = direction.get(name) ?? new Float64Array(0);
          return [name, values.map((value, i) => value + at(along, 0) * at(step, i))];
        });
        return policyGradient(config, new Map(moved), fixed, settings).loss;
      };
      const analytic = [...direction].reduce(
        (sum, [name, step]) => sum + dot(step, expected.grads.get(name) ?? new Float64Array(0)),
        0,
      );
      expect(Math.abs(analytic)).toBeGreaterThan(1e-2);
      expect(compare(finiteDifference(loss, along, [0], 1e-6), [analytic], 1e-7).message).toBe('');
    }
  });

  it('expects nothing trivial', () => {
    const largest = Math.max(...[...expected.grads.values()].flatMap((g) => [...g].map(Math.abs)));
    expect(largest).toBeGreaterThan(1e-2);
    expect(expected.entropy.every((h) => h > 0.1 && h < Math.log(config.vocab_size))).toBe(true);
  });

  it('a rollout of weight 0 changes nothing', () => {
    const without = policyGradient(
      config,
      weights,
      rollouts.filter((r) => r.weight !== 0),
      settings,
    );
    for (const [name, grad] of expected.grads) {
      expect(compare(without.grads.get(name) ?? [], grad, 1e-14).message, name).toBe('');
    }
  });
});

describe('the golden model, scored as rollouts', () => {
  it('gives each completion token the log-probability and entropy made elsewhere', () => {
    const golden = readGolden();
    const rollouts = golden.cases.map(({ ids, prompt, log_probs }) => ({
      prompt: ids.slice(0, prompt.length),
      completion: ids.slice(prompt.length),
      advantage: 1,
      weight: 1,
      oldLogProbs: null,
      refLogProbs: log_probs,
    }));
    const settings = {
      temperature: golden.temperature,
      clipLow: 0.2,
      clipHigh: 0.2,
      klCoefficient: 1,
      entropyBonus: 0,
    };
    const scored = policyGradient(golden.config, golden.weights, rollouts, settings);
    const made = (key: 'log_probs' | 'entropies') => golden.cases.flatMap((c) => c[key]);
    expect(compare(scored.logProb, made('log_probs'), 1e-6).message).toBe('');
    expect(compare(scored.entropy, made('entropies'), 1e-6).message).toBe('');
    // Policy and reference agree to six decimals, so k3 = Δ²/2 is below 1e-12.
    expect(Math.max(...scored.klReference)).toBeLessThan(1e-12);
  });
});
