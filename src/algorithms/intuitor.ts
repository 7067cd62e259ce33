import { groupRelative } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { selfCertainty } from '../rl/reward.ts';
import { noLabel } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'Intuitor',
  paper: 'arXiv 2505.19590',
  summary: 'No vote and no label: rollouts are rewarded for the model’s own certainty.',
  needsTruth: false,
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  voters,
  label: noLabel,
  reward: selfCertainty,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
