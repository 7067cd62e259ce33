import * as v from 'valibot';
import { parseJson, smallJson, TwiceError } from '../lib/boundedJson.ts';
import { LabError } from '../lib/labError.ts';
import { plainText } from '../lib/plainText.ts';
import { excerpt, quote, saidBy } from '../lib/quote.ts';
import { largest } from '../lib/stats.ts';
import type { Problem, Task, TaskOfText } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { markedAnswer } from './answer.ts';
import { taskOfList } from './draw.ts';

/** Problems that a text may list. Fewer leave none to train on; more would only make pages and links heavy. */
export const listedProblems = { least: 2, most: 2000 } as const;
const longestPrompt = 32;
/** With '#' before it and '.' after it, an answer must fit into the longest completion there is. */
const longestAnswer = 62;

/** A text of at most so many characters, all of them the model's. */
function textOf(what: string, { alphabet }: Tokenizer, most: number) {
  const foreign = (text: string): string | undefined =>
    alphabet === null ? undefined : Array.from(text).find((character) => !alphabet.includes(character));
  return v.pipe(
    v.string(({ received }) => `${what} is ${excerpt(received)}, but must be text in quotes`),
    v.check(
      (text) => text.length >= 1 && text.length <= most,
      ({ input }) => `${what} has ${String(input.length)} characters, but must have 1 to ${String(most)}`,
    ),
    v.check(
      (text) => foreign(text) === undefined,
      ({ input }) =>
        `${what} has the character ${quote(foreign(input) ?? '')}, but the model knows only ${alphabet ?? ''}`,
    ),
  );
}

const marks = /[#.]/;

function lineSchema(tokenizer: Tokenizer) {
  const answer = v.pipe(
    textOf('"answer"', tokenizer, longestAnswer),
    v.check(
      (text) => !marks.test(text),
      ({ input }) =>
        `"answer" has the character "${marks.exec(input)?.[0] ?? ''}", but # and . mark where an answer begins and ends`,
    ),
  );
  return v.strictObject(
    { prompt: textOf('"prompt"', tokenizer, longestPrompt), answer: v.nullish(answer) },
    ({ expected, received }) => {
      // Issues of the object itself: a key too many or too few, or no object at all.
      if (expected === 'never') return `the key ${excerpt(received)} is not known`;
      return received === 'undefined'
        ? `the key ${expected} is missing`
        : `${excerpt(received)} is no object`;
    },
  );
}

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
 * @param tokenizer of the model that is to read them
 * @throws LabError naming the line and the rule
 */
export function parseProblems(text: string, tokenizer: Tokenizer): readonly Problem[] {
  const schema = lineSchema(tokenizer);
  const lineOf = new Map<string, number>();
  const problems: Problem[] = [];
  for (const [index, line] of plainText(text).split('\n').entries()) {
    if (line.trim() === '') continue;
    const number = index + 1;
    const problem = parseLine(schema, line, number);
    const before = lineOf.get(problem.prompt);
    if (before !== undefined) {
      throw new LineError(number, `the prompt ${quote(problem.prompt)} is in line ${String(before)} already`);
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

function parseLine(schema: ReturnType<typeof lineSchema>, line: string, number: number): Problem {
  let value: unknown;
  try {
    value = parseJson(line, smallJson, { unique: true });
  } catch (cause) {
    if (cause instanceof TwiceError) throw new LineError(number, `it has the key ${quote(cause.key)} twice`);
    throw new LineError(number, `it is not JSON (${saidBy(cause)})`);
  }
  const result = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true });
  if (!result.success) throw new LineError(number, result.issues[0].message);
  return { prompt: result.output.prompt, solution: result.output.answer ?? null };
}

/** The task of a text of prompts. Answers are marked as the other tasks mark theirs: `#91.` */
function customTask(text: string, tokenizer: Tokenizer): Task {
  const problems = parseProblems(text, tokenizer);
  const solved = problems.flatMap(({ prompt, solution }) =>
    solution === null ? [] : [{ prompt, completion: `#${solution}.`, answer: solution }],
  );
  // Without answers the shortest that can be marked.
  const completionLength = largest(
    solved.map(({ completion }) => completion.length),
    '#1.'.length,
  );
  return {
    name,
    summary,
    ...taskOfList(problems),
    parseAnswer: markedAnswer,
    completionLength: () => completionLength,
    examples: solved.slice(0, 3),
  };
}

const name = 'Custom';
const summary =
  'Prompts of your own, with answers or without: 12+7= → #91. Answers are only for diagnostics and the oracle.';

/** The text last made into a task: rules between knobs ask for the same one again and again. */
let last: { readonly text: string; readonly tokenizer: Tokenizer; readonly task: Task } | null = null;

export default {
  name,
  summary,
  make: (text, tokenizer) => {
    if (last?.text !== text || last.tokenizer !== tokenizer) {
      last = { text, tokenizer, task: customTask(text, tokenizer) };
    }
    return last.task;
  },
} satisfies TaskOfText;
