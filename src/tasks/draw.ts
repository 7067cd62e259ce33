import { randomStream, type RandomInteger } from '../lib/philox.ts';
import type { Problem, Task } from '../spec/task.ts';

/** One prompt in so many is held out of all training, pretraining included. */
const heldOutEvery = 10;

/**
 * Whether a prompt belongs to evaluation. The prompt's own hash decides, so training and evaluation
 * are disjoint whatever the seed, the level or the order of drawing. FNV-1a with a final mix.
 */
export function isHeldOut(prompt: string): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < prompt.length; i++) hash = Math.imul(hash ^ prompt.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 12)) >>> 0) % heldOutEvery === 0;
}

/** A uniform problem among those of a level that training may see. */
export function drawTrainingProblem(task: Task, level: number, random: RandomInteger): Problem {
  return drawWhere(task, level, random, (problem) => !isHeldOut(problem.prompt));
}

/** The batch of a step, [B]: the same for every lane that shares task, level and seed. */
export function drawTraining(
  task: Task,
  level: number,
  seed: number,
  step: number,
  count: number,
): readonly Problem[] {
  const random = randomStream(seed, 'prompts', step);
  return Array.from({ length: count }, () => drawTrainingProblem(task, level, random));
}

/**
 * The fixed evaluation set of a level, [count], the same for every run. No prompt occurs twice
 * unless the level has too few held-out prompts to fill the set.
 */
export function drawHeldOut(task: Task, level: number, count: number): readonly Problem[] {
  const random = randomStream(0, 'evaluation', level);
  const seen = new Set<string>();
  const problems: Problem[] = [];
  let exhausted = false;
  while (problems.length < count) {
    let problem = drawWhere(task, level, random, ({ prompt }) => isHeldOut(prompt));
    for (let tries = 0; !exhausted && seen.has(problem.prompt); tries++) {
      exhausted = tries === 200;
      problem = drawWhere(task, level, random, ({ prompt }) => isHeldOut(prompt));
    }
    seen.add(problem.prompt);
    problems.push(problem);
  }
  return problems;
}

function drawWhere(
  task: Task,
  level: number,
  random: RandomInteger,
  accept: (problem: Problem) => boolean,
): Problem {
  for (;;) {
    const problem = task.draw(level, random);
    if (accept(problem)) return problem;
  }
}
