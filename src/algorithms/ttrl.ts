import { groupRelative } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { matchLabel, matchOthers } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';
import { integer, toggle } from '../spec/hyperparameter.ts';
import { ownKnob } from '../spec/ownKnob.ts';

const votes = ownKnob(
  'ttrl.votes',
  integer({
    label: 'Votes V',
    group: 'Rollouts',
    range: [2, 512],
    scale: 'log',
    default: 32,
    paper: 64,
    applies: 'restart',
    unit: 'per prompt',
    help: 'Rollouts of the policy that vote, those of the group among them. Fewer than the group: the group votes. The paper votes with 64 and trains on 32.',
    source: 'arXiv 2504.16084',
  }),
);

const leaveOneOut = ownKnob(
  'ttrl.leaveOneOut',
  toggle({
    label: 'Leave one out',
    group: 'Objective',
    default: false,
    applies: 'live',
    help: 'A rollout is rewarded where its answer wins the vote of all others; where that is tied, it is not.',
  }),
);

export default {
  name: 'TTRL',
  paper: 'arXiv 2504.16084',
  summary: 'SRT with more votes: the policy samples more rollouts for the vote than it is trained on.',
  needsTruth: false,
  knobs: [votes, leaveOneOut],
  anchor: 'none',
  pool: (settings) => ({
    M: settings.groupSize,
    V: Math.max(0, votes.of(settings) - settings.groupSize),
    N: 0,
  }),
  filter: keepAll,
  voters,
  label: majorityVote,
  reward: (group, label, settings) =>
    leaveOneOut.of(settings) && label.answer !== null ? matchOthers(group) : matchLabel(group, label),
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
