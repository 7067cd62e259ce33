import { integer, real, type Hyperparameter } from '../../spec/hyperparameter.ts';
import { mgrpo } from '../../spec/sources.ts';

/** What is sampled at each step, and how. */
export const rolloutKnobs = {
  promptsPerStep: integer({
    label: 'Prompts per step B',
    group: 'Rollouts',
    range: [1, 64],
    default: 8,
    paper: 8,
    applies: 'restart',
    unit: 'prompts',
    help: 'Fresh prompts drawn at each step.',
    source: mgrpo,
  }),
  groupSize: integer({
    label: 'Group size G',
    group: 'Rollouts',
    range: [2, 256],
    scale: 'log',
    default: 16,
    paper: 32,
    applies: 'restart',
    unit: 'rollouts',
    help: 'Rollouts per prompt, policy and anchor together: G = M + N.',
    source: mgrpo,
  }),
  maxResamples: integer({
    label: 'Dead prompts redrawn',
    group: 'Rollouts',
    range: [0, 10],
    default: 0,
    applies: 'live',
    unit: 'times',
    help: 'A prompt whose rollouts are all rewarded alike, or that has no label, gives way to another, at most this often a step: the dynamic sampling of DAPO, which takes 10.',
    source: 'arXiv 2503.14476',
  }),
  temperature: real({
    label: 'Temperature T',
    group: 'Rollouts',
    range: [0.1, 3],
    step: 0.05,
    default: 1.1,
    paper: 1.1,
    applies: 'live',
    help: 'Rollouts are sampled from softmax(logits / T); log-probabilities and entropies are of that distribution.',
    source: mgrpo,
  }),
  maxCompletionLength: integer({
    label: 'Longest completion',
    group: 'Rollouts',
    range: [2, 64],
    default: 10,
    applies: 'restart',
    unit: 'tokens',
    help: 'A completion without an end token by then is truncated and has no answer.',
  }),
} satisfies Record<string, Hyperparameter>;
