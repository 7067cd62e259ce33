import type { HyperparameterKey } from '../../settings/hyperparameters.ts';

/** The knobs with which collapse is caused, delayed and cured: what the rail shows at first. */
export const essentials: readonly HyperparameterKey[] = [
  'algorithm',
  'steps',
  'learningRate',
  'groupSize',
  'temperature',
  'anchorShare',
  'anchorMomentum',
  'guard',
];
