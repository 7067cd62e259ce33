import type { RandomInteger } from '../lib/philox.ts';
import { tasks } from '../tasks/index.ts';

/** A problem in words, for models that read text, and what it comes to. */
export interface WordedProblem {
  readonly question: string;
  /** But for the lab's tasks a whole number, not negative. */
  readonly answer: string;
  /** As those of an asked text. */
  readonly numbers?: readonly number[];
}

/** Problems of one kind, the harder the higher the level. */
export interface ProblemKind {
  readonly summary: string;
  /** What is asked for behind a question, unless somebody says it otherwise. */
  readonly suffix: string;
  /** The easiest and the hardest level. */
  readonly levels: readonly [number, number];
  readonly draw: (level: number, random: RandomInteger) => WordedProblem;
}

const arithmetic: ProblemKind = {
  suffix: ' Write the answer behind ####.',
  summary: 'a sum, a difference or a product of numbers with as many digits as the level says',
  levels: [1, 6],
  draw: (level, random) => {
    const number = () => 1 + random(10 ** level - 1);
    const [one, other] = [number(), number()];
    const [large, small] = [Math.max(one, other), Math.min(one, other)];
    // A product of two long numbers is another kind of problem.
    const factor = 2 + random(8);
    const [text, value] = [
      [`${String(one)} + ${String(other)}`, one + other] as const,
      [`${String(large)} − ${String(small)}`, large - small] as const,
      [`${String(one)} · ${String(factor)}`, one * factor] as const,
    ][random(3)] ?? ['', NaN];
    return { question: `What is ${text}?`, answer: String(value) };
  },
};

const names = ['Ana', 'Ben', 'Chen', 'Dara', 'Eli', 'Fay', 'Gus', 'Hana', 'Ivo', 'Jun'];
const things = ['apples', 'books', 'cards', 'coins', 'marbles', 'pencils', 'shells', 'stamps'];
const boxes = ['bags', 'boxes', 'packs'];
const most = 2000;

/** Something that happens: a sentence, and how many there are after it; null where it can't happen to so many. */
type Event = (
  of: {
    readonly name: string;
    readonly other: string;
    readonly thing: string;
    readonly random: RandomInteger;
  },
  count: number,
) => readonly [sentence: string, count: number] | null;

const events: readonly Event[] = [
  ({ name, random }, count) => {
    const more = 2 + random(28);
    return [`${name} buys ${String(more)} more.`, count + more];
  },
  ({ name, thing, random }, count) => {
    const [packs, each] = [2 + random(7), 2 + random(11)];
    const pack = boxes[random(boxes.length)] ?? '';
    return [`${name} gets ${String(packs)} ${pack} of ${String(each)} ${thing} each.`, count + packs * each];
  },
  ({ name, other, random }, count) => {
    if (count < 4) return null;
    const less = 1 + random(Math.min(count - 1, 40));
    return [`${name} gives ${String(less)} to ${other}.`, count - less];
  },
  ({ name }, count) => (count % 2 === 0 ? [`${name} loses half of them.`, count / 2] : null),
  ({ name, random }, count) => {
    const friends = 3 + random(4);
    if (count % friends !== 0) return null;
    return [
      `${name} shares them evenly among ${String(friends)} people and keeps one share.`,
      count / friends,
    ];
  },
  ({ name, other }, count) => [`${other} brings ${name} as many as ${name} has.`, 2 * count],
];

const wordProblems: ProblemKind = {
  suffix: ' Write the answer behind ####.',
  summary: 'what is left of some things after as many events as the level says, told in sentences',
  levels: [1, 8],
  draw: (level, random) => {
    const pick = (from: readonly string[]): string => from[random(from.length)] ?? '';
    const name = pick(names);
    const other = pick(names.filter((each) => each !== name));
    const thing = pick(things);
    let count = 2 + random(58);
    const sentences = [`${name} has ${String(count)} ${thing}.`];
    while (sentences.length <= level) {
      const event = events[random(events.length)]?.({ name, other, thing, random }, count) ?? null;
      if (event === null || event[1] > most || event[1] < 1) continue;
      sentences.push(event[0]);
      [, count] = event;
    }
    sentences.push(`How many ${thing} does ${name} have now?`);
    return { question: sentences.join(' '), answer: String(count) };
  },
};

/** How many numbers a level of the countdown has, and the largest of them. */
const countdownLevels = [
  [2, 9],
  [3, 9],
  [3, 25],
  [4, 25],
  [4, 99],
  [5, 99],
] as const;

const countdown: ProblemKind = {
  suffix: ' Write the expression behind ####.',
  summary: 'an expression with given numbers, each once, that comes to another one',
  levels: [1, countdownLevels.length],
  draw: (level, random) => {
    const [count, largest] = countdownLevels[level - 1] ?? [2, 9];
    const drawn = (): WordedProblem | null => {
      const numbers = Array.from({ length: count }, () => 1 + random(largest));
      // Two at a time become one, until what is left is the target: it can be reached.
      const left = numbers.slice();
      while (left.length > 1) {
        const [one = 0] = left.splice(random(left.length), 1);
        const [other = 0] = left.splice(random(left.length), 1);
        left.push([one + other, Math.abs(one - other), one * other][random(3)] ?? 0);
      }
      const [target = 0] = left;
      if (target < 1 || target > most || numbers.includes(target)) return null;
      const list = `${numbers.slice(0, -1).join(', ')} and ${String(numbers.at(-1))}`;
      const question = `Use the numbers ${list}, each exactly once, with +, -, * and parentheses, to make ${String(target)}.`;
      return { question, answer: String(target), numbers };
    };
    for (;;) {
      const problem = drawn();
      if (problem !== null) return problem;
    }
  },
};

/** For models that were trained on much else. */
export const generalKinds = {
  arithmetic,
  countdown,
  'word-problems': wordProblems,
} as const satisfies Readonly<Record<string, ProblemKind>>;

/** All kinds, the tasks of the lab among them: for base models that were pretrained on those. */
export const problemKinds: Readonly<Record<string, ProblemKind>> = {
  ...generalKinds,
  ...Object.fromEntries(
    Object.entries(tasks).map(([id, { summary, levels, draw }]): [string, ProblemKind] => [
      id,
      {
        ...{ summary, levels, suffix: '' },
        draw: (level, random) => {
          const { prompt, solution } = draw(level, random);
          return { question: prompt, answer: solution ?? '' };
        },
      },
    ]),
  ),
};

/**
 * So many problems of a kind, none twice.
 * @returns fewer where a level has no more, or hardly any
 */
export function drawProblems(
  { draw }: ProblemKind,
  level: number,
  count: number,
  random: RandomInteger,
): readonly WordedProblem[] {
  const found = new Map<string, WordedProblem>();
  for (let tries = 0; found.size < count && tries < 100 * count; tries++) {
    const problem = draw(level, random);
    found.set(problem.question, problem);
  }
  return [...found.values()];
}
