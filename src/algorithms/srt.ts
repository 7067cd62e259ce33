import { groupRelative } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { matchLabel } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'SRT',
  paper: 'arXiv 2505.21444',
  summary: 'The policy’s own majority answer is the label; every rollout that agrees with it is rewarded.',
  needsTruth: false,
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  voters,
  label: majorityVote,
  reward: matchLabel,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
