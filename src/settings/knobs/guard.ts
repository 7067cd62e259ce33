import { choice, integer, real, type Hyperparameter, type Relevance } from '../../spec/hyperparameter.ts';
import { keepsAnchor } from '../relevance.ts';

const guarded: Relevance = { when: (s) => s.guard !== 'off', otherwise: 'The guard is off.' };

/** When a run goes back by itself, and to what. */
export const guardKnobs = {
  guard: choice({
    label: 'Guard',
    group: 'Guard',
    options: { off: 'off', rollback: 'go back and slow down' },
    default: 'off',
    applies: 'live',
    help: 'When the early warning turns red, the run goes back to an earlier checkpoint and lowers its learning rate, by itself and without labels.',
    source: 'this lab',
    relevant: {
      when: keepsAnchor,
      otherwise: 'Without an anchor or a shadow anchor the early warning has no answer overlap to go by.',
    },
  }),
  guardThreshold: real({
    label: 'Acts from a score of',
    group: 'Guard',
    range: [0.05, 1],
    step: 0.01,
    default: 0.67,
    applies: 'live',
    help: 'Score of the early warning at which the guard acts. Amber begins at 0.33, red at 0.67.',
    relevant: guarded,
  }),
  guardStepsBack: integer({
    label: 'Steps back',
    group: 'Guard',
    range: [1, 1000],
    scale: 'log',
    default: 20,
    applies: 'live',
    unit: 'steps',
    help: 'The guard loads the newest checkpoint that is at least this old. Steps are counted on.',
    relevant: guarded,
  }),
  guardFactor: real({
    label: 'Slow down to ×',
    group: 'Guard',
    range: [0.05, 1],
    step: 0.05,
    default: 0.5,
    applies: 'live',
    help: 'The guard multiplies the learning rate by this, each time it acts.',
    relevant: guarded,
  }),
  checkpointEvery: integer({
    label: 'Checkpoint every',
    group: 'Guard',
    range: [1, 1000],
    scale: 'log',
    default: 10,
    applies: 'live',
    unit: 'steps',
    help: 'Steps between checkpoints: where the guard can go back to, and where a fork can begin.',
  }),
} satisfies Record<string, Hyperparameter>;
