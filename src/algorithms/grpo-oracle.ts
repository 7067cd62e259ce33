import { groupRelative } from '../rl/advantage.ts';
import { keepAll } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { matchLabel } from '../rl/reward.ts';
import { solutionLabel } from '../rl/vote.ts';
import type { OracleAlgorithm } from '../spec/algorithm.ts';

export default {
  name: 'GRPO (oracle)',
  paper: 'arXiv 2402.03300',
  summary: 'Rewarded by the true solution: what could be reached with labels.',
  needsTruth: true,
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  label: solutionLabel,
  reward: matchLabel,
  advantage: groupRelative,
  objective: policyGradient,
} satisfies OracleAlgorithm;
