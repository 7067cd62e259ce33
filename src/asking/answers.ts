import {
  askedFigures,
  promptFigures,
  type AskedFigures,
  type AskedPrompt,
  type PromptFigures,
} from '../diagnostics/asked.ts';
import type { FrozenCompletion } from '../engine/frozen/completion.ts';
import type { TextTokenizer } from '../model/tokenizer/huggingFace.ts';
import { Finding } from '../records/completions/answers.ts';
import type { AskedModel } from './model.ts';
import { countedAnswer, type AskedText } from './prompts.ts';

/** A completion, of which prompt it is, and what it says. All of them are held: nobody asks for their self-certainty. */
export interface Said extends Omit<FrozenCompletion, 'selfCertainties'> {
  readonly prompt: number;
  readonly text: string;
}

/** A completion of a prompt. Its text is made when it is first read: of most that are under way it never is. */
export function saidOf(
  tokenizer: Pick<TextTokenizer, 'decode'>,
  prompt: number,
  { tokens, truncated, logProbs, entropies }: Omit<FrozenCompletion, 'selfCertainties'>,
): Said {
  let text: string | undefined;
  return {
    ...{ tokens, truncated, logProbs, entropies, prompt },
    get text() {
      return (text ??= tokenizer.decode(tokens));
    },
  };
}

/** What was answered, prompt by prompt, and how answers were found; null where in too few completions. */
export interface Answered {
  readonly form: string | null;
  /** Per prompt; without completions where it was not asked yet. */
  readonly prompts: readonly AskedPrompt[];
  /** Per prompt; null where it was not asked yet. */
  readonly figures: readonly (PromptFigures | null)[];
  /** Per completion. */
  readonly answers: readonly (string | null)[];
}

/** The answers of one model, as its completions become more: figures are computed of prompts that have others by now. */
export class Answering {
  readonly #texts: readonly AskedText[];
  readonly #finding: Finding;
  /** The completions of each prompt. */
  readonly #groups: readonly number[][];
  readonly #prompts: AskedPrompt[];
  readonly #figures: (PromptFigures | null)[];
  #form: string | null = null;
  /** Per completion what its answer comes to. */
  #answers: (string | null)[] = [];
  /** Completions that are in their groups. */
  #grouped = 0;

  /**
   * @param wanted how answers are found; the surest form that is often found where it is not said
   * @throws LabError where it is neither a name nor a pattern
   */
  constructor(texts: readonly AskedText[], wanted: string | undefined) {
    this.#texts = texts;
    this.#finding = new Finding(wanted);
    this.#groups = texts.map(() => []);
    this.#prompts = texts.map(({ solution }) => ({ answers: [], solution, entropies: [], ended: 0 }));
    this.#figures = texts.map(() => null);
  }

  /** @param said all by now: those of before, and more */
  find(said: readonly Said[]): Answered {
    const found = this.#finding.in(said.length, (i) => said[i]?.text ?? '');
    const form = found?.form ?? null;
    // By another form, all have other answers.
    const others = new Set(form === this.#form ? [] : said.map(({ prompt }) => prompt));
    if (form !== this.#form) this.#answers = [];
    this.#form = form;
    const answers = this.#answers;
    for (let i = answers.length; i < said.length; i++)
      answers.push(countedAnswer(this.#texts[said[i]?.prompt ?? 0] ?? {}, found?.answers[i] ?? null));
    for (; this.#grouped < said.length; this.#grouped++) {
      const prompt = said[this.#grouped]?.prompt ?? 0;
      this.#groups[prompt]?.push(this.#grouped);
      others.add(prompt);
    }
    for (const prompt of others) {
      const group = this.#groups[prompt] ?? [];
      const asked = {
        answers: group.map((i) => answers[i] ?? null),
        solution: this.#texts[prompt]?.solution ?? null,
        entropies: group.map((i) => said[i]?.entropies ?? new Float32Array()),
        ended: group.filter((i) => said[i]?.truncated === false).length,
      };
      this.#prompts[prompt] = asked;
      this.#figures[prompt] = promptFigures(asked);
    }
    return { form, answers, prompts: this.#prompts, figures: this.#figures };
  }
}

/** @param wanted as of `Answering`. @throws LabError as it does */
export function answersOf(
  said: readonly Said[],
  texts: readonly AskedText[],
  wanted: string | undefined,
): Answered {
  return new Answering(texts, wanted).find(said);
}

/** The figures of each prompt, null where it was not asked yet, and of all that were. */
export function figuresOf({ prompts, figures }: Pick<Answered, 'prompts' | 'figures'>): {
  readonly each: readonly (PromptFigures | null)[];
  readonly all: AskedFigures;
} {
  return {
    each: figures,
    all: askedFigures(
      prompts.filter(({ answers }) => answers.length > 0),
      figures.filter((each) => each !== null),
    ),
  };
}

/**
 * Completions as JSON lines, one a completion: what `--out` and the page's export write, and Watch reads. One after
 * another: all of them may be longer than a text can be.
 */
export function* linesOf(
  { path }: Pick<AskedModel, 'path'>,
  said: readonly Said[],
  { answers }: Pick<Answered, 'answers'>,
  texts: readonly AskedText[],
): Generator<string> {
  for (const [i, { prompt, text, tokens, truncated, logProbs, entropies }] of said.entries()) {
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
    yield `${JSON.stringify(line)}\n`;
  }
}
