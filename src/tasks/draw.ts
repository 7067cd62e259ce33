import { LabError } from '../lib/labError.ts';
import { randomStream, type RandomInteger } from '../lib/philox.ts';
import { largest } from '../lib/stats.ts';
import type { ListedProblems, Problem, Task } from '../spec/task.ts';

/** One prompt in so many is held out of all training, pretraining included. */
const heldOutEvery = 10;

/** Prompts met before, one after the other, after which a level is taken to have no others. */
const mostRepeats = 200;

/** 32 bits that depend on the prompt alone. FNV-1a with a final mix. */
function hashOf(prompt: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < prompt.length; i++) hash = Math.imul(hash ^ prompt.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}

/**
 * Whether a prompt belongs to evaluation. The prompt's own hash decides, so training and evaluation
 * are disjoint whatever the seed, the level or the order of drawing.
 */
export function isHeldOut(prompt: string): boolean {
  return hashOf(prompt) % heldOutEvery === 0;
}

/**
 * Splits a list of problems: the tenth with the lowest hashes is held out, and one at the least. The order of
 * the list decides nothing.
 */
function splitListed(problems: readonly Problem[]): ListedProblems {
  const ranked = problems
    .map((problem) => ({ problem, hash: hashOf(problem.prompt) }))
    .toSorted((a, b) => a.hash - b.hash || (a.problem.prompt < b.problem.prompt ? -1 : 1));
  const heldOut = ranked
    .slice(0, Math.max(1, Math.floor(problems.length / heldOutEvery)))
    .map(({ problem }) => problem);
  const held = new Set(heldOut);
  return { training: problems.filter((problem) => !held.has(problem)), heldOut };
}

/** What tasks of a list of problems share: two at the least, no prompt twice. */
export function taskOfList(
  problems: readonly Problem[],
): Required<Pick<Task, 'levels' | 'listed' | 'draw' | 'promptLength'>> {
  const listed = splitListed(problems);
  const { training } = listed;
  const longest = largest(problems.map(({ prompt }) => prompt.length));
  return {
    levels: null,
    listed,
    draw: (_, random) => {
      const problem = training[random(training.length)];
      if (problem === undefined)
        throw new LabError('bug', 'A list without prompts was drawn from.', 'Report it.');
      return problem;
    },
    promptLength: () => longest,
  };
}

/** A uniform problem among those of a level that training may see. */
export function drawTrainingProblem(task: Task, level: number, random: RandomInteger): Problem {
  if (task.listed !== undefined) return task.draw(level, random);
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

/** The knobs that say which prompts a run sees. */
export interface PromptSettings {
  readonly taskLevel: number;
  readonly seed: number;
  /** How many different prompts there are; 0: fresh ones without end. */
  readonly promptPool: number;
}

/**
 * The prompts of a step, [count].
 * @param tries how often prompts of this step were drawn anew: then the ones that come next
 */
export type PromptStream = (step: number, count: number, tries: number) => readonly Problem[];

/**
 * The prompts of a run: drawn without end, or those of a pool, epoch after epoch, each epoch in an order of its own. The
 * same for every lane that shares task, level, seed and pool.
 */
export function promptsOf(task: Task, { taskLevel, seed, promptPool }: PromptSettings): PromptStream {
  if (promptPool === 0) {
    return (step, count, tries) =>
      drawTraining(task, taskLevel, seed, step, count * (tries + 1)).slice(count * tries);
  }
  const pool = drawPool(task, taskLevel, seed, promptPool);
  let shuffledFor = -1;
  let shuffled: readonly Problem[] = pool;
  return (step, count, tries) =>
    Array.from({ length: count }, (_, i) => (step - 1 + tries) * count + i).flatMap((at) => {
      const epoch = Math.floor(at / pool.length);
      if (epoch !== shuffledFor) {
        shuffled = shuffle(pool, randomStream(seed, 'pool', epoch + 1));
        shuffledFor = epoch;
      }
      return shuffled[at % pool.length] ?? [];
    });
}

/**
 * Different prompts that training may see, [size]; fewer where a level or a list has fewer.
 * @param seed which of them
 */
export function drawPool(task: Task, level: number, seed: number, size: number): readonly Problem[] {
  const random = randomStream(seed, 'pool', 0);
  if (task.listed !== undefined) return shuffle(task.listed.training, random).slice(0, size);
  const pool = new Map<string, Problem>();
  for (let repeats = 0; pool.size < size && repeats < mostRepeats; repeats++) {
    const problem = drawTrainingProblem(task, level, random);
    if (pool.has(problem.prompt)) continue;
    pool.set(problem.prompt, problem);
    repeats = 0;
  }
  return [...pool.values()];
}

/** A random order of a list. */
function shuffle(problems: readonly Problem[], random: RandomInteger): readonly Problem[] {
  return problems
    .map((problem) => ({ problem, key: random(2 ** 32) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ problem }) => problem);
}

/**
 * The fixed evaluation set of a level, [count], the same for every run. No prompt occurs twice
 * unless the level has too few held-out prompts to fill the set; of a list there are no more than it has.
 */
export function drawHeldOut(task: Task, level: number, count: number): readonly Problem[] {
  if (task.listed !== undefined) return task.listed.heldOut.slice(0, count);
  const random = randomStream(0, 'evaluation', level);
  const seen = new Set<string>();
  const problems: Problem[] = [];
  let exhausted = false;
  while (problems.length < count) {
    let problem = drawWhere(task, level, random, ({ prompt }) => isHeldOut(prompt));
    for (let tries = 0; !exhausted && seen.has(problem.prompt); tries++) {
      exhausted = tries === mostRepeats;
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
