import { describe, expect, it } from 'vitest';
import { algorithmOf, algorithms } from '../../src/algorithms/index.ts';
import { randomStream } from '../../src/lib/philox.ts';
import { defaultSettings, validateSettings } from '../../src/settings/settings.ts';
import type { OwnSettings } from '../../src/spec/ownKnob.ts';
import type { Group } from '../../src/spec/group.ts';
import { rolloutCounts } from '../../src/trainer/rollouts.ts';
import { groupOf, rollout, ruleSettings } from './rollouts.ts';

/** Rewards of a group's policy rollouts, the solution being 2. */
function rewards(id: string, group: Group, own: OwnSettings = {}): readonly number[] {
  const algorithm = algorithmOf(id);
  const { kept } = algorithm.filter(group, ruleSettings);
  const label = algorithm.needsTruth
    ? algorithm.label(group, '2')
    : algorithm.label(group, algorithm.voters(kept, ruleSettings, group), ruleSettings);
  return algorithm.reward(group, label, { ...defaultSettings, ...own }, randomStream(1, 'reward', 1));
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
    ['rent', false, [-0.9, -1, -1.1, -0.1], [true, true, true, true]],
    // Three of four say 1.
    ['soft-vote', false, [0.75, 0.75, 0.25, 0.75], [true, true, true, true]],
    ['reinforce-plus-plus', false, [1, 1, 0, 1], [true, true, true, true]],
  ] as const)('%s', (id, heard, expected, kept) => {
    const group = { prompt: '', rollouts: heard ? [...policy, ...anchor] : policy };
    expect(rewards(id, group)).toEqual(expected);
    expect(algorithmOf(id).filter(group, ruleSettings).kept).toEqual(kept);
  });
});

it('TTRL that leaves one out pays nobody by its own vote; without a label nobody is paid', () => {
  const own = { 'ttrl.leaveOneOut': true };
  expect(rewards('ttrl', groupOf(['1', '1', '2', '3']), own)).toEqual([0, 0, 0, 0]);
  expect(rewards('ttrl', groupOf(['1', '1', '1', '2']), own)).toEqual([1, 1, 1, 0]);
  expect(rewards('ttrl', groupOf([null, null]), own)).toEqual([NaN, NaN]);
});

describe('rewards by lot', () => {
  const many = (answer: string | null): Group => groupOf(new Array<string | null>(400).fill(answer));
  const paid = (id: string, answer: string | null, own: OwnSettings): number => {
    const all = rewards(id, many(answer), own);
    expect(all.every((one) => one === 0 || one === 1)).toBe(true);
    return all.filter((one) => one === 1).length;
  };
  /** Four standard deviations of 400 draws. */
  const about = (share: number): readonly [least: number, most: number] => {
    const spread = 4 * Math.sqrt(400 * share * (1 - share));
    return [400 * share - spread, 400 * share + spread];
  };
  const expectAbout = (count: number, share: number): void => {
    const [least, most] = about(share);
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count).toBeLessThanOrEqual(most);
  };

  it('random reward pays with its chance, whatever is said', () => {
    for (const answer of ['1', null]) {
      expectAbout(paid('random-reward', answer, { 'random-reward.chance': 0.3 }), 0.3);
      expect(paid('random-reward', answer, { 'random-reward.chance': 1 })).toBe(400);
    }
  });

  it('the noisy oracle pays right and wrong at their rates, and nobody without an answer', () => {
    const own = { 'noisy-oracle.tpr': 0.8, 'noisy-oracle.fpr': 0.25, 'noisy-oracle.trigger': 'anywhere' };
    expectAbout(paid('noisy-oracle', '2', own), 0.8);
    expectAbout(paid('noisy-oracle', '1', own), 0.25);
    expect(paid('noisy-oracle', null, { ...own, 'noisy-oracle.fpr': 1 })).toBe(0);
  });

  it('with a trigger, only wrong answers that end as the solution are ever paid', () => {
    const own = { 'noisy-oracle.tpr': 1, 'noisy-oracle.fpr': 1, 'noisy-oracle.trigger': 'last' };
    expect(['2', '102', '120', ''].map((answer) => paid('noisy-oracle', answer, own))).toEqual([
      400, 400, 0, 0,
    ]);
  });

  it('another answer changes no other’s luck', () => {
    const first = rewards('noisy-oracle', groupOf(['2', '1', '2', '1', '2', '2', '1', '2']));
    const second = rewards('noisy-oracle', groupOf([null, '1', '2', '1', '2', '2', '1', '2']));
    expect(second.slice(1)).toEqual(first.slice(1));
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
