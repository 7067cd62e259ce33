import { algorithms } from '../../algorithms/index.ts';
import { choice, integer, type Hyperparameter } from '../../spec/hyperparameter.ts';
import { mgrpo } from '../../spec/sources.ts';

/** What is run, how long, and from which seed. */
export const algorithmKnobs = {
  algorithm: choice({
    label: 'Algorithm',
    group: 'Algorithm',
    options: Object.fromEntries(Object.entries(algorithms).map(([id, { name }]) => [id, name])),
    default: 'm-grpo-iqr',
    paper: 'm-grpo-iqr',
    applies: 'restart',
    help: 'Who votes on the pseudo-label, what is rewarded, and which rollouts are left out.',
    source: mgrpo,
  }),
  steps: integer({
    label: 'Steps',
    group: 'Algorithm',
    range: [1, 100_000],
    scale: 'log',
    default: 600,
    applies: 'live',
    unit: 'steps',
    help: 'Length of the run. A cosine schedule ends here.',
  }),
  seed: integer({
    label: 'Seed',
    group: 'Algorithm',
    range: [0, 4_294_967_295],
    default: 1,
    applies: 'restart',
    help: 'All randomness follows from it: prompts and sampling. Same seed, same bits on the same adapter.',
  }),
} satisfies Record<string, Hyperparameter>;
