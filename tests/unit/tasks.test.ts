import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/lib/philox.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { drawHeldOut, drawTraining, isHeldOut } from '../../src/tasks/draw.ts';
import { solvedTaskOf, taskOf, tasks } from '../../src/tasks/index.ts';

describe.each(Object.entries(tasks))('%s', (id, task) => {
  const levels = Array.from({ length: task.levels[1] - task.levels[0] + 1 }, (_, i) => task.levels[0] + i);

  it('has three or more worked examples that hold', () => {
    expect(task.examples.length).toBeGreaterThanOrEqual(3);
    expect(taskOf(id, '', characters)).toBe(task);
    for (const { prompt, completion, answer } of task.examples) {
      expect(task.complete(prompt)).toBe(completion);
      expect(task.parseAnswer(completion)).toBe(answer);
      expect(characters.decode(characters.encode(prompt + completion))).toBe(prompt + completion);
    }
  });

  it.each(levels)(
    'level %i: perfect completions parse to the solution and have the stated length',
    (level) => {
      const random = randomStream(3, 'prompts', level);
      for (let i = 0; i < 50; i++) {
        const { prompt, solution } = task.draw(level, random);
        const completion = task.complete(prompt);
        expect(task.parseAnswer(completion)).toBe(solution);
        expect(completion.length).toBeLessThanOrEqual(task.completionLength(level));
        expect(characters.encode(completion).at(-1)).toBe(characters.endToken);
      }
    },
  );

  it.each(levels)('level %i: training and evaluation are disjoint', (level) => {
    const heldOut = drawHeldOut(task, level, 64);
    expect(heldOut).toHaveLength(64);
    expect(heldOut.every(({ prompt }) => isHeldOut(prompt))).toBe(true);
    const drawn = [0, 1, 2].flatMap((step) => drawTraining(task, level, 5, step, 100));
    expect(drawn.some(({ prompt }) => isHeldOut(prompt))).toBe(false);
  });

  it('draws the same for the same seed, and fresh prompts at each step', () => {
    const level = task.levels[1];
    expect(drawTraining(task, level, 1, 7, 8)).toEqual(drawTraining(task, level, 1, 7, 8));
    expect(drawTraining(task, level, 1, 8, 8)).not.toEqual(drawTraining(task, level, 1, 7, 8));
    expect(drawTraining(task, level, 2, 7, 8)).not.toEqual(drawTraining(task, level, 1, 7, 8));
    expect(drawHeldOut(task, level, 8)).toEqual(drawHeldOut(task, level, 16).slice(0, 8));
  });

  it.each(['', '#', '#.', '.', '12', '#12', '.#12', '12.', '.#1.'])(
    'finds no answer in "%s"',
    (completion) => {
      expect(task.parseAnswer(completion)).toBeNull();
    },
  );
});

it('takes the text between the first # and the first .', () => {
  expect(solvedTaskOf('sort').parseAnswer('9#1#2.3.')).toBe('1#2');
});

it('holds out about a tenth, and no prompt twice where there are enough', () => {
  const sort = solvedTaskOf('sort');
  const prompts = Array.from({ length: 1000 }, (_, i) => `${String(i).padStart(3, '0')}=`);
  const share = prompts.filter(isHeldOut).length / 1000;
  expect(share > 0.07 && share < 0.13).toBe(true);
  const heldOut = drawHeldOut(sort, 5, 256).map(({ prompt }) => prompt);
  expect(new Set(heldOut).size).toBe(256);
});

it('names the tasks there are', () => {
  expect(() => taskOf('chess', '', characters)).toThrow('no task "chess"');
});
