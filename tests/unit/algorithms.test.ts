import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithmOf, algorithms, ownKnobs } from '../../src/algorithms/index.ts';
import { randomStream } from '../../src/lib/philox.ts';
import type { Algorithm } from '../../src/spec/algorithm.ts';
import { parseFlags, refuseIneffective } from '../../src/settings/flags.ts';
import { defaultSettings, isKey, validateSettings } from '../../src/settings/settings.ts';
import { decodeUrl, encodeUrl } from '../../src/settings/url.ts';
import type { Group, Rollout, RolloutSource } from '../../src/spec/group.ts';
import { irrelevance } from '../../src/spec/hyperparameter.ts';
import { rolloutCounts } from '../../src/trainer/rollouts.ts';
import { anchorless, labelFree, matching, oracles, twins } from '../invariants/algorithms.ts';
import { groupOf, rollout, ruleSettings } from './rollouts.ts';

const settings = { ...defaultSettings, ...ruleSettings };

/** The step's pure part, in the trainer's order. */
function advantages(
  algorithm: Algorithm,
  group: Group,
  solution: string,
  seed = 1,
): readonly number[] | null {
  const { kept } = algorithm.filter(group, ruleSettings);
  const label = algorithm.needsTruth
    ? algorithm.label(group, solution)
    : algorithm.label(group, algorithm.voters(kept, settings, group), settings);
  const rewards = algorithm.reward(group, label, settings, randomStream(seed, 'reward', 1));
  return algorithm.advantage([rewards], [kept], settings)[0] ?? null;
}

const randomRollout = fc
  .record({
    answer: fc.constantFrom('1', '2', null),
    meanEntropy: fc.integer({ min: 0, max: 64 }).map((n) => n / 16),
    selfCertainty: fc.integer({ min: 0, max: 64 }).map((n) => n / 16),
  })
  .map(rollout);
const rollouts = fc.array(randomRollout, { minLength: 4, maxLength: 16 });

/** Whether rewards are drawn by lot. */
function byLot(algorithm: Algorithm): boolean {
  const group = groupOf(['1', '2', '1', '2', '3', '1', '2', '3']);
  const seen = Array.from({ length: 8 }, (_, seed) => String(advantages(algorithm, group, '1', seed)));
  return new Set(seen).size > 1;
}

it('there are algorithms that reward by lot, and others', () => {
  const lots = Object.keys(algorithms).filter((id) => byLot(algorithmOf(id)));
  expect(lots).toEqual(['noisy-oracle', 'random-reward']);
});

const certain = Object.entries(algorithms).filter(([, algorithm]) => !byLot(algorithm));

describe.each(certain)('%s, whose rewards follow from the rollouts', (_, algorithm) => {
  it('gives zero gradient for equal rollouts, 8 of 8', () => {
    const anchors = Array.from({ length: 4 }, () => rollout({ source: 'anchor' }));
    const group = { prompt: '1=', rollouts: [...Array.from({ length: 8 }, () => rollout()), ...anchors] };
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
});

describe.each(Object.entries(algorithms))('%s', (id, algorithm) => {
  it('says who it is', () => {
    expect(algorithm.name).not.toBe('');
    expect(algorithm.paper).toMatch(/^arXiv \d{4}\.\d{5}$/);
    expect(algorithm.summary).toMatch(/[.?]$/);
    expect(algorithmOf(id)).toBe(algorithm);
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

describe('TTRL', () => {
  const withVotes = (votes: number, groupSize: number) =>
    validateSettings({ algorithm: 'ttrl', groupSize, 'ttrl.votes': votes, monitorAnchor: false });

  it('samples V for the vote and trains on the group, which always votes', () => {
    expect(rolloutCounts(withVotes(64, 32))).toEqual({ M: 32, V: 32, N: 0, shadow: 0 });
    expect(rolloutCounts(withVotes(8, 32))).toEqual({ M: 32, V: 0, N: 0, shadow: 0 });
  });

  it('lets those decide that are not trained on', () => {
    const of = (source: RolloutSource, answers: readonly string[]) =>
      answers.map((answer) => rollout({ source, answer }));
    const trained = of('policy', ['1', '1', '2']);
    // 2 against 1 for '1' in the group; 2 against 4 with the three that only vote.
    const group = { prompt: '1=', rollouts: [...trained, ...of('voter', ['2', '2', '2'])] };
    const srt = algorithmOf('srt');
    expect(advantages(srt, { prompt: '1=', rollouts: trained }, '')?.map(Math.sign)).toEqual([1, 1, -1]);
    expect(advantages(algorithmOf('ttrl'), group, '')?.map(Math.sign)).toEqual([-1, -1, 1]);
  });
});

it('Anchor vote: the anchor’s majority is the label, whatever the policy answers', () => {
  const group = groupOf(['1', '1', '1', '2'], ['2', '2', '3']);
  const algorithm = algorithmOf('anchor-vote');
  expect(advantages(algorithm, group, '')?.map(Math.sign)).toEqual([-1, -1, -1, 1]);
  expect(advantages(algorithmOf('m-grpo'), group, '')?.map(Math.sign)).toEqual([1, 1, 1, -1]);
  // Without an anchor's answer there is no label, and no gradient.
  expect(advantages(algorithm, groupOf(['1', '1', '2'], [null]), '')).toBeNull();
  expect(() => validateSettings({ algorithm: 'anchor-vote', anchorShare: 0 })).toThrow('it alone votes');
});

describe('knobs that an algorithm declares for itself', () => {
  const declared = Object.entries(algorithms).flatMap(([id, { knobs = [] }]) =>
    knobs.map((each) => [id, each] as const),
  );

  it.each(declared)('%s: carries the name of its file, and reads its own value', (id, { key, knob, of }) => {
    expect(key.startsWith(`${id}.`)).toBe(true);
    expect(isKey(key)).toBe(true);
    expect(of(defaultSettings)).toBe(knob.default);
    expect(() => of({})).toThrow(key);
    const others = { ...defaultSettings, algorithm: 'srt' };
    expect(irrelevance(ownKnobs[key] ?? knob, others)).not.toBeNull();
    expect(irrelevance(ownKnobs[key] ?? knob, { ...others, algorithm: id })).toBeNull();
  });

  it('goes the way of all knobs: link, flag, validation', () => {
    const lanes = [
      { name: 'SRT', settings: validateSettings({ algorithm: 'ttrl', 'ttrl.votes': 64 }) },
      { name: 'M-GRPO + IQR', settings: defaultSettings },
    ];
    const read = (path: string): string => path;
    const query = encodeUrl({ preset: 'entropy', lanes });
    expect(query).toContain('1.ttrl.votes=64');
    expect(decodeUrl(query).lanes).toEqual(lanes);
    const { changes } = parseFlags(['--algorithm', 'ttrl', '--ttrl.votes', '48'], {}, read);
    expect(changes).toEqual({ algorithm: 'ttrl', 'ttrl.votes': 48 });
    expect(rolloutCounts(validateSettings(changes)).V).toBe(32);
    expect(() => validateSettings({ 'ttrl.votes': 1 })).toThrow('a whole number from 2 to 512');
    expect(() => {
      refuseIneffective({ ...parseFlags(['--ttrl.votes', '48'], {}, read).changes }, defaultSettings);
    }).toThrow('Only TTRL has this knob');
  });
});
