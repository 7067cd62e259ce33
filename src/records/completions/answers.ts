import { LabError } from '../../lib/labError.ts';
import { quote, saidBy } from '../../lib/quote.ts';
import { markedAnswer } from '../../tasks/answer.ts';
import type { Completion } from './completion.ts';

/** How an answer is found in a completion: its text, or null. */
export type AnswerForm = (completion: string) => string | null;

/** The forms that are known, the surest first. */
const forms: Readonly<Record<string, AnswerForm>> = {
  boxed: (text) => boxed(text),
  '####': (text) =>
    text.includes('####') ? tidy(text.slice(text.lastIndexOf('####') + 4).split('\n', 1)[0] ?? '') : null,
  // As the lab's own tasks write it; trainers drop the end token.
  '#…': (text) => {
    const answer = markedAnswer(`${text}.`);
    return answer !== null && /^[^\s#]{1,64}$/.test(answer) ? tidy(answer) : null;
  },
  number: (text) => tidy(text.match(/-?\d[\d,]*(?:\.\d+)?/g)?.at(-1) ?? ''),
};

/** What `--answer` may name beside a pattern. */
export const formNames: readonly string[] = Object.keys(forms);

/** The forms as the page offers them. */
export const formLabels: Readonly<Record<string, string>> = {
  boxed: '\\boxed{}',
  '####': '####',
  '#…': '#…',
  number: 'the last number',
};

/** Share of the completions that a form must find an answer in to be the run's. */
const often = 0.2;

/** How the answers of a run are found, and in how many of its completions. */
export interface Found {
  /** As a sentence calls it. */
  readonly form: string;
  readonly share: number;
  /** Per completion. */
  readonly answers: readonly (string | null)[];
}

/**
 * The answers of a run's completions. One form for all of them: where the form is lost there is no answer.
 * @param wanted a form's name or a pattern; without it what the file says, else the surest form that is often found
 * @returns null where no form is found often
 */
export function findAnswers(completions: readonly Completion[], wanted?: string): Found | null {
  if (
    wanted === undefined &&
    completions.length > 0 &&
    completions.every(({ answer }) => answer !== undefined)
  ) {
    const answers = completions.map(({ answer }) => answer ?? null);
    return { form: 'as the file gives them', share: shareOf(answers), answers };
  }
  return new Finding(wanted).in(completions.length, (i) => completions[i]?.completion ?? '');
}

/** A form, and what it found by now. */
interface Tried {
  readonly form: string;
  readonly find: AnswerForm;
  readonly answers: (string | null)[];
  /** Completions with an answer. */
  count: number;
}

/** Finds the answers of completions that become more: each is searched once by a form. */
export class Finding {
  readonly #tried: readonly Tried[];
  /** Share of the completions that a form must find an answer in. */
  readonly #least: number;

  /** @param wanted a form's name or a pattern; without it the surest form that is often found. @throws LabError where it is neither */
  constructor(wanted?: string) {
    const names: [string, AnswerForm][] =
      wanted === undefined ? Object.entries(forms) : [[wanted, formNamed(wanted)]];
    this.#tried = names.map(([name, find]) => ({ form: quoteForm(name), find, answers: [], count: 0 }));
    this.#least = wanted === undefined ? often : 0;
  }

  /**
   * @param count completions by now, those of before among them
   * @returns as `findAnswers`; its answers become more with the completions
   */
  in(count: number, text: (completion: number) => string): Found | null {
    for (const tried of this.#tried) {
      const { form, find, answers } = tried;
      for (let i = answers.length; i < count; i++) {
        const answer = find(text(i));
        answers.push(answer);
        if (answer !== null) tried.count++;
      }
      const share = tried.count / count;
      if (this.#least === 0 || share >= this.#least) return { form, share, answers };
    }
    return null;
  }
}

function quoteForm(name: string): string {
  return name === 'number' ? 'as the last number' : name === 'boxed' ? 'in \\boxed{}' : `by ${name}`;
}

function shareOf(answers: readonly (string | null)[]): number {
  return answers.filter((answer) => answer !== null).length / answers.length;
}

/** @throws LabError where it is neither a form nor a pattern */
function formNamed(wanted: string): AnswerForm {
  const form = Object.hasOwn(forms, wanted) ? forms[wanted] : undefined;
  if (form !== undefined) return form;
  let pattern: RegExp;
  try {
    pattern = new RegExp(wanted, 'gu');
  } catch (error) {
    throw new LabError(
      'bad-setting',
      `Answers can’t be found by ${quote(wanted)}: ${saidBy(error)}.`,
      `Name one of ${formNames.join(', ')}, or give a regular expression whose first group is the answer.`,
      error,
    );
  }
  return (text) => {
    const last = [...text.matchAll(pattern)].at(-1);
    return last === undefined ? null : tidy(last[1] ?? last[0]);
  };
}

/** What stands in the last \boxed{}, braces within it in pairs. */
function boxed(text: string): string | null {
  const start = text.lastIndexOf('\\boxed{');
  if (start < 0) return null;
  const from = start + '\\boxed{'.length;
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return tidy(text.slice(from, at));
  }
  return null;
}

/** Answers that differ in nothing but how they are written are one; null for one without a character. */
export function tidy(text: string): string | null {
  const plain = text
    .trim()
    .replace(/\.$/, '')
    .replace(/^\$+|\$+$/g, '')
    .replace(/^\\text\{(.*)\}$/s, '$1')
    .replace(/\\[,!; ]/g, '')
    .replace(/\.$/, '')
    .trim();
  const number = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(',', '') : plain;
  const whole = number.replace(/^(-?\d+)\.0+$/, '$1');
  return whole === '' ? null : whole;
}
