import type { AskedPrompt } from '../diagnostics/asked.ts';
import type { FrozenCompletion } from '../engine/frozen/engine.ts';
import { findAnswers } from '../records/completions/answers.ts';
import type { AskedModel } from './askModel.ts';
import { asCompletion } from './askPrompts.ts';
import type { Question } from './askQuestion.ts';

/** What was answered, prompt by prompt, and how answers were found; null where in too few completions. */
export interface Answered {
  readonly form: string | null;
  readonly prompts: readonly AskedPrompt[];
}

/** @param wanted how answers are found; the surest form that is often found where it is not said */
export function answersOf(
  { tokenizer }: AskedModel,
  completions: readonly FrozenCompletion[],
  { prompts }: Question,
  groupSize: number,
  wanted: string | undefined,
): Answered {
  const texts = completions.map(({ tokens }, i) =>
    asCompletion(prompts[Math.floor(i / groupSize)]?.prompt ?? '', tokenizer.decode(tokens)),
  );
  const found = findAnswers(texts, wanted);
  return {
    form: found?.form ?? null,
    prompts: prompts.map(({ solution }, prompt) => {
      const group = completions.slice(prompt * groupSize, (prompt + 1) * groupSize);
      return {
        answers: group.map((_, i) => found?.answers[prompt * groupSize + i] ?? null),
        solution,
        entropies: group.map(({ entropies }) => entropies),
        ended: group.filter(({ truncated }) => !truncated).length,
      };
    }),
  };
}

/** The lines of `--out`, one a completion. */
export function linesOf(
  { path, tokenizer }: AskedModel,
  completions: readonly FrozenCompletion[],
  answered: readonly AskedPrompt[],
  { prompts }: Question,
  groupSize: number,
): string[] {
  return completions.map(({ tokens, truncated, logProbs, entropies }, i) => {
    const prompt = Math.floor(i / groupSize);
    const line = {
      model: path,
      step: 0,
      prompt: prompts[prompt]?.prompt,
      completion: tokenizer.decode(tokens),
      answer: answered[prompt]?.answers[i % groupSize] ?? null,
      solution: prompts[prompt]?.solution ?? undefined,
      truncated,
      tokens,
      log_probs: [...logProbs],
      entropies: [...entropies],
    };
    return `${JSON.stringify(line)}\n`;
  });
}
