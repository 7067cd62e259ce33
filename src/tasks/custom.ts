import * as v from 'valibot';
import { LabError } from '../lib/labError.ts';
import type { Problem, Task, TaskOfText } from '../spec/task.ts';
import { markedAnswer } from './answer.ts';
import { splitListed } from './draw.ts';
import { padToken, vocabulary } from './vocabulary.ts';

/** Problems that a text may list. Fewer leave none to train on; more would only make pages and links heavy. */
export const listedProblems = { least: 2, most: 2000 } as const;
const longestPrompt = 32;
/** With '#' before it and '.' after it, an answer must fit into the longest completion there is. */
const longestAnswer = 62;

/** Characters a model has seen: the one that pads batches is none. */
const characters = Array.from(vocabulary).filter((_, id) => id !== padToken);
const answerCharacters = characters.filter((character) => !'#.'.includes(character));

/** A text of so many of these characters. */
function textOf(what: string, allowed: readonly string[], most: number) {
  const foreign = (text: string): string | undefined =>
    Array.from(text).find((character) => !allowed.includes(character));
  return v.pipe(
    v.string(({ received }) => `${what} is ${received}, but must be text in quotes`),
    v.check(
      (text) => text.length >= 1 && text.length <= most,
      ({ input }) => `${what} has ${String(input.length)} characters, but must have 1 to ${String(most)}`,
    ),
    v.check(
      (text) => foreign(text) === undefined,
      ({ input }) =>
        `${what} has the character "${foreign(input) ?? ''}", but the models know only ${allowed.join('')}`,
    ),
  );
}

const lineSchema = v.strictObject(
  {
    prompt: textOf('"prompt"', characters, longestPrompt),
    answer: v.nullish(textOf('"answer"', answerCharacters, longestAnswer)),
  },
  ({ expected, received }) => {
    // Issues of the object itself: a key too many or too few, or no object at all.
    if (expected === 'never') return `the key ${received} is not known`;
    return received === 'undefined' ? `the key ${expected} is missing` : `${received} is no object`;
  },
);

const example = '{"prompt": "12+7=", "answer": "91"}';

/** A text that breaks a rule in a line, counted from 1. */
export class LineError extends LabError {
  readonly line: number;

  constructor(line: number, what: string) {
    super(
      'bad-setting',
      `Line ${String(line)} of \`prompts\`: ${what}.`,
      `Write each line as ${example}; "answer" may be left out.`,
    );
    this.line = line;
  }
}

/**
 * The problems of a text of JSON lines, `{"prompt": "12+7=", "answer": "91"}` each, in the order of the text;
 * empty lines count for nothing.
 * @throws LabError naming the line and the rule
 */
export function parseProblems(text: string): readonly Problem[] {
  const lineOf = new Map<string, number>();
  const problems: Problem[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const number = index + 1;
    const problem = parseLine(line, number);
    const before = lineOf.get(problem.prompt);
    if (before !== undefined) {
      throw new LineError(number, `the prompt "${problem.prompt}" is in line ${String(before)} already`);
    }
    if (problems.length === listedProblems.most) {
      throw new LineError(number, `there may be ${String(listedProblems.most)} prompts at most`);
    }
    lineOf.set(problem.prompt, number);
    problems.push(problem);
  }
  if (problems.length < listedProblems.least) {
    throw new LabError(
      'bad-setting',
      `\`prompts\` has ${problems.length === 0 ? 'no lines' : 'one line'}, but needs at least ${String(listedProblems.least)}: one to train on and one to hold out.`,
      `Write lines such as ${example}; "answer" may be left out.`,
    );
  }
  return problems;
}

function parseLine(line: string, number: number): Problem {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new LineError(number, `it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  const result = v.safeParse(lineSchema, value, { abortEarly: true, abortPipeEarly: true });
  if (!result.success) throw new LineError(number, result.issues[0].message);
  return { prompt: result.output.prompt, solution: result.output.answer ?? null };
}

/** The task of a text of prompts. Answers are marked as the other tasks mark theirs: `#91.` */
function customTask(text: string): Task {
  const problems = parseProblems(text);
  const listed = splitListed(problems);
  const { training } = listed;
  const longest = (texts: readonly string[]): number => Math.max(...texts.map(({ length }) => length));
  const solved = problems.flatMap(({ prompt, solution }) =>
    solution === null ? [] : [{ prompt, completion: `#${solution}.`, answer: solution }],
  );
  const promptLength = longest(problems.map(({ prompt }) => prompt));
  // Without answers the shortest that can be marked: #1.
  const completionLength = longest(['#1.', ...solved.map(({ completion }) => completion)]);
  return {
    name,
    summary,
    levels: null,
    listed,
    draw: (_, random) => {
      const problem = training[random(training.length)];
      if (problem === undefined)
        throw new LabError('bug', 'A list without prompts was drawn from.', 'Report it.');
      return problem;
    },
    parseAnswer: markedAnswer,
    promptLength: () => promptLength,
    completionLength: () => completionLength,
    examples: solved.slice(0, 3),
  };
}

const name = 'Custom';
const summary =
  'Prompts of your own, with answers or without: 12+7= → #91. Answers are only for diagnostics and the oracle.';

/** The text last made into a task: rules between knobs ask for the same one again and again. */
let last: { readonly text: string; readonly task: Task } | null = null;

export default {
  name,
  summary,
  make: (text) => {
    if (last?.text !== text) last = { text, task: customTask(text) };
    return last.task;
  },
} satisfies TaskOfText;
