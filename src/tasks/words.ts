import type { SolvedTask } from '../spec/task.ts';
import { markedAnswer } from './answer.ts';

const names = [
  ...['Ana', 'Ben', 'Chen', 'Dara', 'Eli', 'Fay', 'Gus', 'Hana', 'Ivo', 'Jun', 'Kai', 'Lena'],
  ...['Mia', 'Nils', 'Omar', 'Pia', 'Quinn', 'Rosa', 'Sami', 'Tom', 'Uma', 'Vera', 'Will', 'Zoe'],
];
const things = [
  ...[
    'apples',
    'balls',
    'beads',
    'books',
    'boxes',
    'buttons',
    'cakes',
    'cards',
    'coins',
    'cups',
    'eggs',
    'hats',
  ],
  ...[
    'keys',
    'lamps',
    'marbles',
    'nuts',
    'pencils',
    'pens',
    'plums',
    'rings',
    'shells',
    'stamps',
    'stones',
    'toys',
  ],
];
const gaining = ['buys', 'finds', 'gets', 'makes', 'wins', 'picks', 'takes', 'brings'];
const losing = ['loses', 'sells', 'breaks', 'drops', 'hides', 'spends', 'returns', 'uses'];
/** How many come or go at once. */
const moved = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** No count is larger, and none is negative. */
const most = 40;

/** Something that happens: its words, and what becomes of the count; one that names no number doubles it. */
interface Event {
  /** Of each word those that it is drawn from; a name is the story's own, or the other one. */
  readonly says: readonly (readonly string[])[];
  readonly sign: '+' | '-';
}

const [name, other] = [names.slice(), names.slice()];
const events: readonly Event[] = [
  { says: [name, gaining, moved, ['more']], sign: '+' },
  { says: [other, ['gives'], name, moved], sign: '+' },
  { says: [name, losing, moved, ['of'], ['them']], sign: '-' },
  { says: [name, ['gives'], other, moved, ['away']], sign: '-' },
  { says: [other, ['brings'], ['as'], ['many'], ['again']], sign: '+' },
];

/** What happens by a sentence, without its end. */
function eventOf(sentence: string): Event | undefined {
  const words = sentence.split(' ');
  return events.find(
    ({ says }) => says.length === words.length && says.every((from, at) => from.includes(words[at] ?? '')),
  );
}

/** The operation that a sentence is, on so many. */
function operation(sentence: string, count: number): { readonly text: string; readonly after: number } {
  const sign = eventOf(sentence)?.sign ?? '+';
  const number = Number(/\d+/.exec(sentence)?.[0] ?? count);
  const after = sign === '-' ? count - number : count + number;
  return { text: `${String(count)}${sign}${String(number)}=${String(after)}`, after };
}

/** The count after a story, and the operations that lead there. */
function work(prompt: string): { readonly steps: readonly string[]; readonly count: number } {
  const [begun = '', ...sentences] = prompt.split('. ').slice(0, -1);
  let count = Number(/\d+/.exec(begun)?.[0]);
  const steps = sentences.map((sentence) => {
    const { text, after } = operation(sentence, count);
    count = after;
    return text;
  });
  return { steps, count };
}

export default {
  name: 'Word problems',
  summary:
    'Count things through events, an operation each: Ana has 7 cups. Ana buys 5 more. How many cups does Ana have now? → 7+5=12#12.',
  levels: [1, 6],
  draw: (level, random) => {
    const pick = (from: readonly string[]): string => from[random(from.length)] ?? '';
    const mine = pick(names);
    const theirs = pick(names.filter((each) => each !== mine));
    const thing = pick(things);
    let count = 1 + random(most / 2);
    const sentences = [`${mine} has ${String(count)} ${thing}`];
    while (sentences.length <= level) {
      const said = (events[random(events.length)]?.says ?? []).map((from) => {
        if (from === name) return mine;
        return from === other ? theirs : pick(from);
      });
      const sentence = said.join(' ');
      const { after } = operation(sentence, count);
      if (after < 0 || after > most || (after === 0 && count === 0)) continue;
      sentences.push(sentence);
      count = after;
    }
    return {
      prompt: `${sentences.join('. ')}. How many ${thing} does ${mine} have now?`,
      solution: String(count),
    };
  },
  complete: (prompt) => {
    const { steps, count } = work(prompt);
    return `${steps.join(' ')}#${String(count)}.`;
  },
  parseAnswer: markedAnswer,
  promptLength: (level) => longestPrompt(level, ({ length }) => length),
  promptTokens: (level, tokenizer) => longestPrompt(level, (word) => tokenizer.encode(word).length),
  completionLength: (level) => level * '20+20=40 '.length - 1 + '#40.'.length,
  examples: [
    {
      prompt: 'Ana has 7 cups. Ana buys 5 more. How many cups does Ana have now?',
      completion: '7+5=12#12.',
      answer: '12',
    },
    {
      prompt:
        'Ben has 9 keys. Ben gives Mia 2 away. Mia brings as many again. How many keys does Ben have now?',
      completion: '9-2=7 7+7=14#14.',
      answer: '14',
    },
    {
      prompt: 'Zoe has 3 nuts. Tom gives Zoe 8. Zoe sells 4 of them. How many nuts does Zoe have now?',
      completion: '3+8=11 11-4=7#7.',
      answer: '7',
    },
  ],
} satisfies SolvedTask;

/** @param length of a word with the space before it, or of an end; that of a text is theirs together */
function longestPrompt(level: number, length: (word: string) => number): number {
  const longest = (says: Event['says']): number =>
    says.reduce((sum, from) => sum + Math.max(...from.map((word) => length(` ${word}`))), length('.'));
  const frame = [
    name,
    ['has'],
    [String(most / 2)],
    things,
    ['How'],
    ['many'],
    things,
    ['does'],
    name,
    ['have'],
    ['now'],
  ];
  return longest(frame) + length('?') + level * Math.max(...events.map(({ says }) => longest(says)));
}
