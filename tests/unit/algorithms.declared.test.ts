import { describe, expect, it } from 'vitest';
import { algorithmOf, algorithms } from '../../src/algorithms/index.ts';
import { randomStream } from '../../src/lib/philox.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import type { Group } from '../../src/spec/group.ts';
import { rolloutCounts } from '../../src/trainer/rollouts.ts';
import { groupOf, rollout, ruleSettings } from './rollouts.ts';

/** Rewards of a group's policy rollouts, the solution being 2. */
function rewards(id: string, group: Group): readonly number[] {
  const algorithm = algorithmOf(id);
  const { kept } = algorithm.filter(group, ruleSettings);
  const label = algorithm.needsTruth
    ? algorithm.label(group, '2')
    : algorithm.label(group, algorithm.voters(kept, ruleSettings, group), ruleSettings);
  return algorithm.reward(group, label, ruleSettings, randomStream(1, 'reward', 1));
}

describe('one group, by hand: 1, 1, 2 and an unusually certain 1; the anchor says 2, 2, 2', () => {
  const policy = [
    rollout({ answer: '1', meanEntropy: 0.9, selfCertainty: 3 }),
    rollout({ answer: '1', meanEntropy: 1, selfCertainty: 4 }),
    rollout({ answer: '2', meanEntropy: 1.1, selfCertainty: 5 }),
    rollout({ answer: '1', meanEntropy: 0.1, selfCertainty: 6 }),
  ];
  const anchor = ['2', '2', '2'].map((answer) => rollout({ answer, meanEntropy: 1, source: 'anchor' }));
  // Of the seven: Q1 = .95, Q3 = 1, threshold .9125. Of the policy alone: .7, 1.025, .45625.
  const iqr = { alone: [true, true, true, false], both: [false, true, true, false, true, true, true] };
  it.each([
    // The majority, right or wrong.
    ['srt', false, [1, 1, 0, 1], [true, true, true, true]],
    ['srt-iqr', false, [1, 1, 0, 1], iqr.alone],
    // The anchor turns three to one into three to four.
    ['m-grpo', true, [0, 0, 1, 0], [true, true, true, true, true, true, true]],
    ['m-grpo-iqr', true, [0, 0, 1, 0], iqr.both],
    // No more of the policy vote than are trained on; the anchor alone.
    ['ttrl', false, [1, 1, 0, 1], [true, true, true, true]],
    ['anchor-vote', true, [0, 0, 1, 0], [true, true, true, true, true, true, true]],
    // Never the majority, always the solution.
    ['grpo-oracle', false, [0, 0, 1, 0], [true, true, true, true]],
    // Its own certainty, whatever is answered.
    ['intuitor', false, [3, 4, 5, 6], [true, true, true, true]],
  ] as const)('%s', (id, heard, expected, kept) => {
    const group = { prompt: '', rollouts: heard ? [...policy, ...anchor] : policy };
    expect(rewards(id, group)).toEqual(expected);
    expect(algorithmOf(id).filter(group, ruleSettings).kept).toEqual(kept);
  });
});

describe.each(Object.entries(algorithms))('%s', (id, algorithm) => {
  it('asks for the solution exactly if it makes a difference', () => {
    const group = groupOf(['1', '1', '2', null]);
    const labelled = ['1', '2'].map((solution) =>
      algorithm.needsTruth
        ? algorithm.label(group, solution).answer
        : algorithm.label(group, [true, true, true, true], ruleSettings).answer,
    );
    expect(labelled[0] !== labelled[1]).toBe(algorithm.needsTruth);
  });

  it('has an anchor that votes, or one that is only watched', () => {
    const settings = validateSettings({ algorithm: id, monitorAnchor: true });
    const { M, N, shadow } = rolloutCounts(settings);
    expect(M + N).toBe(settings.groupSize);
    expect(N > 0).toBe(shadow === 0);
    expect(algorithm.anchor).toBe(N > 0 ? 'ema' : 'none');
  });
});

it('an unknown algorithm is refused in words that name those there are', () => {
  expect(() => algorithmOf('ppo')).toThrow(
    expect.objectContaining({
      code: 'bad-setting',
      message: 'There is no algorithm "ppo".',
      remedy: expect.stringMatching(/^Choose one of (.+, )?m-grpo, (.+, )?srt\b.*\.$/) as string,
    }),
  );
});
