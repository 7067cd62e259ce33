import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import type { SolvedTask, Task, TaskOfText } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';

/** Every task, by the name of its file. Adding a file adds a task; a file without a default export is none. */
const files = import.meta.glob<{ default?: SolvedTask | TaskOfText }>(['./*.ts', '!./index.ts'], {
  eager: true,
});
const exported = Object.entries(files).flatMap(([path, file]) =>
  file.default === undefined ? [] : [[path.slice(2, -3), file.default] as const],
);

/** The tasks that know their solutions. */
export const tasks: Readonly<Record<string, SolvedTask>> = Object.fromEntries(
  exported.flatMap(([id, task]) => ('make' in task ? [] : [[id, task] as const])),
);

/** The task that is made of the user's own prompts. */
export const ownTasks: Readonly<Record<string, TaskOfText>> = Object.fromEntries(
  exported.flatMap(([id, task]) => ('make' in task ? [[id, task] as const] : [])),
);

/**
 * The task of an id. Throws for an unknown one.
 * @param prompts text that an own task is made of, for the model of this tokenizer; others have no use for either
 * @throws LabError also where an own task refuses the text, naming the line
 */
export function taskOf(id: string, prompts: string, tokenizer: Tokenizer): Task {
  const task = tasks[id] ?? ownTasks[id]?.make(prompts, tokenizer);
  if (task === undefined) throw unknownTask(id, [...Object.keys(tasks), ...Object.keys(ownTasks)]);
  return task;
}

/** The task of an id that knows its solutions. Throws for one that doesn't, or is unknown. */
export function solvedTaskOf(id: string): SolvedTask {
  const task = tasks[id];
  if (task !== undefined) return task;
  if (ownTasks[id] === undefined) throw unknownTask(id, Object.keys(tasks));
  throw new LabError(
    'bad-setting',
    `Task ${id} is made of prompts of your own: it can't draw the many problems that a base model learns from.`,
    `Choose one of ${Object.keys(tasks).join(', ')}.`,
  );
}

function unknownTask(id: string, known: readonly string[]): LabError {
  return new LabError('bad-setting', `There is no task ${quote(id)}.`, `Choose one of ${known.join(', ')}.`);
}
