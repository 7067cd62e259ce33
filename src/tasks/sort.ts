import type { SolvedTask } from '../spec/task.ts';
import { markedAnswer } from './answer.ts';

function sorted(digits: string): string {
  return Array.from(digits).sort().join('');
}

export default {
  name: 'Sort digits',
  summary: 'Write the digits of the prompt in ascending order: 98917= → #17899.',
  levels: [2, 8],
  draw: (level, random) => {
    const digits = Array.from({ length: level }, () => String(random(10))).join('');
    return { prompt: `${digits}=`, solution: sorted(digits) };
  },
  complete: (prompt) => `#${sorted(prompt.slice(0, -1))}.`,
  parseAnswer: markedAnswer,
  promptLength: (level) => level + 1,
  completionLength: (level) => level + 2,
  examples: [
    { prompt: '98917=', completion: '#17899.', answer: '17899' },
    { prompt: '000=', completion: '#000.', answer: '000' },
    { prompt: '5210=', completion: '#0125.', answer: '0125' },
  ],
} satisfies SolvedTask;
