import { LabError } from '../lib/labError.ts';
import type { Task } from '../spec/task.ts';

/** Every task, by the name of its file. Adding a file adds a task; a file without a default export is none. */
const files = import.meta.glob<{ default?: Task }>(['./*.ts', '!./index.ts'], { eager: true });
export const tasks: Readonly<Record<string, Task>> = Object.fromEntries(
  Object.entries(files).flatMap(([path, file]) =>
    file.default === undefined ? [] : [[path.slice(2, -3), file.default]],
  ),
);

/** The task of an id. Throws for an unknown one. */
export function taskOf(id: string): Task {
  const task = tasks[id];
  if (task === undefined) {
    throw new LabError(
      'bad-setting',
      `There is no task "${id}".`,
      `Choose one of ${Object.keys(tasks).join(', ')}.`,
    );
  }
  return task;
}
