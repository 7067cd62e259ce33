import { expect, it } from 'vitest';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { words } from '../../src/model/tokenizer/words.ts';
import { solvedTaskOf } from '../../src/tasks/index.ts';
import { evaluationChunk } from '../../src/trainer/evaluate.ts';

it('draws fewer rollouts of long prompts at once, and as many as ever of short ones', () => {
  const at = (name: string, taskLevel: number, tokenizer = characters) =>
    evaluationChunk(solvedTaskOf(name), { taskLevel, oodLevel: taskLevel + 1 }, tokenizer);
  expect(at('sort', 7)).toEqual({ rollouts: 768, maxPromptLength: 9 });
  expect(at('chain', 5)).toEqual({ rollouts: 768, maxPromptLength: 14 });
  expect(at('words', 2, words)).toEqual({ rollouts: 341, maxPromptLength: 36 });
  // The longer one counts, whichever level has it.
  const down = { taskLevel: 3, oodLevel: 2 };
  expect(evaluationChunk(solvedTaskOf('words'), down, words)).toEqual(at('words', 2, words));
});
