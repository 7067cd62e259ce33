import { algorithms } from '../algorithms/index.ts';
import type { Consulted, Relevance } from '../spec/hyperparameter.ts';
import { tasks } from '../tasks/index.ts';

/** The algorithm keeps a momentum anchor of its own. */
export const hasAnchor = (s: Consulted): boolean => algorithms[s.algorithm]?.anchor === 'ema';

/** An anchor is kept, be it one that only watches. */
export const keepsAnchor = (s: Consulted): boolean => hasAnchor(s) || s.monitorAnchor;

/** For knobs of a task's levels. */
export const hasLevels: Relevance = {
  when: (s) => Object.hasOwn(tasks, s.task),
  otherwise: 'Prompts of your own have no levels.',
};
