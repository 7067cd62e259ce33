import { ownKnobs } from '../algorithms/index.ts';
import { hyperparameterGroups, type SettingsOf } from '../spec/hyperparameter.ts';
import { algorithmKnobs } from './knobs/algorithm.ts';
import { anchorKnobs } from './knobs/anchor.ts';
import { evaluationKnobs } from './knobs/evaluation.ts';
import { filterKnobs } from './knobs/filter.ts';
import { guardKnobs } from './knobs/guard.ts';
import { objectiveKnobs } from './knobs/objective.ts';
import { optimiserKnobs } from './knobs/optimiser.ts';
import { rolloutKnobs } from './knobs/rollouts.ts';
import { taskAndModelKnobs } from './knobs/taskAndModel.ts';

/** The knobs that any algorithm may read, in the order of the page; one is added to the file of its section. */
const table = {
  ...algorithmKnobs,
  ...rolloutKnobs,
  ...anchorKnobs,
  ...filterKnobs,
  ...objectiveKnobs,
  ...optimiserKnobs,
  ...guardKnobs,
  ...taskAndModelKnobs,
  ...evaluationKnobs,
};

/**
 * THE table of knobs, in the order of the page; those that an algorithm declares for itself come after the others of
 * their section. Everything about a knob is said in one place. Own knobs have no names in the types: whoever handles
 * all knobs handles them, and only their algorithm reads them.
 */
export const hyperparameters: typeof table = { ...table, ...ownKnobs };

export type HyperparameterKey = keyof typeof table;
/** Every knob's value: one field per entry of the table. */
export type Settings = SettingsOf<typeof table>;
/** All keys, in the order of the page. */
export const hyperparameterKeys = hyperparameterGroups.flatMap((group) =>
  (Object.keys(hyperparameters) as HyperparameterKey[]).filter((key) => hyperparameters[key].group === group),
) as readonly HyperparameterKey[];
