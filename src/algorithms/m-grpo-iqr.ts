import { groupRelative } from '../rl/advantage.ts';
import { interquartile, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { withAnchor } from '../rl/pool.ts';
import { matchLabel } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'M-GRPO + IQR',
  paper: 'arXiv 2512.13070',
  summary: 'Policy and momentum anchor vote together; rollouts of unusually low entropy are left out.',
  needsTruth: false,
  anchor: 'ema',
  pool: withAnchor,
  filter: interquartile,
  voters,
  label: majorityVote,
  reward: matchLabel,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
