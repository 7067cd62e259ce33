import type { Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';

/** The most tokens that a prompt of a level has for a model of this tokenizer. */
export function promptTokens(task: Task, level: number, tokenizer: Tokenizer): number {
  return task.promptTokens?.(level, tokenizer) ?? tokenizer.mostTokens(task.promptLength(level));
}
