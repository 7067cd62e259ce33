import { LabError } from '../lib/labError.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { characters } from './tokenizer/characters.ts';
import { words } from './tokenizer/words.ts';

/** What a base model was made for. Sizes stand in its config.json; this says what to do with it. */
export interface ModelEntry {
  readonly label: string;
  readonly tokenizer: Tokenizer;
  /** Id of the task it was pretrained on. */
  readonly task: string;
  /** Levels it was pretrained on, ascending. */
  readonly levels: readonly number[];
  /** The level trained by reinforcement, and the one it never saw. */
  readonly taskLevel: number;
  readonly oodLevel: number;
  /** Completion tokens allowed at these levels. */
  readonly maxCompletionLength: number;
}

const sorting = {
  tokenizer: characters,
  task: 'sort',
  levels: [3, 4, 5],
  taskLevel: 5,
  oodLevel: 6,
  maxCompletionLength: 10,
} as const;

/** Every base model, by the name of its folder in public/models. */
export const models: Readonly<Record<string, ModelEntry>> = {
  'sort-32': { label: 'sort-32 · 26 k parameters', ...sorting },
  'sort-48': { label: 'sort-48 · 47 k parameters', ...sorting },
  'sort-64-early': { label: 'sort-64-early · 76 k, half trained', ...sorting },
  'add-48': {
    label: 'add-48 · 47 k parameters',
    tokenizer: characters,
    task: 'add',
    levels: [1, 2],
    taskLevel: 2,
    oodLevel: 3,
    maxCompletionLength: 8,
  },
  'chain-48': {
    label: 'chain-48 · 47 k parameters',
    tokenizer: characters,
    task: 'chain',
    levels: [1, 2],
    taskLevel: 2,
    oodLevel: 3,
    maxCompletionLength: 8,
  },
  'words-160': {
    label: 'words-160 · 1.1 M parameters, English',
    tokenizer: words,
    task: 'words',
    levels: [1, 2, 3],
    taskLevel: 3,
    oodLevel: 4,
    maxCompletionLength: 40,
  },
};

/** The base model of a name. @throws LabError `bad-setting` for an unknown one */
export function modelOf(name: string): ModelEntry {
  const entry = models[name];
  if (entry !== undefined) return entry;
  throw new LabError(
    'bad-setting',
    `There is no base model "${name}".`,
    `Choose one of ${Object.keys(models).join(', ')}.`,
  );
}
