import { adaptable, type Target } from '../model/pretrained/adapter.ts';
import type { HyperparameterKey } from './hyperparameters.ts';

/** How an adapter of a model made elsewhere is made and trained, beside the settings of every run. */
export interface AdapterChoice {
  /** Of a new adapter; one that is gone on from has its own. */
  readonly rank: number;
  /** Its product is scaled by alpha ÷ rank; null: 2 · rank. */
  readonly alpha: number | null;
  /** Never empty. */
  readonly targets: readonly Target[];
  readonly trains: keyof typeof adapterKnobs.trains.options;
  readonly weights: keyof typeof adapterKnobs.weights.options;
  /** Completions in flight at once, at most. */
  readonly rows: number;
  /** How answers are found: a form's name or a pattern. */
  readonly answer: string;
  /** How prompts are written: a text with {prompt} in it, or `chat`, the folder's own; null: as they are. */
  readonly template: string | null;
}

/** The template that a folder brings along. */
export const chatTemplate = 'chat';

/** What each may be, and what it does: flags and page say the same. */
export const adapterKnobs = {
  rank: { range: [1, 256], default: 8, help: 'of a new adapter' },
  alpha: { range: [1e-3, 1e6], default: null, help: 'its product is scaled by alpha ÷ rank' },
  targets: { options: adaptable, default: adaptable, help: 'the matrices of each layer that it changes' },
  trains: {
    options: { 'A and B': 'A and B', B: 'B alone' },
    default: 'A and B',
    help: 'both factors, or B alone: the anchor is then exact',
  },
  weights: {
    options: { file: 'as stored', int8: 'int8' },
    default: 'file',
    help: 'of the base: the bits of the file, or a byte a number',
  },
  rows: { range: [1, 4096], default: 64, help: 'completions in flight at once, at most' },
  answer: {
    default: 'number',
    help: 'how an answer is found: a form’s name, or a pattern whose first group is the answer',
  },
  template: { default: null, help: 'how prompts are written to the model' },
} as const;

/** As `npm run lora` has it where nothing is said. */
export const defaultAdapter: AdapterChoice = {
  rank: adapterKnobs.rank.default,
  alpha: adapterKnobs.alpha.default,
  targets: adapterKnobs.targets.default,
  trains: adapterKnobs.trains.default,
  weights: adapterKnobs.weights.default,
  rows: adapterKnobs.rows.default,
  answer: adapterKnobs.answer.default,
  template: adapterKnobs.template.default,
};

/** Knobs that speak of what the base and the prompts decide: none of them has an effect on an adapter's run. */
export const decidedElsewhere: readonly HyperparameterKey[] = [
  'model',
  'task',
  'prompts',
  'taskLevel',
  'oodLevel',
  'halfPrecision',
];
