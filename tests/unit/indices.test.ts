import { describe, expect, it } from 'vitest';
import { ranges, runsOfTask, taskIndex } from '../../src/experiments/indices.ts';

describe('which task this is', () => {
  it('says the flag, then the engine', () => {
    expect(taskIndex('3', { SLURM_ARRAY_TASK_ID: '5' })).toBe(3);
    expect(taskIndex(undefined, { SLURM_ARRAY_TASK_ID: '5' })).toBe(5);
    expect(taskIndex(undefined, { JOB_COMPLETION_INDEX: '0', SLURM_ARRAY_TASK_ID: '' })).toBe(0);
    expect(taskIndex(undefined, { LAB_INDEX: '7', JOB_COMPLETION_INDEX: '0' })).toBe(7);
    expect(taskIndex(undefined, {})).toBeNull();
  });

  it.each(['-1', '1.5', 'x', '', '1e3', '9999999999'])('"%s" is none', (text) => {
    expect(() => taskIndex(text, {})).toThrow("--index can't be");
  });

  it('is refused by the name that it was given under', () => {
    expect(() => taskIndex(undefined, { PBS_ARRAY_INDEX: 'all' })).toThrow('PBS_ARRAY_INDEX can\'t be "all"');
  });
});

describe('the runs of a task', () => {
  it('are all runs, each once', () => {
    for (const each of [1, 3, 7, 10]) {
      const tasks = Math.ceil(10 / each);
      const all = Array.from({ length: tasks }, (_, task) => runsOfTask(task, each, 10)).flatMap(
        ([from, to]) => Array.from({ length: to - from }, (_, i) => from + i),
      );
      expect(all).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(() => runsOfTask(tasks, each, 10)).toThrow(`make ${tasks}`);
    }
  });
});

it('numbers are said as ranges', () => {
  expect(ranges([5, 0, 2, 1, 9, 8])).toBe('0-2,5,8-9');
  expect(ranges([])).toBe('');
});
