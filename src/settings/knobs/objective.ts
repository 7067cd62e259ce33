import { algorithms } from '../../algorithms/index.ts';
import { groupRelative } from '../../rl/advantage.ts';
import { choice, real, text, type Hyperparameter, type Relevance } from '../../spec/hyperparameter.ts';
import { mgrpo } from '../../spec/sources.ts';

const needsRatio: Relevance = {
  when: (s) => s.updatesPerBatch > 1,
  otherwise: 'With one update per batch the ratio of new to old policy is exactly 1 and is never clipped.',
};

/** What the loss is made of. */
export const objectiveKnobs = {
  klCoefficient: real({
    label: 'KL coefficient β',
    group: 'Objective',
    range: [0, 1],
    step: 0.005,
    default: 0.005,
    paper: 0.005,
    applies: 'live',
    help: 'Weight of the k3 estimate of the divergence from the frozen base model.',
    source: mgrpo,
  }),
  entropyBonus: real({
    label: 'Entropy bonus',
    group: 'Objective',
    range: [0, 0.1],
    step: 0.001,
    default: 0,
    applies: 'live',
    help: 'Weight of the mean token entropy, subtracted from the loss.',
  }),
  clipLow: real({
    label: 'Clip below ε_low',
    group: 'Objective',
    range: [0, 1],
    step: 0.01,
    default: 0.2,
    paper: 0.2,
    applies: 'live',
    help: 'The ratio of new to old policy is clipped at 1 − ε_low.',
    source: 'arXiv 2402.03300',
    relevant: needsRatio,
  }),
  clipHigh: real({
    label: 'Clip above ε_high',
    group: 'Objective',
    range: [0, 2],
    step: 0.01,
    default: 0.2,
    paper: 0.2,
    applies: 'live',
    help: 'The ratio of new to old policy is clipped at 1 + ε_high; DAPO takes 0.28.',
    source: 'arXiv 2503.14476',
    relevant: needsRatio,
  }),
  scaleRewards: choice({
    label: 'Advantages scaled by',
    group: 'Objective',
    options: { group: 'spread of the group', batch: 'spread of the batch', none: 'nothing' },
    default: 'group',
    paper: 'group',
    applies: 'live',
    help: 'What r − mean of the group is divided by. group: its standard deviation (GRPO); batch: that of all rewards of the step; none: 1 (Dr. GRPO).',
    source: 'arXiv 2402.03300, 2508.08221, 2503.20783',
    relevant: {
      when: (s) => algorithms[s.algorithm]?.advantage === groupRelative,
      otherwise: 'The algorithm has an advantage of its own.',
    },
  }),
  lossType: choice({
    label: 'Loss averaged over',
    group: 'Objective',
    options: { dapo: 'tokens (DAPO)', grpo: 'sequences (GRPO)', dr_grpo: 'a constant (Dr. GRPO)' },
    default: 'dapo',
    applies: 'live',
    help: 'dapo: mean over all kept tokens. grpo: mean of the means of each completion. dr_grpo: sum ÷ (longest completion · rollouts).',
    source: 'arXiv 2503.14476, 2402.03300, 2503.20783',
  }),
  rewardCode: text({
    label: 'Own reward',
    group: 'Objective',
    format: 'javascript',
    maxLength: 8000,
    default: '',
    applies: 'live',
    help: 'JavaScript with a function reward({ prompt, completion, answer, pseudoLabel, agreement }) that returns a number from -10 to 10, in place of the algorithm’s reward; empty: the algorithm’s own. A prompt without a pseudo-label has null there, and is trained all the same. No network, clock or chance; each step starts afresh.',
  }),
} satisfies Record<string, Hyperparameter>;
