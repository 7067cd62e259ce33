import { LabError } from '../lib/labError.ts';

/** Where engines say which task of an array a process is, in the order in which they are asked. */
export const indexVariables = [
  'LAB_INDEX',
  'SLURM_ARRAY_TASK_ID',
  'JOB_COMPLETION_INDEX',
  'AWS_BATCH_JOB_ARRAY_INDEX',
  'PBS_ARRAY_INDEX',
] as const;

/**
 * Which task this is: as a flag says, else the first of `indexVariables` that is set.
 * @returns null where nothing says it
 * @throws LabError `bad-setting` for what is no whole number from 0
 */
export function taskIndex(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): number | null {
  const variable = indexVariables.find((name) => (environment[name] ?? '') !== '');
  const [name, text] = flag === undefined ? [variable, environment[variable ?? '']] : ['--index', flag];
  if (name === undefined || text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new LabError(
    'bad-setting',
    `${name} can't be "${text.slice(0, 60)}": a task is a whole number.`,
    'Count tasks from 0.',
  );
}

/**
 * The runs of a task, [from, to).
 * @param each runs a task
 * @param runs of the experiment
 * @throws LabError `bad-setting` for a task beyond the last
 */
export function runsOfTask(task: number, each: number, runs: number): readonly [from: number, to: number] {
  const tasks = Math.ceil(runs / each);
  if (task < tasks) return [task * each, Math.min(runs, (task + 1) * each)];
  throw new LabError(
    'bad-setting',
    `There is no task ${task}: ${runs} runs, ${each} a task, make ${tasks}.`,
    `Count tasks from 0 to ${tasks - 1}.`,
  );
}

/** Numbers as ranges: 0, 1, 2, 5 → "0-2,5", as array jobs take them. */
export function ranges(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const number of sorted) {
    const last = runs.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}
