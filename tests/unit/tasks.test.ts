import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/lib/philox.ts';
import { models } from '../../src/model/models.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { drawHeldOut, drawPool, drawTraining, isHeldOut, promptsOf } from '../../src/tasks/draw.ts';
import { solvedTaskOf, taskOf, tasks } from '../../src/tasks/index.ts';
import { promptTokens } from '../../src/tasks/promptTokens.ts';

describe.each(Object.entries(tasks))('%s', (id, task) => {
  const tokenizer = Object.values(models).find((model) => model.task === id)?.tokenizer ?? characters;
  const levels = Array.from({ length: task.levels[1] - task.levels[0] + 1 }, (_, i) => task.levels[0] + i);

  it('has three or more worked examples that hold', () => {
    expect(task.examples.length).toBeGreaterThanOrEqual(3);
    expect(taskOf(id, '', tokenizer)).toBe(task);
    for (const { prompt, completion, answer } of task.examples) {
      expect(task.complete(prompt)).toBe(completion);
      expect(task.parseAnswer(completion, '')).toBe(answer);
      expect(tokenizer.decode(tokenizer.encode(prompt + completion))).toBe(prompt + completion);
    }
  });

  it.each(levels)(
    'level %i: perfect completions parse to the solution and have the stated length',
    (level) => {
      const random = randomStream(3, 'prompts', level);
      const drawn = Array.from({ length: 500 }, () => task.draw(level, random));
      const longest = { prompt: 0, completion: 0, tokens: 0 };
      for (const { prompt, solution } of drawn) {
        const completion = task.complete(prompt);
        expect(task.parseAnswer(completion, '')).toBe(solution);
        expect(tokenizer.encode(completion).at(-1)).toBe(tokenizer.endToken);
        // Ended before, it would be another.
        expect(completion.indexOf('.')).toBe(completion.length - 1);
        longest.prompt = Math.max(longest.prompt, prompt.length);
        longest.tokens = Math.max(longest.tokens, tokenizer.encode(prompt).length);
        longest.completion = Math.max(longest.completion, completion.length);
      }
      // Of many words the longest ones don't meet so soon.
      const slack =
        id === 'words' ? { prompt: 20, completion: 8, tokens: 1 } : { prompt: 0, completion: 0, tokens: 0 };
      for (const [said, found, off] of [
        [task.promptLength(level), longest.prompt, slack.prompt],
        [promptTokens(task, level, tokenizer), longest.tokens, slack.tokens],
        [task.completionLength(level), longest.completion, slack.completion],
      ] as const) {
        expect(found).toBeLessThanOrEqual(said);
        expect(found).toBeGreaterThanOrEqual(said - off * level);
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
      expect(task.parseAnswer(completion, '')).toBeNull();
    },
  );
});

describe('a pool of prompts', () => {
  const sort = solvedTaskOf('sort');
  const settings = { taskLevel: 4, seed: 3, promptPool: 12 };
  const names = (problems: readonly { readonly prompt: string }[]) => problems.map(({ prompt }) => prompt);

  it('holds different prompts that training may see, the same for the same seed', () => {
    const pool = names(drawPool(sort, 4, 3, 200));
    expect(new Set(pool).size).toBe(200);
    expect(pool.some(isHeldOut)).toBe(false);
    expect(names(drawPool(sort, 4, 3, 12))).toEqual(pool.slice(0, 12));
    expect(names(drawPool(sort, 4, 4, 12))).not.toEqual(pool.slice(0, 12));
  });

  it('comes whole in every epoch, each in an order of its own', () => {
    const prompts = promptsOf(sort, settings);
    const seen = [1, 2, 3, 4, 5, 6].flatMap((step) => names(prompts(step, 4, 0)));
    const [first, second] = [seen.slice(0, 12), seen.slice(12)];
    expect(first.toSorted()).toEqual(names(drawPool(sort, 4, 3, 12)).toSorted());
    expect(second.toSorted()).toEqual(first.toSorted());
    expect(second).not.toEqual(first);
    // Whatever was asked before.
    expect(names(promptsOf(sort, settings)(2, 4, 0))).toEqual(seen.slice(4, 8));
    expect(names(promptsOf(sort, settings)(2, 4, 1))).toEqual(seen.slice(8, 12));
  });

  it('a batch may reach over the end of an epoch', () => {
    const prompts = promptsOf(sort, { ...settings, promptPool: 3 });
    const seen = [1, 2, 3].flatMap((step) => names(prompts(step, 2, 0)));
    for (const epoch of [seen.slice(0, 3), seen.slice(3)]) expect(new Set(epoch).size).toBe(3);
  });

  it('is as large as the level or the list allows', () => {
    const few = drawPool(sort, sort.levels[0], 1, 5000);
    expect(few.length).toBeLessThan(5000);
    expect(new Set(names(few)).size).toBe(few.length);
    const listed = { training: [1, 2, 3].map((i) => ({ prompt: `${i}=`, solution: null })), heldOut: [] };
    expect(names(drawPool({ ...sort, listed }, 1, 1, 2))).toHaveLength(2);
    expect(names(drawPool({ ...sort, listed }, 1, 1, 9)).toSorted()).toEqual(['1=', '2=', '3=']);
  });

  it('without one, prompts are drawn as ever, those drawn anew after the others', () => {
    const prompts = promptsOf(sort, { ...settings, promptPool: 0 });
    const drawn = drawTraining(sort, 4, 3, 7, 12);
    expect([0, 1, 2].flatMap((tries) => prompts(7, 4, tries))).toEqual(drawn);
  });
});

it('takes the text between the first # and the first .', () => {
  expect(solvedTaskOf('sort').parseAnswer('9#1#2.3.', '')).toBe('1#2');
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
