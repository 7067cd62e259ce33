import { LabError } from '../../lib/labError.ts';
import { saidBy } from '../../lib/quote.ts';

/** What a folder says of how its model is spoken to. */
export interface ChatTemplate {
  /** The file that has it. */
  readonly from: string;
  /** Jinja. */
  readonly source: string;
  /** `bos_token` and its like, as templates name them. */
  readonly tokens: Readonly<Record<string, string>>;
}

/**
 * How a prompt is written to a model: as one message of the user, with the beginning of the answer behind it, as
 * `apply_chat_template(…, add_generation_prompt=True)` of transformers does. The library is loaded when this is called.
 * @throws LabError `bad-file` where it is no template, or refuses the prompt
 */
export async function openChatTemplate({
  from,
  source,
  tokens,
}: ChatTemplate): Promise<(prompt: string) => string> {
  const { Template } = await import('@huggingface/jinja');
  const attempt = <T>(what: () => T): T => {
    try {
      return what();
    } catch (cause) {
      throw new LabError(
        'bad-file',
        `The chat template in ${from} can't be used: ${saidBy(cause)}.`,
        'Ask without it, and write the prompts as the model expects them.',
        cause,
      );
    }
  };
  const template = attempt(() => new Template(source));
  return (prompt) =>
    attempt(() =>
      template.render({
        ...tokens,
        messages: [{ role: 'user', content: prompt }],
        ...{ tools: null, documents: null, add_generation_prompt: true },
      }),
    );
}
