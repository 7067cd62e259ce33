import type { RandomInteger } from '../lib/philox.ts';
import type { SolvedTask } from '../spec/task.ts';
import { markedAnswer } from './answer.ts';

/** L digits, leading zeros included. */
function digits(level: number, random: RandomInteger): string {
  return Array.from({ length: level }, () => String(random(10))).join('');
}

/** The sum with one digit more than the summands, least significant first: carries can be written as they come. */
function reversedSum(prompt: string): string {
  const [a = '', b = ''] = prompt.slice(0, -1).split('+');
  const sum = String(Number(a) + Number(b)).padStart(a.length + 1, '0');
  return Array.from(sum).reverse().join('');
}

export default {
  name: 'Addition',
  summary: 'Add two numbers, writing the least significant digit first: 47+85= → #231.',
  levels: [1, 5],
  draw: (level, random) => {
    const prompt = `${digits(level, random)}+${digits(level, random)}=`;
    return { prompt, solution: reversedSum(prompt) };
  },
  complete: (prompt) => `#${reversedSum(prompt)}.`,
  parseAnswer: markedAnswer,
  promptLength: (level) => 2 * level + 2,
  completionLength: (level) => level + 3,
  examples: [
    { prompt: '47+85=', completion: '#231.', answer: '231' },
    { prompt: '3+4=', completion: '#70.', answer: '70' },
    { prompt: '05+05=', completion: '#010.', answer: '010' },
  ],
} satisfies SolvedTask;
