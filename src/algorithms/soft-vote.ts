import { groupRelative } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { voteShare } from '../rl/reward.ts';
import { noLabel } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'Soft vote',
  paper: 'arXiv 2504.05812',
  summary: 'Nobody wins: each rollout is rewarded by the share of the group that answered as it did.',
  needsTruth: false,
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  voters,
  label: noLabel,
  reward: voteShare,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
