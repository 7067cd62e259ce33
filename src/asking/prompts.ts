import { arithmetic } from '../lib/arithmetic.ts';
import { parseJson, smallJson } from '../lib/boundedJson.ts';
import { LabError } from '../lib/labError.ts';
import { saidBy } from '../lib/quote.ts';
import { findAnswers, tidy } from '../records/completions/answers.ts';
import type { Completion } from '../records/completions/completion.ts';

/** A prompt that is asked, and its answer where one is known. */
export interface AskedText {
  readonly prompt: string;
  readonly solution: string | null;
  /** Of a countdown: an answer is an expression with each of these once, and counts as what it comes to. */
  readonly numbers?: readonly number[];
}

/** What an answer to a prompt comes to: itself, but for a countdown; null for none that counts. Reads no solution. */
export function countedAnswer({ numbers }: Pick<AskedText, 'numbers'>, answer: string | null): string | null {
  if (numbers === undefined || answer === null) return answer;
  const read = arithmetic(answer);
  const sorted = (list: readonly number[]): string => list.toSorted((a, b) => a - b).join();
  return read === null || sorted(read.numbers) !== sorted(numbers) ? null : read.value;
}

/** Bytes of a file of prompts. */
export const mostPromptBytes = 100_000_000;
export const promptRemedy = 'Write a JSON object a line: {"prompt": "…"}, with "answer" where it is known.';

const numbersRemedy = 'List those that an answer is to have, each once, or call what they are otherwise.';

/**
 * The prompts of JSON lines: `prompt` or `question`, `answer` or `solution`, and `numbers`.
 * @param called what a message calls the text
 * @throws LabError `bad-file` naming the line
 */
export function parsePrompts(text: string, called: string): AskedText[] {
  const prompts = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const refused = (why: string, cause?: unknown, remedy = promptRemedy) =>
      new LabError('bad-file', `Line ${String(index + 1)} of ${called} ${why}.`, remedy, cause);
    let json: unknown;
    try {
      json = parseJson(line, smallJson);
    } catch (cause) {
      throw refused(cause instanceof SyntaxError ? 'is no JSON' : `can't be read: ${saidBy(cause)}`, cause);
    }
    const { prompt, question, answer, solution, numbers } = (json ?? {}) as Readonly<Record<string, unknown>>;
    const asked = prompt ?? question;
    if (typeof asked !== 'string') throw refused('has no text named "prompt"');
    const known = answer ?? solution ?? null;
    if (known !== null && typeof known !== 'string' && typeof known !== 'number')
      throw refused('has an answer that is neither text nor number');
    if (numbers !== undefined && !isNumbers(numbers))
      throw refused('has "numbers" that are no list of 2 to 16 whole numbers', undefined, numbersRemedy);
    const said = known === null ? null : solutionOf(String(known));
    return [
      {
        prompt: asked,
        // Of a countdown it may be written as an answer is.
        solution: numbers === undefined || said === null ? said : (arithmetic(said)?.value ?? said),
        ...(numbers === undefined ? {} : { numbers }),
      },
    ];
  });
  if (prompts.length === 0) throw new LabError('bad-file', `${called} has no prompt.`, promptRemedy);
  return prompts;
}

function isNumbers(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length >= 2 &&
    value.length <= 16 &&
    value.every((each) => Number.isSafeInteger(each) && each >= 0)
  );
}

/**
 * What somebody typed: a prompt a line, or JSON lines where it begins as such.
 * @throws LabError as `parsePrompts` does
 */
export function typedPrompts(text: string): AskedText[] {
  if (text.trimStart().startsWith('{')) return parsePrompts(text, 'the prompts');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0)
    throw new LabError('bad-setting', 'There is no prompt.', 'Type one, or drop a file of JSON lines.');
  return lines.map((prompt) => ({ prompt, solution: null }));
}

/** What a written solution comes to: behind its last ####, as word problems have it, or all of it; written as answers are. */
function solutionOf(text: string): string | null {
  return findAnswers([asCompletion('', text)], '####')?.answers[0] ?? tidy(text);
}

/** A completion for whoever looks for answers in completions. */
export function asCompletion(prompt: string, completion: string): Completion {
  return { step: 0, prompt, completion, rewards: {}, reward: NaN, advantage: NaN };
}
