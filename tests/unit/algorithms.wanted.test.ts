import { expect, it } from 'vitest';
import { randomStream } from '../../src/lib/philox.ts';
import { groupNormalised } from '../../src/rl/advantage.ts';
import { keepAll, voters } from '../../src/rl/filter.ts';
import { policyGradient } from '../../src/rl/loss.ts';
import { policyAlone } from '../../src/rl/pool.ts';
import { policyRollouts } from '../../src/rl/reward.ts';
import { noLabel } from '../../src/rl/vote.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import type { LabelFreeAlgorithm } from '../../src/spec/algorithm.ts';
import type { Group } from '../../src/spec/group.ts';
import { decide, replaced, toRedraw, trainingGroups } from '../../src/trainer/decide.ts';
import { groupOf, groupOfEntropies, rollout } from './rollouts.ts';
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
  advantage: groupNormalised,
  objective: policyGradient,
} as const;

/** arXiv 2504.05812: rewarded by the share of parsed answers that are the same. */
const softVote: LabelFreeAlgorithm = {
  ...common,
  name: 'Soft vote',
  reward: (group) => {
    const parsed = group.rollouts.flatMap(({ answer }) => answer ?? []);
    return policyRollouts(group).map(
      ({ answer }) => parsed.filter((other) => other === answer).length / Math.max(1, parsed.length),
    );
  },
};

/** arXiv 2505.22660: rewarded by how certain its tokens are. */
const rent: LabelFreeAlgorithm = {
  ...common,
  name: 'RENT',
  reward: (group) => policyRollouts(group).map(({ meanEntropy }) => -meanEntropy),
};

/** A coin for each rollout: what can be learned from nothing. */
const randomReward: LabelFreeAlgorithm = {
  ...common,
  name: 'Random reward',
  reward: (group, _, __, random) => policyRollouts(group).map(() => random(2)),
};

/** arXiv 2503.14476: prompts whose rewards are all equal give way to others, at most 10 times. */
const dynamicSampling: LabelFreeAlgorithm = {
  ...softVote,
  name: 'Dynamic sampling',
  redraw: (advantages, tries) => tries < 10 && (advantages ?? [0]).every((one) => one === 0),
};

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

function decided(algorithm: LabelFreeAlgorithm, groups: readonly Group[], step = 1) {
  const problems = groups.map(({ prompt }) => ({ prompt, solution: null }));
  const judge = { algorithm, tokenizer: syllables, runReward: undefined };
  return decide({ problems, groups, shadow: groups.map(() => []) }, judge, defaultSettings, stream(step));
}

it('soft vote: 3 of 4 parsed answers are alike, one is not, one is none', async () => {
  const { rewards, advantages } = await decided(softVote, [groupOf(['1', '1', '2', null, '1'])]);
  expect(rewards).toEqual([[0.75, 0.75, 0.25, 0, 0.75]]);
  // mean .5, unbiased deviation √(.5/4): ±.25 ÷ .3536.
  expect(advantages[0]?.[0]).toBeCloseTo(0.25 / Math.sqrt(0.5 / 4), 4);
});

it('RENT: the lower the entropy, the higher the advantage', async () => {
  const { rewards, advantages } = await decided(rent, [groupOfEntropies([0.5, 0.25, 1])]);
  expect(rewards).toEqual([[-0.5, -0.25, -1]]);
  expect(advantages[0]?.map(Math.sign)).toEqual([1, 1, -1]);
});

it('random reward: a fair coin, the same for the same seed and step, another at another', async () => {
  const groups = Array.from({ length: 8 }, () => groupOf(new Array<string>(32).fill('1')));
  const { rewards } = await decided(randomReward, groups);
  const heads = rewards.flat().filter((one) => one === 1).length;
  expect(rewards.flat().every((one) => one === 0 || one === 1)).toBe(true);
  expect(Math.abs(heads - 128)).toBeLessThan(4 * 8);
  expect((await decided(randomReward, groups)).rewards).toEqual(rewards);
  expect((await decided(randomReward, groups, 2)).rewards).not.toEqual(rewards);
  expect(rewards[0]).not.toEqual(rewards[1]);
});

it('dynamic sampling: groups without a difference give way, in their places, and no others', async () => {
  const before = await decided(dynamicSampling, [
    groupOf(['1', '1']),
    groupOf(['1', '1', '2']),
    groupOf(['3', '3']),
  ]);
  expect(toRedraw(dynamicSampling, before, 0)).toEqual([0, 2]);
  expect(toRedraw(dynamicSampling, before, 10)).toEqual([]);
  expect(toRedraw(softVote, before, 0)).toEqual([]);
  const fresh = await decided(dynamicSampling, [groupOf(['1', '2', '2']), groupOf([null])]);
  const after = replaced(before, [0, 2], fresh);
  expect(after.groups).toEqual([fresh.groups[0], before.groups[1], fresh.groups[1]]);
  expect(after.advantages).toEqual([fresh.advantages[0], before.advantages[1], null]);
  expect(after.rewards).toEqual([fresh.rewards[0], before.rewards[1], fresh.rewards[1]]);
  expect(after.filters).toHaveLength(3);
  expect(after.voters.map((group) => group.length)).toEqual([3, 3, 1]);
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
