import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { randomStream } from '../../src/lib/philox.ts';
import { learnPieces } from '../../src/model/tokenizer/bytePairs.ts';
import { openTokenizer } from '../../src/model/tokenizer/huggingFace.ts';
import { tokenizerJson } from '../../src/model/tokenizer/labTokenizers.ts';
import { words } from '../../src/model/tokenizer/words.ts';
import task from '../../src/tasks/words.ts';

/** The text that the pieces are learned from: problems of the levels that a base model is pretrained on, and one more. */
function texts(): readonly string[] {
  const random = randomStream(0, 'pretraining', 0);
  return Array.from({ length: 20_000 }, (_, at) => {
    const { prompt } = task.draw(1 + (at % 3), random);
    return `${prompt} ${task.complete(prompt)}`;
  });
}

/** More than there are. */
const most = 1024;

it('the pieces of words.ts are learned from the task', { timeout: 60_000 }, () => {
  const begin = words.pieces([words.padToken]).concat(Array.from(words.alphabet ?? ''));
  const learned = learnPieces(texts(), begin, most);
  if (process.env['UPDATE_WORDS'] === '1')
    writeFileSync('src/model/tokenizer/words.pieces.ts', fileOf(learned.slice(begin.length)));
  else expect(words.pieces(Array.from({ length: words.size }, (_, id) => id))).toEqual(learned);
});

it('gives the tokens that Hugging Face’s library gives by the file that is written of it', async () => {
  const library = await openTokenizer(JSON.parse(tokenizerJson(words)) as object, {});
  const random = randomStream(0, 'prompts', 0);
  const pieces = words.pieces(Array.from({ length: words.size - 1 }, (_, at) => at + 1));
  const joined = (from: readonly string[], most: number): string =>
    Array.from({ length: 1 + random(most) }, () => from[random(from.length)] ?? '').join('');
  for (let at = 0; at < 1000; at++) {
    const { prompt } = task.draw(1 + random(6), random);
    const begin = random(prompt.length);
    const cut = prompt.slice(begin, begin + 1 + random(20));
    for (const text of [
      prompt,
      cut,
      cut.replaceAll(' ', ''),
      joined(Array.from(words.alphabet ?? ''), 12),
      joined(pieces, 6),
    ]) {
      if (text !== '') expect(words.encode(text), text).toEqual(library.encode(text));
    }
  }
});

function fileOf(pieces: readonly string[]): string {
  return `// Learned from the task: UPDATE_WORDS=1 npx vitest run --project unit tests/unit/wordsTokenizer.test.ts\n\nexport const learnedPieces =\n  '${pieces.join('|')}';\n`;
}
