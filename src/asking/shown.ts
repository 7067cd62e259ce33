import type { TextTokenizer } from '../model/tokenizer/huggingFace.ts';
import type { Said } from './answers.ts';
import { piecesOf } from './pieces.ts';
import type { ShownCompletion } from './protocol.ts';

/** Of completions that are complete, what their tokens say: it takes a while, and is asked for again and again. */
const known = new WeakMap<Said, readonly string[]>();

/** A completion as the page shows it. @param answer null where none was found */
export function shownOf(tokenizer: TextTokenizer, said: Said, answer: string | null): ShownCompletion {
  let pieces = known.get(said);
  if (pieces === undefined) {
    pieces = piecesOf(tokenizer, said.tokens);
    known.set(said, pieces);
  }
  const { text, entropies, logProbs, truncated } = said;
  return { pieces, entropies: [...entropies], logProbs: [...logProbs], text, answer, truncated };
}

/** One that is being written: its text, as far as it goes. */
export function underWayOf({ text, truncated }: Said): ShownCompletion {
  return { pieces: [], entropies: [], logProbs: [], text, answer: null, truncated };
}
