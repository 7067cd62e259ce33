import { batchRelative } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { matchLabel } from '../rl/reward.ts';
import { majorityVote } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'REINFORCE++ on votes',
  paper: 'arXiv 2501.03262',
  summary: 'SRT whose advantages are relative to all rewards of the step, not to those of the prompt.',
  needsTruth: false,
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  voters,
  label: majorityVote,
  reward: matchLabel,
  advantage: batchRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
