import { groupNormalised } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { matchLabel } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';
import { integer } from '../spec/hyperparameter.ts';
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

export default {
  name: 'TTRL',
  paper: 'arXiv 2504.16084',
  summary: 'SRT with more votes: the policy samples more rollouts for the vote than it is trained on.',
  needsTruth: false,
  knobs: [votes],
  anchor: 'none',
  pool: (settings) => ({
    M: settings.groupSize,
    V: Math.max(0, votes.of(settings) - settings.groupSize),
    N: 0,
  }),
  filter: keepAll,
  voters,
  label: majorityVote,
  reward: matchLabel,
  advantage: groupNormalised,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
