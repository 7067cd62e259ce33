import { groupRelative } from '../rl/advantage.ts';
import { keepAll } from '../rl/filter.ts';
import { policyGradient } from '../rl/loss.ts';
import { policyAlone } from '../rl/pool.ts';
import { happens, policyRollouts } from '../rl/reward.ts';
import { solutionLabel } from '../rl/vote.ts';
import type { OracleAlgorithm } from '../spec/algorithm.ts';
import { choice, real } from '../spec/hyperparameter.ts';
import { ownKnob } from '../spec/ownKnob.ts';

const rate = (key: 'tpr' | 'fpr', label: string, value: number, help: string) =>
  ownKnob(
    `noisy-oracle.${key}`,
    real({
      label,
      group: 'Objective',
      range: [0, 1],
      step: 0.05,
      default: value,
      applies: 'live',
      help,
      source: 'arXiv 2601.04411',
    }),
  );
const truePositives = rate(
  'tpr',
  'Right ones paid',
  0.9,
  'Probability with which a right rollout is rewarded.',
);
const falsePositives = rate(
  'fpr',
  'Wrong ones paid',
  0.1,
  'Probability with which a wrong answer is rewarded. The difference to the right ones is Youden’s J: at 0 nothing can be learnt.',
);
const trigger = ownKnob(
  'noisy-oracle.trigger',
  choice({
    label: 'Wrong ones paid where',
    group: 'Objective',
    options: { anywhere: 'anywhere', last: 'the last character is right' },
    default: 'anywhere',
    applies: 'live',
    help: 'Noise with a pattern can be learnt: then only such wrong answers are ever rewarded.',
    source: 'arXiv 2605.02909',
  }),
);

/** Whether noise may pay a wrong answer. */
const triggers: Readonly<Record<string, (answer: string, solution: string) => boolean>> = {
  anywhere: () => true,
  last: (answer, solution) => answer.at(-1) === solution.at(-1),
};

export default {
  name: 'GRPO (noisy oracle)',
  paper: 'arXiv 2601.04411',
  summary: 'Rewarded by the true solution through a judge who errs at given rates.',
  needsTruth: true,
  knobs: [truePositives, falsePositives, trigger],
  anchor: 'none',
  pool: policyAlone,
  filter: keepAll,
  label: solutionLabel,
  reward: (group, { answer: solution }, settings, random) =>
    policyRollouts(group).map(({ answer }) => {
      const right = answer === solution;
      // Drawn for each rollout: another answer changes no other's luck.
      const paid = happens((right ? truePositives : falsePositives).of(settings), random);
      const open = right || triggers[trigger.of(settings)]?.(answer ?? '', solution ?? '') === true;
      return Number(answer !== null && open && paid);
    }),
  advantage: groupRelative,
  objective: policyGradient,
} satisfies OracleAlgorithm;
