import { groupRelative } from '../rl/advantage.ts';
import { keepAll, voters } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { happens, policyRollouts } from '../rl/reward.ts';
import { noLabel } from '../rl/vote.ts';
import type { LabelFreeAlgorithm } from '../spec/algorithm.ts';
import { real } from '../spec/hyperparameter.ts';
import { ownKnob } from '../spec/ownKnob.ts';

const chance = ownKnob(
  'random-reward.chance',
  real({
    label: 'Chance of a reward',
    group: 'Objective',
    range: [0, 1],
    step: 0.05,
    default: 0.5,
    paper: 0.5,
    applies: 'live',
    help: 'Each rollout is rewarded with this probability, whatever it says.',
    source: 'arXiv 2506.10947',
  }),
);

export default {
  name: 'Random reward',
  paper: 'arXiv 2506.10947',
  summary: 'A coin pays each rollout: what does training alone do?',
  needsTruth: false,
  knobs: [chance],
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  voters,
  label: noLabel,
  reward: (group, _, settings, random) =>
    policyRollouts(group).map(() => Number(happens(chance.of(settings), random))),
  advantage: groupRelative,
  objective: policyGradient,
} satisfies LabelFreeAlgorithm;
