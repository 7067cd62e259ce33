import { LabError } from '../../lib/labError.ts';
import type { Tokenizer } from '../../spec/tokenizer.ts';
import { parts } from './bytePairs.ts';
import { characters } from './characters.ts';
import { words } from './words.ts';

/** The tokenizers of all base models that `npm run pretrain` makes, by name. */
export const tokenizers: Readonly<Record<string, Tokenizer>> = { characters, words };

/** All pieces of a tokenizer, by id. Of such a one they say everything. */
function piecesOf(tokenizer: Tokenizer): readonly string[] {
  return tokenizer.pieces(Array.from({ length: tokenizer.size }, (_, id) => id));
}

/**
 * The tokenizer that a parsed tokenizer.json describes.
 * @throws LabError `bad-file` where it is none of the lab's models
 */
export function parseTokenizer(json: unknown): Tokenizer {
  const vocab = (json as { model?: { vocab?: Record<string, unknown> } } | null)?.model?.vocab ?? {};
  const size = Object.keys(vocab).length;
  const found = Object.values(tokenizers).find(
    (tokenizer) => tokenizer.size === size && piecesOf(tokenizer).every((piece, id) => vocab[piece] === id),
  );
  if (found !== undefined) return found;
  throw new LabError(
    'bad-file',
    `tokenizer.json: its vocabulary is none of the lab's: ${Object.keys(tokenizers).join(', ')}.`,
    'Use a base model made by `npm run pretrain`.',
  );
}

/**
 * tokenizer_config.json of a base model. Without it transformers goes by the model's type, and makes a byte-level
 * tokenizer with an end token beyond the vocabulary, without a word.
 * @param maxLength tokens of a sequence at most
 */
export function tokenizerConfigJson(tokenizer: Tokenizer, maxLength: number): string {
  const [padding, end] = tokenizer.pieces([tokenizer.padToken, tokenizer.endToken]);
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

/** tokenizer.json of a base model, as Hugging Face's tokenizers read it. */
export function tokenizerJson(tokenizer: Tokenizer): string {
  const pieces = piecesOf(tokenizer);
  const padding = pieces[tokenizer.padToken];
  const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  const joined = pieces.filter(({ length }) => length > 1);
  const model =
    joined.length === 0
      ? { type: 'WordLevel', vocab, unk_token: padding }
      : {
          type: 'BPE',
          ...{ dropout: null, unk_token: padding, continuing_subword_prefix: null, end_of_word_suffix: null },
          ...{ fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab },
          // Whichever two pieces make one are joined, as here.
          merges: joined.flatMap((piece) =>
            Array.from({ length: piece.length - 1 }, (_, at) => [
              piece.slice(0, at + 1),
              piece.slice(at + 1),
            ]).filter((pair) => pair.every((part) => part in vocab)),
          ),
        };
  return `${JSON.stringify(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [
        {
          id: tokenizer.padToken,
          content: padding,
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: false,
          special: true,
        },
      ],
      normalizer: null,
      pre_tokenizer: {
        type: 'Split',
        pattern: { Regex: joined.length === 0 ? '' : parts.source },
        behavior: 'Isolated',
        invert: false,
      },
      post_processor: null,
      decoder: { type: 'Fuse' },
      model,
    },
    null,
    1,
  )}\n`;
}
