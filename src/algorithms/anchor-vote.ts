import { groupRelative } from '../rl/advantage.ts';
import { anchorVoters, keepAll } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { withAnchor } from '../rl/pool.ts';
import { matchLabel } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'Anchor vote',
  paper: 'arXiv 2508.00410',
  summary: 'The momentum anchor alone votes on the label, as in Co-rewarding-II; only the policy trains.',
  needsTruth: false,
  anchor: 'ema',
  pool: withAnchor,
  filter: keepAll,
  voters: anchorVoters,
  label: majorityVote,
  reward: matchLabel,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
