import { LabError } from '../../lib/labError.ts';
import { quote } from '../../lib/quote.ts';
import type { Tokenizer } from '../../spec/tokenizer.ts';

/** One character per token; the index is the token id. */
const vocabulary = '_0123456789+-*=#.,<>|ab';
const padToken = 0;
const endToken = vocabulary.indexOf('.');
const alphabet = vocabulary.slice(padToken + 1);

/** An id outside the vocabulary shows as '?', which no task parses. */
const pieceOf = (id: number): string => vocabulary[id] ?? '?';

/** The tokenizer of every base model that `npm run pretrain` makes: 23 characters, '.' ends a completion. */
export const characters: Tokenizer = {
  size: vocabulary.length,
  endToken,
  padToken,
  alphabet,
  mostTokens: (length) => length,
  encode: (text) =>
    Array.from(text, (character) => {
      if (!alphabet.includes(character)) {
        throw new LabError(
          'bad-setting',
          `The model has no token for the character ${quote(character)}.`,
          `Use only ${alphabet}.`,
        );
      }
      return vocabulary.indexOf(character);
    }),
  pieces: (tokens) => Array.from(tokens, pieceOf),
  decode: (tokens) => {
    // Thousands of completions a step: no list for each.
    let text = '';
    for (const id of tokens) text += pieceOf(id);
    return text;
  },
};

/**
 * The tokenizer that a parsed tokenizer.json describes.
 * @throws LabError `bad-file` where it is another than that of the lab's models
 */
export function parseTokenizer(json: unknown): Tokenizer {
  const vocab = (json as { model?: { vocab?: Record<string, unknown> } } | null)?.model?.vocab ?? {};
  const same =
    Object.keys(vocab).length === vocabulary.length &&
    Array.from(vocabulary).every((character, id) => vocab[character] === id);
  if (same) return characters;
  throw new LabError(
    'bad-file',
    `tokenizer.json: its vocabulary is not the lab's "${vocabulary}", one token per character in this order.`,
    'Use a base model made by `npm run pretrain`.',
  );
}

/**
 * tokenizer_config.json of these characters. Without it transformers goes by the model's type, and makes a byte-level
 * tokenizer with an end token beyond the vocabulary, without a word.
 * @param maxLength tokens of a sequence at most
 */
export function tokenizerConfigJson(maxLength: number): string {
  const [padding, end] = [vocabulary[padToken], vocabulary[endToken]];
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...{ eos_token: end, pad_token: padding, unk_token: padding },
    // Completions follow their prompts.
    padding_side: 'left',
    clean_up_tokenization_spaces: false,
    model_max_length: maxLength,
  };
  return `${JSON.stringify(config, null, 1)}\n`;
}

/** tokenizer.json of these characters, as Hugging Face's tokenizers read it. */
export function tokenizerJson(): string {
  const padding = vocabulary[padToken];
  return `${JSON.stringify(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [
        {
          id: padToken,
          content: padding,
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: false,
          special: true,
        },
      ],
      normalizer: null,
      pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false },
      post_processor: null,
      decoder: { type: 'Fuse' },
      model: {
        type: 'WordLevel',
        vocab: Object.fromEntries(Array.from(vocabulary, (character, id) => [character, id])),
        unk_token: padding,
      },
    },
    null,
    1,
  )}\n`;
}
