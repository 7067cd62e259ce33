import { totalmem } from 'node:os';
import { answersOf, figuresOf } from '../asking/answers.ts';
import { Asking } from '../asking/asking.ts';
import { fitLevel, fittingShares } from '../asking/fitting.ts';
import { checkFits, describe, megabytes, needFor, openAsked, roomOf } from '../asking/model.ts';
import { drawProblems, type ProblemKind } from '../asking/problems.ts';
import type { AskedText } from '../asking/prompts.ts';
import { questionOf } from '../asking/question.ts';
import type { WeightChoice } from '../engine/frozen/matrix.ts';
import { LabError } from '../lib/labError.ts';
import { randomStream } from '../lib/philox.ts';
import { defaultAdapter } from '../settings/adapterKnobs.ts';
import { openHeadless } from './headless.ts';
import { ways } from './modelFlags.ts';
import { pretrainedFolder } from './pretrainedFolder.ts';

/** Problems of a level, the first of those that are drawn for it, and completions of each. */
const [problems, completions] = [16, 4];

/** How a model is asked. */
interface Manner {
  /** Behind each question. */
  readonly suffix: string;
  readonly template: string | null;
  readonly maxTokens: number;
  readonly weights: WeightChoice;
  readonly seed: number;
}

/**
 * The level of a kind that fits a model: of its completions at temperature 1 between a fifth and three fifths are right.
 * @throws LabError where none does, with what each level gave
 */
export async function levelFor(
  folder: string,
  kind: ProblemKind,
  { suffix, template, maxTokens, weights, seed }: Manner,
): Promise<number> {
  const asked = await openAsked(pretrainedFolder(folder), folder);
  console.log(`${folder}: ${describe(asked)}`);
  const manner = {
    ...{ groupSize: completions, temperature: 1, maxTokens, seed, template },
    rows: problems * completions,
  };
  const textsAt = (level: number): AskedText[] =>
    drawProblems(kind, level, problems, randomStream(seed, 'prompts', level)).map(
      ({ question, answer, ...checked }) => ({
        prompt: `${question}${suffix}`,
        solution: answer,
        ...checked,
      }),
    );
  const [easiest, hardest] = kind.levels;
  const levels = Array.from({ length: hardest - easiest + 1 }, (_, i) => easiest + i);
  const questions = new Map(
    await Promise.all(
      levels.map(async (level) => [level, await questionOf([asked], textsAt(level), manner)] as const),
    ),
  );
  const capacities = [...questions.values()].map(({ capacity }) => capacity);
  const largest = (of: (each: (typeof capacities)[number]) => number) => Math.max(...capacities.map(of));
  // Made once, for the longest of them.
  const capacity = {
    completions: largest((each) => each.completions),
    passRows: largest((each) => each.passRows),
    promptTokens: largest((each) => each.promptTokens),
    maxPromptLength: largest((each) => each.maxPromptLength),
    maxCompletionLength: maxTokens,
  };
  const asking = new Asking(await openHeadless(), () => performance.now());
  try {
    const room = roomOf(asking.gpu, null, totalmem());
    const need = needFor(asked, weights, capacity);
    checkFits(room, [asked], [need], capacity, ways);
    console.log(`GPU memory: ${megabytes(need.totalBytes)}.`);
    await asking.load([asked], weights, capacity, () => true);
    const { level, tried } = await fitLevel(kind.levels, async (each) => {
      const question = questions.get(each);
      if (question === undefined) return NaN;
      const said = await asking.sample(0, question, () => true);
      // As training has it: what is cut off has no answer.
      const whole = said.map((one) => (one.truncated ? { ...one, text: '' } : one));
      const { accuracy, truncated } = figuresOf(
        answersOf(whole, question.prompts, defaultAdapter.answer),
      ).all;
      console.log(
        `level ${String(each)}: ${share(accuracy)} of ${String(said.length)} completions right, ${share(truncated)} cut off`,
      );
      return accuracy;
    });
    if (level !== null) return level;
    const [least, most] = fittingShares;
    const easy = tried.every(({ right }) => right > most);
    throw new LabError(
      'bad-setting',
      `No level of it fits this model: between ${share(least)} and ${share(most)} of the completions should be right.`,
      easy
        ? 'Take a harder kind of problem, or a smaller model.'
        : 'Take --template chat where the model was trained to talk, more --max-tokens, or a larger model; or choose a --level by hand.',
    );
  } finally {
    asking.destroy();
  }
}

function share(value: number): string {
  return value.toFixed(2).replace(/^0\./, '.');
}
