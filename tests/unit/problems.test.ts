import { describe, expect, it } from 'vitest';
import { drawProblems, generalKinds, problemKinds } from '../../src/asking/problems.ts';
import { randomStream } from '../../src/lib/philox.ts';
import { tasks } from '../../src/tasks/index.ts';

/** What a problem comes to, read from its words alone. */
function worked(question: string): number {
  const sum = /^What is (\d+) ([+−·]) (\d+)\?$/.exec(question);
  if (sum !== null) {
    const [one, other] = [Number(sum[1]), Number(sum[3])];
    return sum[2] === '+' ? one + other : sum[2] === '−' ? one - other : one * other;
  }
  const countdown = /^Use the numbers (.*), each exactly once, with .* to make (\d+)\.$/.exec(question);
  if (countdown !== null) {
    const [target, numbers] = [Number(countdown[2]), (countdown[1] ?? '').match(/\d+/g) ?? []];
    return reaches(numbers.map(Number), target) ? target : NaN;
  }
  let count = NaN;
  for (const sentence of question.split(/(?<=[.?]) /)) {
    const numbers = (sentence.match(/\d+/g) ?? []).map(Number);
    const [first = NaN, second = NaN] = numbers;
    if (/has \d+/.test(sentence)) count = first;
    else if (/buys/.test(sentence)) count += first;
    else if (/gets/.test(sentence)) count += first * second;
    else if (/gives/.test(sentence)) count -= first;
    else if (/half/.test(sentence)) count /= 2;
    else if (/evenly/.test(sentence)) count /= first;
    else if (/as many as/.test(sentence)) count *= 2;
    else if (!sentence.startsWith('How many')) throw new Error(sentence);
  }
  return count;
}

/** Whether all of the numbers, two at a time, can become the target. */
function reaches(numbers: readonly number[], target: number): boolean {
  if (numbers.length === 1) return numbers[0] === target;
  return numbers.some((one, i) =>
    numbers.some((other, j) => {
      if (i === j) return false;
      const left = numbers.filter((_, k) => k !== i && k !== j);
      return [one + other, one - other, one * other].some((made) => reaches([...left, made], target));
    }),
  );
}

describe.each(Object.entries(generalKinds))('%s', (_, kind) => {
  const levels = Array.from({ length: kind.levels[1] }, (_, i) => i + 1);

  it.each(levels)(
    'level %i: the answer is what the words say, a whole number, none twice, the same for a seed',
    (level) => {
      const draw = (seed: number, count = 150) =>
        drawProblems(kind, level, count, randomStream(seed, 'prompts', level));
      const problems = draw(1);
      for (const { question, answer } of problems) {
        expect(answer).toMatch(/^\d+$/);
        expect(Number(answer), question).toBe(worked(question));
      }
      expect(new Set(problems.map(({ question }) => question)).size).toBe(problems.length);
      expect(problems).toHaveLength(150);
      expect(draw(1)).toEqual(problems);
      expect(draw(2)).not.toEqual(problems);
    },
  );
});

it('word problems have a sentence for each event of their level', () => {
  for (const level of [1, 4, 8]) {
    const [problem] = drawProblems(
      generalKinds['word-problems'],
      level,
      1,
      randomStream(0, 'prompts', level),
    );
    expect(problem?.question.split(/(?<=[.?]) /)).toHaveLength(level + 2);
  }
});

it('a level with few problems gives those that it has', () => {
  const few = drawProblems(generalKinds.arithmetic, 1, 5000, randomStream(0, 'prompts', 1));
  expect(few.length).toBeGreaterThan(150);
  expect(few.length).toBeLessThan(300);
});

it('a countdown says its numbers, and none of them is the target', () => {
  for (const [level, count, largest] of [
    [1, 2, 9],
    [4, 4, 25],
    [6, 5, 99],
  ] as const) {
    const drawn = drawProblems(generalKinds.countdown, level, 50, randomStream(0, 'prompts', level));
    for (const { question, answer, numbers = [] } of drawn) {
      expect(question.match(/\d+/g)?.map(Number)).toEqual([...numbers, Number(answer)]);
      expect(numbers).toHaveLength(count);
      expect(Math.max(...numbers)).toBeLessThanOrEqual(largest);
      expect(numbers).not.toContain(Number(answer));
    }
  }
});

it('tasks of the lab are kinds too, their prompts as base models know them', () => {
  for (const [id, task] of Object.entries(tasks)) {
    const kind = problemKinds[id] ?? expect.fail(id);
    const [, hardest] = kind.levels;
    const random = () => randomStream(5, 'prompts', hardest);
    const { prompt, solution } = task.draw(hardest, random());
    expect(kind.draw(hardest, random())).toEqual({ question: prompt, answer: solution });
    expect(kind.suffix).toBe('');
  }
});
