import type { Pretrained } from '../model/pretrained/pretrained.ts';
import type { TextTokenizer } from '../model/tokenizer/huggingFace.ts';
import { LabError } from '../lib/labError.ts';
import { largest } from '../lib/stats.ts';
import { findAnswers } from '../records/completions/answers.ts';
import type { Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { taskOfList } from '../tasks/draw.ts';
import { asCompletion, countedAnswer, type AskedText } from './prompts.ts';
import type { Written } from './written.ts';

/**
 * A list of prompts as a task: a tenth of them is held out, and answers are found as a form says.
 * @throws LabError `bad-file` for fewer than two, `bad-setting` where the form is neither a name nor a pattern
 */
export function taskOfPrompts(prompts: readonly AskedText[], form: string): Task {
  const byPrompt = new Map(prompts.map((problem) => [problem.prompt, problem]));
  const problems = [...byPrompt.values()];
  if (problems.length < 2) {
    throw new LabError(
      'bad-file',
      'There is one prompt, but at least two are needed: one to train on and one to hold out.',
      'Give a file of more prompts.',
    );
  }
  // A form that is none is refused before anything is computed.
  findAnswers([], form);
  return {
    name: 'Prompts of a file',
    summary: 'Prompts of a file, answers as a form finds them.',
    ...taskOfList(problems),
    parseAnswer: (completion, prompt) =>
      countedAnswer(
        byPrompt.get(prompt) ?? {},
        findAnswers([asCompletion('', completion)], form)?.answers[0] ?? null,
      ),
    completionLength: () => 0,
    examples: [],
  };
}

/**
 * A folder's tokenizer as training knows tokenizers, for prompts of one file.
 * @throws LabError `bad-file` where the folder names no token that ends a completion, or a prompt has no token
 */
export function tokenizerOfPrompts(
  text: TextTokenizer,
  { config, endTokens }: Pretrained,
  prompts: readonly Written[],
): Tokenizer {
  const [endToken] = endTokens;
  if (endToken === undefined) {
    throw new LabError(
      'bad-file',
      'The folder names no token that ends a completion.',
      'Add "eos_token_id" to its config.json.',
    );
  }
  const lengths = prompts.map(({ ids }) => ids.length);
  const known = new Map(prompts.map((prompt) => [prompt.text, prompt.ids]));
  const empty = lengths.indexOf(0);
  if (empty >= 0)
    throw new LabError('bad-file', `Prompt ${String(empty + 1)} has no token.`, 'Give it at least one.');
  const longest = largest(lengths);
  return {
    size: config.vocabulary,
    endToken,
    padToken: endToken,
    alphabet: null,
    // Of the prompts of this file, whatever their characters.
    mostTokens: () => longest,
    encode: (prompt) => [...(known.get(prompt) ?? text.encode(prompt))],
    pieces: (tokens) => [...tokens].map((token) => text.decode([token], true)),
    decode: (tokens) => text.decode([...tokens]),
  };
}
