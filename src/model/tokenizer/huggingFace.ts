import { LabError } from '../../lib/labError.ts';
import { saidBy } from '../../lib/quote.ts';

/** Text ⟷ tokens of a model made elsewhere. */
export interface TextTokenizer {
  /** Special tokens that the tokenizer puts around a text (`<s>`) are there unless `bare`. */
  readonly encode: (text: string, bare?: boolean) => number[];
  /** @param special whether special tokens (`</s>`) are written out */
  readonly decode: (tokens: readonly number[], special?: boolean) => string;
}

/**
 * The tokenizer that tokenizer.json and tokenizer_config.json describe. The library is loaded when this is first called.
 * @throws LabError `bad-file` where the library can't read them
 */
export async function openTokenizer(json: object, config: object): Promise<TextTokenizer> {
  const { Tokenizer } = await import('@huggingface/tokenizers');
  try {
    // Tidying spaces changes texts; the tokenizers that models were trained with never do it.
    const tokenizer = new Tokenizer(json, { ...config, clean_up_tokenization_spaces: false });
    return {
      encode: (text, bare = false) => [...tokenizer.encode(text, { add_special_tokens: !bare }).ids],
      // The library throws at no tokens.
      decode: (tokens, special = false) =>
        tokens.length === 0 ? '' : tokenizer.decode([...tokens], { skip_special_tokens: !special }),
    };
  } catch (cause) {
    throw new LabError(
      'bad-file',
      `tokenizer.json can't be used: ${saidBy(cause)}.`,
      'Save the tokenizer with transformers again (`tokenizer.save_pretrained`).',
      cause,
    );
  }
}
