import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { majorityVote, noLabel, plurality, solutionLabel } from '../../src/rl/vote.ts';
import { groupOf, ruleSettings } from './rollouts.ts';

const answers = fc.array(fc.constantFrom('1', '2', '3', null), { minLength: 1, maxLength: 24 });
const all = (length: number): boolean[] => new Array<boolean>(length).fill(true);

function vote(policy: readonly (string | null)[], anchor: readonly (string | null)[] = [], minVoteShare = 0) {
  const group = groupOf(policy, anchor);
  return majorityVote(group, all(group.rollouts.length), { ...ruleSettings, minVoteShare });
}

describe('majorityVote', () => {
  it('elects the most frequent answer; nulls count in the agreement only', () => {
    expect(vote(['7', '3', null, '3'])).toEqual({ answer: '3', agreement: 0.5, tied: false });
  });

  it('breaks ties by first in pool order, policy before anchor', () => {
    expect(vote(['7', null], ['3', '3', '7'])).toEqual({ answer: '7', agreement: 0.4, tied: true });
    expect(vote([null, '5'], ['4'])).toMatchObject({ answer: '5', tied: true });
  });

  it('lets the anchor overrule the policy', () => {
    expect(vote(['1', '1', '2'], ['2', '2']).answer).toBe('2');
  });

  it('has no label without answers, or below minVoteShare of the parsed answers', () => {
    // A tie below the share is no label either, and so no tie of labels.
    for (const none of [vote([null, null]), vote(['1', '2'], [], 0.6), noLabel()]) {
      expect(none).toEqual({ answer: null, agreement: NaN, tied: false });
    }
    expect(vote(['1', '1', '2', '3', null], [], 0.5).answer).toBe('1');
    expect(vote(['1', '1', '2', '3', '4', null], [], 0.5).answer).toBeNull();
  });

  it('hears only the voters', () => {
    const group = groupOf(['1', '1', '2']);
    expect(majorityVote(group, [false, false, true], ruleSettings)).toEqual({
      answer: '2',
      agreement: 1,
      tied: false,
    });
  });

  it('is invariant to permuting rollouts, ties aside', () => {
    const shuffled = answers.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([list, permuted]) => {
        const before = vote(list);
        const after = vote(permuted);
        expect({ ...after, answer: before.tied ? null : after.answer }).toEqual({
          ...before,
          answer: before.tied ? null : before.answer,
        });
      }),
    );
  });

  it('never changes its label for an added null answer', () => {
    fc.assert(
      fc.property(answers, fc.nat(24), fc.constantFrom(0, 0.3, 0.5, 1), (list, at, minVoteShare) => {
        const added = [...list.slice(0, at), null, ...list.slice(at)];
        expect(vote(added, [], minVoteShare).answer).toBe(vote(list, [], minVoteShare).answer);
      }),
    );
  });
});

it('plurality counts', () => {
  expect(plurality(['a', null, 'b', 'a'])).toEqual({
    answer: 'a',
    votes: 2,
    tied: false,
    distinct: 2,
    parsed: 3,
  });
  expect(plurality([])).toEqual({ answer: null, votes: 0, tied: false, distinct: 0, parsed: 0 });
});

it('solutionLabel is the solution, whatever was answered', () => {
  expect(solutionLabel(groupOf(['1', '2', '1', null]), '2')).toEqual({
    answer: '2',
    agreement: 0.25,
    tied: false,
  });
});
