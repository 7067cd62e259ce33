import { answerOverlap } from '../diagnostics/asked.ts';
import { answersOf, figuresOf, linesOf, type Answered, type Said } from './answers.ts';
import type { AskedModel } from './model.ts';
import type { AskedText } from './prompts.ts';
import type { Answers, Shown } from './protocol.ts';
import { shownOf, underWayOf } from './shown.ts';

/** What models said to the same prompts, and the answers that are found in it. */
export class Sayings {
  readonly models: readonly AskedModel[];
  readonly texts: readonly AskedText[];
  readonly #said: (readonly Said[])[] = [];
  #underWay: readonly Said[] = [];
  #answered: readonly Answered[] = [];
  /** How answers are found; undefined: the surest form that is often found. */
  wanted: string | undefined;

  constructor(models: readonly AskedModel[], texts: readonly AskedText[], wanted: string | undefined) {
    this.models = models;
    this.texts = texts;
    this.wanted = wanted;
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
    this.#answered = this.#said.map((said) => answersOf(said, this.texts, this.wanted));
    return this.#answered.map((answered, i) => ({
      name: this.models[i]?.path ?? '',
      form: answered.form,
      ...figuresOf(answered),
    }));
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
      const answers = this.#answered[i]?.answers ?? [];
      const complete = said.flatMap((each, at) =>
        each.prompt === wanted ? [shownOf(model.tokenizer, each, answers[at] ?? null)] : [],
      );
      const last = i === this.#said.length - 1;
      const underWay = last ? this.#underWay.filter(({ prompt }) => prompt === wanted) : [];
      return [{ name: model.path, completions: [...complete, ...underWay.map(underWayOf)] }];
    });
  }

  /** All that is complete as JSON lines. */
  lines(): string {
    return this.#said
      .flatMap((said, i) => {
        const [model, answered] = [this.models[i], this.#answered[i]];
        return model === undefined || answered === undefined
          ? []
          : linesOf(model, said, answered, this.texts);
      })
      .join('');
  }
}
