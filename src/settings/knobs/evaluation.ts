import { integer, type Hyperparameter } from '../../spec/hyperparameter.ts';
import { hasLevels } from '../relevance.ts';

/** What is measured on held-out prompts, and how often. */
export const evaluationKnobs = {
  evalEvery: integer({
    label: 'Evaluate every',
    group: 'Evaluation',
    range: [1, 1000],
    scale: 'log',
    default: 10,
    applies: 'live',
    unit: 'steps',
    help: 'Steps between evaluations on the held-out set; the first is at step 0.',
  }),
  evalPrompts: integer({
    label: 'Held-out prompts',
    group: 'Evaluation',
    range: [1, 2048],
    scale: 'log',
    default: 256,
    applies: 'restart',
    unit: 'prompts',
    help: 'A fixed set, disjoint from all training prompts, the same for every seed.',
  }),
  evalSamples: integer({
    label: 'Samples per prompt',
    group: 'Evaluation',
    range: [1, 16],
    default: 2,
    applies: 'restart',
    unit: 'completions',
    help: 'Completions sampled per held-out prompt at temperature 1.',
  }),
  evalMajorityPrompts: integer({
    label: 'Majority prompts',
    group: 'Evaluation',
    range: [0, 256],
    default: 32,
    applies: 'restart',
    unit: 'prompts',
    help: 'Of the held-out prompts, how many are also answered by majority. 0 leaves it out.',
  }),
  evalMajoritySamples: integer({
    label: 'Majority of',
    group: 'Evaluation',
    range: [1, 64],
    default: 16,
    applies: 'restart',
    unit: 'completions',
    help: 'Completions sampled at temperature 1 whose most frequent answer is checked.',
    relevant: { when: (s) => s.evalMajorityPrompts > 0, otherwise: 'No prompt is answered by majority.' },
  }),
  oodLevel: integer({
    label: 'Unseen level',
    group: 'Evaluation',
    range: [1, 12],
    default: 6,
    applies: 'restart',
    help: 'Level of the out-of-distribution evaluation.',
    relevant: hasLevels,
  }),
} satisfies Record<string, Hyperparameter>;
