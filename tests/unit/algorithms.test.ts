import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithmOf, algorithms } from '../../src/algorithms/index.ts';
import { voters } from '../../src/rl/filter.ts';
import type { Algorithm } from '../../src/spec/algorithm.ts';
import type { Group, Rollout } from '../../src/spec/group.ts';
import { anchorless, labelFree, matching, oracles, twins } from '../invariants/algorithms.ts';
import { rollout, ruleSettings } from './rollouts.ts';

/** The step's pure part, in the trainer's order. */
function advantages(algorithm: Algorithm, group: Group, solution: string): readonly number[] | null {
  const { kept } = algorithm.filter(group, ruleSettings);
  const label = algorithm.needsTruth
    ? algorithm.label(group, solution)
    : algorithm.label(group, voters(kept, ruleSettings), ruleSettings);
  return algorithm.advantage(algorithm.reward(group, label, ruleSettings), kept);
}

const randomRollout = fc
  .record({
    answer: fc.constantFrom('1', '2', null),
    meanEntropy: fc.integer({ min: 0, max: 64 }).map((n) => n / 16),
    selfCertainty: fc.integer({ min: 0, max: 64 }).map((n) => n / 16),
  })
  .map(rollout);
const rollouts = fc.array(randomRollout, { minLength: 4, maxLength: 16 });

describe.each(Object.entries(algorithms))('%s', (id, algorithm) => {
  it('says who it is', () => {
    expect(algorithm.name).not.toBe('');
    expect(algorithm.paper).toMatch(/^arXiv \d{4}\.\d{5}$/);
    expect(algorithm.summary).toMatch(/[.?]$/);
    expect(algorithmOf(id)).toBe(algorithm);
  });

  it('gives zero gradient for equal rollouts, 8 of 8', () => {
    const group = { prompt: '1=', rollouts: Array.from({ length: 8 }, () => rollout()) };
    expect(advantages(algorithm, group, '1')).toEqual(new Array<number>(8).fill(0));
  });

  it('is equivariant to permuting rollouts, ties aside', () => {
    const permuted = rollouts.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray([...list.keys()], { minLength: list.length, maxLength: list.length }),
      ),
    );
    fc.assert(
      fc.property(permuted, ([list, order]) => {
        const { kept } = algorithm.filter({ prompt: '', rollouts: list }, ruleSettings);
        const heard = list.filter((_, i) => kept[i]);
        const votes = (answer: string): number => heard.filter((r) => r.answer === answer).length;
        fc.pre(votes('1') !== votes('2'));
        const before = advantages(algorithm, { prompt: '', rollouts: list }, '1');
        const moved = order.flatMap((i): Rollout[] => list.slice(i, i + 1));
        const after = advantages(algorithm, { prompt: '', rollouts: moved }, '1');
        if (before === null || after === null) expect(after).toEqual(before);
        else {
          order.forEach((i, j) => {
            expect(after[j]).toBeCloseTo(before[i] ?? NaN, 9);
          });
        }
      }),
    );
  });

  it('sees the solution only if it says so', () => {
    fc.assert(
      fc.property(rollouts, (list) => {
        const group = { prompt: '', rollouts: list };
        if (!algorithm.needsTruth) {
          expect(advantages(algorithm, group, 'nonsense')).toEqual(advantages(algorithm, group, '1'));
        }
      }),
    );
  });
});

it('Intuitor trains without any label', () => {
  const group = {
    prompt: '',
    rollouts: [1, 2, 3].map((selfCertainty) => rollout({ selfCertainty, answer: null })),
  };
  const trained = advantages(algorithmOf('intuitor'), group, '');
  expect(trained?.map(Math.sign)).toEqual([-1, 0, 1]);
});

it.each(twins)('%s without anchor rollouts is %s', (anchored, alone) => {
  fc.assert(
    fc.property(rollouts, (list) => {
      const group = { prompt: '', rollouts: list };
      expect(advantages(algorithmOf(anchored), group, '')).toEqual(advantages(algorithmOf(alone), group, ''));
    }),
  );
});

it('there are such pairs, and algorithms of every kind that tests choose by what is declared', () => {
  for (const list of [twins, labelFree, oracles, anchorless, matching])
    expect(list.length).toBeGreaterThan(0);
});

it('an unknown algorithm is refused by name', () => {
  expect(() => algorithmOf('ppo')).toThrow('no algorithm "ppo"');
});
