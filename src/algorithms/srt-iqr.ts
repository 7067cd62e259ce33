import { groupRelative } from '../rl/advantage.ts';
import { interquartile, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { matchLabel } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'SRT + IQR',
  paper: 'arXiv 2512.13070',
  summary: 'SRT with the entropy filter alone: does it hold without an anchor?',
  needsTruth: false,
  anchor: 'none',
  pool: policyAlone,
  filter: interquartile,
  voters,
  label: majorityVote,
  reward: matchLabel,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
