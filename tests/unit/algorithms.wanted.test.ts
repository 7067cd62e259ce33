import { describe, expect, it } from 'vitest';
import { algorithmOf } from '../../src/algorithms/index.ts';
import { randomStream } from '../../src/lib/philox.ts';
import { groupRelative } from '../../src/rl/advantage.ts';
import { keepAll, voters } from '../../src/rl/filter.ts';
import { policyGradient } from '../../src/rl/loss.ts';
import { policyAlone } from '../../src/rl/pool.ts';
import { policyRollouts } from '../../src/rl/reward.ts';
import { noLabel } from '../../src/rl/vote.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import type { Algorithm, LabelFreeAlgorithm } from '../../src/spec/algorithm.ts';
import type { Group, Rollout } from '../../src/spec/group.ts';
import { deadGroups, decide, replaced, trainingGroups } from '../../src/trainer/decide.ts';
import { groupOf, rollout } from './rollouts.ts';
import { syllables } from './syllables.ts';

// Algorithms that the lab has not got, each as the one declaration that its file would hold: nothing else is needed.

const common = {
  paper: 'arXiv 0000.00000',
  summary: 'Wanted.',
  needsTruth: false,
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  voters,
  label: noLabel,
  advantage: groupRelative,
  objective: policyGradient,
} as const;

/** Losses of completions that were rewarded weigh twice: an objective is a part like any other. */
const twice: LabelFreeAlgorithm = {
  ...common,
  name: 'Twice',
  reward: (group) => policyRollouts(group).map((_, i) => i),
  objective: {
    weights: (lengths) => lengths.map((length) => 2 * length),
    coefficients: (settings) => ({ ...settings, klCoefficient: 0 }),
  },
};

const stream = (step: number) => randomStream(1, 'reward', step);

function decided(algorithm: Algorithm, groups: readonly Group[], step = 1) {
  const problems = groups.map(({ prompt }) => ({ prompt, solution: null }));
  const judge = { algorithm, tokenizer: syllables, runReward: undefined };
  return decide({ problems, groups, shadow: groups.map(() => []) }, judge, defaultSettings, stream(step));
}

describe('dynamic sampling', () => {
  const judgeOf = (algorithm: Algorithm) => ({ algorithm, tokenizer: syllables, runReward: undefined });

  it.each([
    ['srt', 'group'],
    ['srt', 'batch'],
    ['reinforce-plus-plus', 'group'],
  ] as const)(
    '%s, scaled by the %s: dead groups give way, in their places, and no others',
    async (id, scaleRewards) => {
      const algorithm = algorithmOf(id);
      const settings = { ...defaultSettings, scaleRewards };
      const before = await decided(algorithm, [
        groupOf(['1', '1']),
        groupOf(['1', '1', '2']),
        groupOf([null, null]),
      ]);
      expect(deadGroups(before)).toEqual([0, 2]);
      const fresh = await decided(algorithm, [groupOf(['1', '2', '2', '2']), groupOf([null])]);
      const after = replaced(before, [0, 2], fresh, judgeOf(algorithm), settings);
      expect(after.groups).toEqual([fresh.groups[0], before.groups[1], fresh.groups[1]]);
      expect(after.rewards).toEqual([fresh.rewards[0], before.rewards[1], fresh.rewards[1]]);
      expect(after.filters).toHaveLength(3);
      expect(after.voters.map((group) => group.length)).toEqual([4, 3, 1]);
      // As if these three had been sampled at once.
      const { advantages } = await decided(algorithm, after.groups);
      if (scaleRewards === 'group') expect(after.advantages).toEqual(advantages);
      expect(after.advantages[2]).toBeNull();
      expect(deadGroups(after)).toEqual([2]);
    },
  );

  it('what the filter dropped does not keep a group alive', async () => {
    const group = groupOf(['1', '1', '1', '1', '2']);
    const [first, ...others] = group.rollouts.toReversed();
    const certain = { ...group, rollouts: [...others, { ...first, meanEntropy: 0 } as Rollout] };
    const spread = {
      ...certain,
      rollouts: certain.rollouts.map((one, i) => ({ ...one, meanEntropy: i < 4 ? 1 + i / 8 : 0 })),
    };
    const decisions = await decided(algorithmOf('srt-iqr'), [spread]);
    expect(decisions.filters[0]?.kept).toEqual([true, true, true, true, false]);
    expect(deadGroups(decisions)).toEqual([0]);
  });
});

it('an objective of one’s own weighs tokens and chooses the coefficients', async () => {
  const group = { prompt: '12=', rollouts: [rollout({ tokens: [1, 5] }), rollout({ tokens: [1, 2, 5] })] };
  const judge = { algorithm: twice, tokenizer: syllables, runReward: undefined };
  const [trained] = trainingGroups(await decided(twice, [group]), judge, defaultSettings);
  expect(trained?.prompt).toEqual(syllables.encode('12='));
  expect(trained?.completions.map(({ weight }) => weight)).toEqual([4, 6]);
  expect(twice.objective.coefficients(defaultSettings).klCoefficient).toBe(0);
  expect(policyGradient.coefficients(defaultSettings).klCoefficient).toBe(defaultSettings.klCoefficient);
});
