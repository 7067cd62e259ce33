import { LabError } from '../lib/labError.ts';
import { quote, quotePath } from '../lib/quote.ts';
import type { PretrainedConfig } from '../model/pretrained/config.ts';
import { openChatTemplate } from '../model/tokenizer/chatTemplate.ts';
import { chatTemplate } from '../settings/adapterKnobs.ts';
import type { AskedModel } from './model.ts';
import type { AskedText } from './prompts.ts';

/** Where the prompt belongs in a template of one's own. */
const place = '{prompt}';

/** What prompts are written for. */
export interface Writing extends Pick<AskedModel, 'path' | 'tokenizer' | 'chat'> {
  readonly model: { readonly config: Pick<PretrainedConfig, 'vocabulary'> };
}

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
 * one that can't be used, and by what is returned for a prompt with a token that the model has none for
 */
export async function writerFor(
  { path, tokenizer, chat, model }: Writing,
  template: string | null,
): Promise<(prompt: string) => Written> {
  const write = (text: string, bare: boolean): Written => {
    const ids = tokenizer.encode(text, bare);
    const { vocabulary } = model.config;
    // Not `>=`: the library gives undefined for what a tokenizer without an unknown token can't read.
    const foreign = ids.findIndex((id) => !(id < vocabulary));
    if (foreign < 0) return { text, ids };
    throw new LabError(
      'bad-file',
      `The tokenizer of ${quotePath(path)} gives token ${String(ids[foreign])} for the prompt ${quote(text)}, but the model has ${String(vocabulary)}.`,
      'Take the tokenizer.json that the model was trained with, or resize its embedding (`resize_token_embeddings`).',
    );
  };
  if (template === chatTemplate) {
    if (chat === null)
      throw new LabError(
        'bad-setting',
        `${quotePath(path)} has no chat template.`,
        'Write the prompts as the model expects them, or give a text with {prompt} in it.',
      );
    const apply = await openChatTemplate(chat);
    return (prompt) => write(apply(prompt), true);
  }
  if (template?.includes(place) === false)
    throw new LabError(
      'bad-setting',
      `The template ${quote(template)} has no place for the prompt.`,
      `Write ${place} where it belongs; "${chatTemplate}" takes the folder’s own template.`,
    );
  return (prompt) => write(template === null ? prompt : template.split(place).join(prompt), false);
}

/** Prompts with their texts as a model is given them. @throws LabError as `writerFor` */
export async function writtenFor(
  asked: Writing,
  prompts: readonly AskedText[],
  template: string | null,
): Promise<readonly Written[]> {
  const write = await writerFor(asked, template);
  return prompts.map(({ prompt }) => write(prompt));
}
