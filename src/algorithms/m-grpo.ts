import { groupRelative } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { withAnchor } from '../rl/pool.ts';
import { matchLabel } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'M-GRPO',
  paper: 'arXiv 2512.13070',
  summary: 'Policy and momentum anchor vote together on the label; only the policy trains.',
  needsTruth: false,
  anchor: 'ema',
  pool: withAnchor,
  filter: keepAll,
  voters,
  label: majorityVote,
  reward: matchLabel,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
