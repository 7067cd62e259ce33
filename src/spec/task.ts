import type { RandomInteger } from '../lib/philox.ts';

/** One problem. The solution is a secret of tasks: only diagnostics and the oracle are handed it. */
export interface Problem {
  readonly prompt: string;
  readonly solution: string;
}

/** What a task declares; one file in src/tasks each. All tasks share one character vocabulary. */
export interface Task {
  readonly name: string;
  /** One sentence with an example. */
  readonly summary: string;
  /** Difficulty levels offered, ascending, e.g. digits to sort. */
  readonly levels: readonly [min: number, max: number];
  /** A uniformly drawn problem of a level. */
  readonly draw: (level: number, random: RandomInteger) => Problem;
  /** The completion a perfect model would give, end token '.' included; pretraining learns it. */
  readonly complete: (prompt: string) => string;
  /** Canonical answer, or null. Never reads the solution; a truncated completion never reaches it. */
  readonly parseAnswer: (completion: string) => string | null;
  /** Longest prompt of a level, in tokens. */
  readonly promptLength: (level: number) => number;
  /** Longest perfect completion of a level, in tokens. */
  readonly completionLength: (level: number) => number;
  /** Three or more worked examples. */
  readonly examples: readonly {
    readonly prompt: string;
    readonly completion: string;
    readonly answer: string;
  }[];
}
