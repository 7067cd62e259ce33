import { answerOverlap } from '../diagnostics/asked.ts';
import { LabError } from '../lib/labError.ts';
import { portions } from '../lib/portions.ts';
import { saidBy } from '../lib/quote.ts';
import { Answering, figuresOf, linesOf, type Answered, type Said } from './answers.ts';
import type { AskedModel } from './model.ts';
import type { AskedText } from './prompts.ts';
import { mostListed, mostShown, type Answers, type Shown } from './protocol.ts';
import { shownOf, underWayOf } from './shown.ts';

/** What models said to the same prompts, and the answers that are found in it. */
export class Sayings {
  readonly models: readonly AskedModel[];
  readonly texts: readonly AskedText[];
  readonly #said: (readonly Said[])[] = [];
  #underWay: readonly Said[] = [];
  #answered: readonly Answered[] = [];
  #answering: Answering[] = [];
  #wanted: string | undefined;

  constructor(models: readonly AskedModel[], texts: readonly AskedText[], wanted: string | undefined) {
    this.models = models;
    this.texts = texts;
    this.#wanted = wanted;
  }

  /** How answers are found from now on; undefined: by the surest form that is often found. */
  set wanted(wanted: string | undefined) {
    this.#wanted = wanted;
    this.#answering = [];
  }

  get all(): readonly Said[] {
    return this.#said.flat();
  }

  /** Complete completions of a model. */
  of(index: number): readonly Said[] {
    return this.#said[index] ?? [];
  }

  /** Takes what a model has said by now. @param underWay what it is writing */
  take(index: number, complete: readonly Said[], underWay: readonly Said[]): void {
    this.#said[index] = complete;
    this.#underWay = underWay;
  }

  /** Finds the answers in all that is complete. @throws LabError where the form is neither a name nor a pattern */
  find(): readonly Answers[] {
    this.#answered = this.#said.map((said, i) => {
      this.#answering[i] ??= new Answering(this.texts, this.#wanted);
      return this.#answering[i].find(said);
    });
    return this.#answered.map((answered, i) => {
      const { each, all } = figuresOf(answered);
      return {
        name: this.models[i]?.path ?? '',
        form: answered.form,
        each: each.slice(0, mostListed),
        all,
      };
    });
  }

  /** How far two models answer alike; NaN where there is but one. */
  overlap(): number {
    const [ours, theirs] = this.#answered;
    return answerOverlap(ours?.prompts ?? [], theirs?.prompts ?? []);
  }

  /** What each model said to a prompt. */
  to(wanted: number): readonly Shown[] {
    return this.#said.flatMap((said, i) => {
      const model = this.models[i];
      if (model === undefined) return [];
      const found = this.#answered[i]?.answers ?? [];
      const complete: { readonly each: Said; readonly answer: string | null }[] = [];
      said.forEach((each, at) => {
        if (each.prompt === wanted) complete.push({ each, answer: found[at] ?? null });
      });
      const last = i === this.#said.length - 1;
      const underWay = last ? this.#underWay.filter(({ prompt }) => prompt === wanted) : [];
      const shown = complete
        .slice(0, mostShown)
        .map(({ each, answer }) => shownOf(model.tokenizer, each, answer));
      const rest = underWay.slice(0, mostShown - shown.length).map(underWayOf);
      return [
        {
          name: model.path,
          vote: this.#answered[i]?.figures[wanted]?.vote ?? null,
          completions: [...shown, ...rest],
          count: complete.length + underWay.length,
          answers: complete.map(({ answer }) => answer),
        },
      ];
    });
  }

  /** All that is complete as JSON lines, one after another. */
  *lines(): Generator<string> {
    for (const [i, said] of this.#said.entries()) {
      const [model, answered] = [this.models[i], this.#answered[i]];
      if (model !== undefined && answered !== undefined) yield* linesOf(model, said, answered, this.texts);
    }
  }

  /** All that is complete as a file of JSON lines, which the browser holds where it has room. @throws LabError `does-not-fit` */
  file(): Blob {
    try {
      const parts = Array.from(portions(this.lines()), (portion) => new Blob([portion]));
      return new Blob(parts, { type: 'application/jsonl' });
    } catch (cause) {
      throw new LabError(
        'does-not-fit',
        `The completions can’t be written as a file: ${saidBy(cause)}.`,
        'They are all here still. Close other tabs and try again, or ask fewer prompts at a time.',
        cause,
      );
    }
  }
}
