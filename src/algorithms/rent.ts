import { groupRelative } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { negativeEntropy } from '../rl/reward.ts';
import { noLabel } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'RENT',
  paper: 'arXiv 2505.22660',
  summary: 'No vote and no label: the lower a rollout’s mean entropy, the better it is rewarded.',
  needsTruth: false,
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  voters,
  label: noLabel,
  reward: negativeEntropy,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
