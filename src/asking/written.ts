import { LabError } from '../lib/labError.ts';
import { quote, quotePath } from '../lib/quote.ts';
import { openChatTemplate } from '../model/tokenizer/chatTemplate.ts';
import { chatTemplate } from '../settings/adapterKnobs.ts';
import type { AskedModel } from './model.ts';
import type { AskedText } from './prompts.ts';

/** Where the prompt belongs in a template of one's own. */
const place = '{prompt}';

/** A prompt as a model is given it. */
export interface Written {
  readonly text: string;
  readonly ids: readonly number[];
}

/**
 * How prompts are written to a model.
 * @param template null: as they are; `chat`: as the folder's own template has it, which names special tokens itself; else a
 * text with {prompt} in it
 * @throws LabError `bad-setting` for a text without a place for the prompt, or a folder without a template; `bad-file` for
 * one that can't be used
 */
export async function writerFor(
  { path, tokenizer, chat }: Pick<AskedModel, 'path' | 'tokenizer' | 'chat'>,
  template: string | null,
): Promise<(prompt: string) => Written> {
  if (template === chatTemplate) {
    if (chat === null)
      throw new LabError(
        'bad-setting',
        `${quotePath(path)} has no chat template.`,
        'Write the prompts as the model expects them, or give a text with {prompt} in it.',
      );
    const apply = await openChatTemplate(chat);
    return (prompt) => {
      const text = apply(prompt);
      return { text, ids: tokenizer.encode(text, true) };
    };
  }
  if (template?.includes(place) === false)
    throw new LabError(
      'bad-setting',
      `The template ${quote(template)} has no place for the prompt.`,
      `Write ${place} where it belongs; "${chatTemplate}" takes the folder’s own template.`,
    );
  return (prompt) => {
    const text = template === null ? prompt : template.split(place).join(prompt);
    return { text, ids: tokenizer.encode(text) };
  };
}

/** Prompts with their texts as a model is given them. @throws LabError as `writerFor` */
export async function writtenFor(
  asked: AskedModel,
  prompts: readonly AskedText[],
  template: string | null,
): Promise<readonly Written[]> {
  const write = await writerFor(asked, template);
  return prompts.map(({ prompt }) => write(prompt));
}
