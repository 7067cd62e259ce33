import type { ChatTemplate } from '../model/tokenizer/chatTemplate.ts';
import type { TextTokenizer } from '../model/tokenizer/huggingFace.ts';
import type { AskedModel } from './model.ts';
import type { AskedText } from './prompts.ts';
import { writtenFor, type Written } from './written.ts';

/** Characters that are written at a time: what else there is to do comes in between. */
const atATime = 2 ** 18;
/** Ways of writing the same prompts that are kept: asking's and training's. */
const mostKept = 2;

/** Prompts as one model is given them, in one way. */
interface Kept {
  readonly chat: ChatTemplate | null;
  readonly template: string | null;
  readonly written: Promise<readonly Written[]>;
}

const kept = new WeakMap<readonly AskedText[], WeakMap<TextTokenizer, Kept[]>>();

/**
 * Prompts with their texts as a model is given them: written and cut into tokens once, however often the same ones are
 * asked for.
 * @throws LabError as `writerFor`
 */
export function writtenOnce(
  asked: AskedModel,
  prompts: readonly AskedText[],
  template: string | null,
): Promise<readonly Written[]> {
  const { chat, tokenizer } = asked;
  const of = kept.get(prompts) ?? new WeakMap<TextTokenizer, Kept[]>();
  kept.set(prompts, of);
  const ways = of.get(tokenizer) ?? [];
  of.set(tokenizer, ways);
  const at = ways.findIndex((way) => way.template === template && way.chat === chat);
  const [way = { chat, template, written: writtenInTurns(asked, prompts, template) }] =
    at < 0 ? [] : ways.splice(at, 1);
  ways.push(way);
  if (ways.length > mostKept) ways.shift();
  return way.written;
}

async function writtenInTurns(
  asked: AskedModel,
  prompts: readonly AskedText[],
  template: string | null,
): Promise<readonly Written[]> {
  const all: Written[] = [];
  let [from, characters] = [0, 0];
  for (const [i, { prompt }] of prompts.entries()) {
    characters += prompt.length;
    if (characters < atATime) continue;
    for (const each of await writtenFor(asked, prompts.slice(from, i + 1), template)) all.push(each);
    [from, characters] = [i + 1, 0];
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
  }
  for (const each of await writtenFor(asked, prompts.slice(from), template)) all.push(each);
  return all;
}
