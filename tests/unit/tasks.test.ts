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
      let longest = 0;
      for (let i = 0; i < 50; i++) {
        const { prompt, solution } = task.draw(level, random);
        expect(prompt).toHaveLength(task.promptLength(level));
        const completion = task.complete(prompt);
        expect(task.parseAnswer(completion)).toBe(solution);
        longest = Math.max(longest, completion.length);
        expect(characters.encode(completion).at(-1)).toBe(characters.endToken);
      }
      expect(longest).toBe(task.completionLength(level));
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

it('holds out what it has always held out: other prompts, and no record can be replayed', () => {
  const twoDigits = Array.from({ length: 100 }, (_, i) => `${String(i).padStart(2, '0')}=`);
  const heldOut = ['04=', '08=', '14=', '29=', '30=', '38=', '49=', '55=', '64=', '78=', '86='];
  expect(twoDigits.filter(isHeldOut)).toEqual(heldOut);
  // A set larger than what there is: each once, and then again.
  const drawn = drawHeldOut(solvedTaskOf('sort'), 2, 40).map(({ prompt }) => prompt);
  expect(drawn).toHaveLength(40);
  expect(drawn.slice(0, 11).sort()).toEqual(heldOut);
  expect(new Set(drawn)).toEqual(new Set(heldOut));
});

it.each([
  ['sort', ['325=', '422=', '238='], ['749=', '633=', '411=']],
  ['add', ['325+422=', '238+524=', '556+526='], ['070+661=', '660+387=', '389+040=']],
  ['chain', ['3*5*2+2=', '3*5+4+5=', '6-2*2+4='], ['1+9*8*4=', '4*5*0-1=', '6-2-9*2=']],
])('%s draws what it has always drawn for seed 1', (id, training, heldOut) => {
  const prompts = (problems: ReturnType<typeof drawTraining>) => problems.map(({ prompt }) => prompt);
  expect(prompts(drawTraining(solvedTaskOf(id), 3, 1, 1, 3))).toEqual(training);
  expect(prompts(drawHeldOut(solvedTaskOf(id), 3, 3))).toEqual(heldOut);
});

it('names the tasks there are', () => {
  expect(() => taskOf('chess', '', characters)).toThrow('no task "chess"');
});
