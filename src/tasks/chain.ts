import type { SolvedTask } from '../spec/task.ts';
import { markedAnswer } from './answer.ts';

const operators = '+-*';

/** Results after each operation, left to right, modulo 10 and never negative. */
function runningResults(prompt: string): string {
  let value = Number(prompt[0]);
  let results = '';
  for (let i = 1; i + 1 < prompt.length; i += 2) {
    const operand = Number(prompt[i + 1]);
    if (prompt[i] === '+') value += operand;
    else if (prompt[i] === '-') value += 10 - operand;
    else value *= operand;
    value %= 10;
    results += String(value);
  }
  return results;
}

export default {
  name: 'Chain arithmetic',
  summary: 'Work through operations left to right modulo 10, then give the last result: 3+8*2= → 12#2.',
  levels: [1, 6],
  draw: (level, random) => {
    let prompt = String(random(10));
    for (let i = 0; i < level; i++) prompt += `${operators[random(3)] ?? ''}${String(random(10))}`;
    prompt += '=';
    return { prompt, solution: runningResults(prompt).slice(-1) };
  },
  complete: (prompt) => {
    const results = runningResults(prompt);
    return `${results}#${results.slice(-1)}.`;
  },
  parseAnswer: markedAnswer,
  promptLength: (level) => 2 * level + 2,
  completionLength: (level) => level + 3,
  examples: [
    { prompt: '3+8*2=', completion: '12#2.', answer: '2' },
    { prompt: '3-8=', completion: '5#5.', answer: '5' },
    { prompt: '9*9+9-1=', completion: '109#9.', answer: '9' },
  ],
} satisfies SolvedTask;
