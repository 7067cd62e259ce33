import { groupNormalised } from '../rl/advantage.ts';
import { interquartile } from '../rl/filter.ts';
import { matchLabel } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'SRT + IQR',
  paper: 'arXiv 2512.13070',
  summary: 'SRT with the entropy filter alone: does it hold without an anchor?',
  needsTruth: false,
  anchor: 'none',
  filter: interquartile,
  label: majorityVote,
  reward: matchLabel,
  advantage: groupNormalised,
} satisfies LabelFreeAlgorithm;
