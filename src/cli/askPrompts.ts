import { parseJson, smallJson } from '../lib/boundedJson.ts';
import { LabError } from '../lib/labError.ts';
import { quotePath, saidBy } from '../lib/quote.ts';
import { findAnswers } from '../records/completions/answers.ts';
import type { Completion } from '../records/completions/completion.ts';
import { readTextFile } from './readInput.ts';

/** A prompt of a file, and its answer where the file gives one. */
export interface FilePrompt {
  readonly prompt: string;
  readonly solution: string | null;
}

const mostBytes = 2 ** 26;
const remedy = 'Write a JSON object a line: {"prompt": "…"}, with "answer" where it is known.';

/**
 * The prompts of a JSONL file: `prompt` or `question`, and `answer` or `solution`.
 * @throws LabError `bad-file` naming the line
 */
export function readPrompts(path: string): FilePrompt[] {
  const text = readTextFile(path, { mostBytes, remedy });
  const prompts = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const refused = (why: string, cause?: unknown) =>
      new LabError('bad-file', `Line ${String(index + 1)} of ${quotePath(path)} ${why}.`, remedy, cause);
    let json: unknown;
    try {
      json = parseJson(line, smallJson);
    } catch (cause) {
      throw refused(cause instanceof SyntaxError ? 'is no JSON' : `can't be read: ${saidBy(cause)}`, cause);
    }
    const { prompt, question, answer, solution } = (json ?? {}) as Readonly<Record<string, unknown>>;
    const asked = prompt ?? question;
    if (typeof asked !== 'string') throw refused('has no text named "prompt"');
    const known = answer ?? solution ?? null;
    if (known !== null && typeof known !== 'string' && typeof known !== 'number')
      throw refused('has an answer that is neither text nor number');
    return [{ prompt: asked, solution: known === null ? null : solutionOf(String(known)) }];
  });
  if (prompts.length === 0) throw new LabError('bad-file', `${quotePath(path)} has no prompt.`, remedy);
  return prompts;
}

/** What a written solution comes to: behind its last ####, as word problems have it, or all of it. */
function solutionOf(text: string): string {
  return findAnswers([asCompletion('', text)], '####')?.answers[0] ?? text.trim();
}

/** A completion for whoever looks for answers in completions. */
export function asCompletion(prompt: string, completion: string): Completion {
  return { step: 0, prompt, completion, rewards: {}, reward: NaN, advantage: NaN };
}
