import {
  askedFigures,
  promptFigures,
  type AskedFigures,
  type AskedPrompt,
  type PromptFigures,
} from '../diagnostics/asked.ts';
import type { FrozenCompletion } from '../engine/frozen/completion.ts';
import { findAnswers } from '../records/completions/answers.ts';
import type { AskedModel } from './model.ts';
import { asCompletion, type AskedText } from './prompts.ts';

/** A completion, of which prompt it is, and what it says. */
export interface Said extends FrozenCompletion {
  readonly prompt: number;
  readonly text: string;
}

/** What was answered, prompt by prompt, and how answers were found; null where in too few completions. */
export interface Answered {
  readonly form: string | null;
  /** Per prompt; without completions where it was not asked yet. */
  readonly prompts: readonly AskedPrompt[];
  /** Per completion. */
  readonly answers: readonly (string | null)[];
}

/** @param wanted how answers are found; the surest form that is often found where it is not said */
export function answersOf(
  said: readonly Said[],
  texts: readonly AskedText[],
  wanted: string | undefined,
): Answered {
  const found = findAnswers(
    said.map(({ prompt, text }) => asCompletion(texts[prompt]?.prompt ?? '', text)),
    wanted,
  );
  const answers = said.map((_, i) => found?.answers[i] ?? null);
  const groups = texts.map((): number[] => []);
  said.forEach(({ prompt }, i) => groups[prompt]?.push(i));
  return {
    form: found?.form ?? null,
    answers,
    prompts: texts.map(({ solution }, prompt) => {
      const group = groups[prompt] ?? [];
      return {
        answers: group.map((i) => answers[i] ?? null),
        solution,
        entropies: group.map((i) => said[i]?.entropies ?? new Float32Array()),
        ended: group.filter((i) => said[i]?.truncated === false).length,
      };
    }),
  };
}

/** The figures of each prompt, null where it was not asked yet, and of all that were. */
export function figuresOf({ prompts }: Answered): {
  readonly each: readonly (PromptFigures | null)[];
  readonly all: AskedFigures;
} {
  return {
    each: prompts.map((asked) => (asked.answers.length === 0 ? null : promptFigures(asked))),
    all: askedFigures(prompts.filter(({ answers }) => answers.length > 0)),
  };
}

/** Completions as JSON lines, one a completion: what `--out` and the page's export write, and Watch reads. */
export function linesOf(
  { path }: Pick<AskedModel, 'path'>,
  said: readonly Said[],
  { answers }: Answered,
  texts: readonly AskedText[],
): string[] {
  return said.map(({ prompt, text, tokens, truncated, logProbs, entropies }, i) => {
    const line = {
      model: path,
      step: 0,
      prompt: texts[prompt]?.prompt,
      completion: text,
      answer: answers[i] ?? null,
      solution: texts[prompt]?.solution ?? undefined,
      truncated,
      tokens,
      log_probs: [...logProbs],
      entropies: [...entropies],
    };
    return `${JSON.stringify(line)}\n`;
  });
}
