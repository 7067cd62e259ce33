import type { RandomInteger } from '../lib/philox.ts';
import type { Tokenizer } from './tokenizer.ts';

/** One problem. The solution is a secret of tasks: only diagnostics and the oracle are handed it. */
export interface Problem {
  readonly prompt: string;
  /** Null where nobody said: prompts of the user's own need no answers. */
  readonly solution: string | null;
}

/** All problems of a task that has a list of them; no prompt is in both parts. */
export interface ListedProblems {
  readonly training: readonly Problem[];
  readonly heldOut: readonly Problem[];
}

/** What training and evaluation need of a task. It speaks text: tokens are the model's. */
export interface Task {
  readonly name: string;
  /** One sentence with an example. */
  readonly summary: string;
  /** Difficulty levels offered, ascending, e.g. digits to sort; null where there is but one, and levels are ignored. */
  readonly levels: readonly [min: number, max: number] | null;
  /** A uniformly drawn problem of a level; of those for training, where the task lists its problems. */
  readonly draw: (level: number, random: RandomInteger) => Problem;
  /** Other tasks draw their problems, and hold out by the prompt's hash. */
  readonly listed?: ListedProblems;
  /**
   * Canonical answer, or null. Never reads the solution; a truncated completion never reaches it.
   * @param prompt that is answered: it may say what an answer must have
   */
  readonly parseAnswer: (completion: string, prompt: string) => string | null;
  /** Longest prompt of a level, in characters. */
  readonly promptLength: (level: number) => number;
  /** The same in tokens, where that is fewer than of any text of so many characters. */
  readonly promptTokens?: (level: number, tokenizer: Tokenizer) => number;
  /** Longest perfect completion of a level, in characters. */
  readonly completionLength: (level: number) => number;
  /** Worked examples: three or more, but for a task whose answers nobody said. */
  readonly examples: readonly {
    readonly prompt: string;
    readonly completion: string;
    readonly answer: string;
  }[];
}

/** A task that knows its solutions: what a file in src/tasks exports. Base models are pretrained on it. */
export interface SolvedTask extends Task {
  readonly levels: readonly [min: number, max: number];
  /** The completion a perfect model would give, the '.' at its end included. */
  readonly complete: (prompt: string) => string;
}

/** A task that the user's own text makes: what src/tasks/custom.ts exports. */
export interface TaskOfText {
  readonly name: string;
  readonly summary: string;
  /**
   * @param tokenizer of the model that is to read the prompts
   * @throws LabError where the text breaks a rule, naming the line
   */
  readonly make: (text: string, tokenizer: Tokenizer) => Task;
}
