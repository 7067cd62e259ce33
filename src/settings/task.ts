import { modelOf } from '../model/models.ts';
import type { Task } from '../spec/task.ts';
import { taskOf } from '../tasks/index.ts';
import type { Settings } from './hyperparameters.ts';

/**
 * The task that settings name, its prompts read by their model.
 * @throws LabError where prompts of one's own break a rule, naming the line
 */
export function taskUnder({ task, prompts, model }: Pick<Settings, 'task' | 'prompts' | 'model'>): Task {
  return taskOf(task, prompts, modelOf(model).tokenizer);
}
