import { LabError } from '../lib/labError.ts';
import { parseConfig, type ModelConfig } from './config.ts';
import { layoutOf, type Layout } from './layout.ts';
import { readSafetensors } from './safetensors.ts';

/** A Hugging Face folder, as read or fetched. */
export interface ModelFiles {
  readonly config: string;
  readonly tokenizer: string;
  readonly weights: ArrayBuffer;
}

/** The names of the files of a base model's folder. */
export const modelFileNames = {
  config: 'config.json',
  tokenizer: 'tokenizer.json',
  weights: 'model.safetensors',
} as const;

/** A validated model, ready for the engine. */
export interface BaseModel {
  readonly config: ModelConfig;
  readonly layout: Layout;
  /** [layout.size] */
  readonly weights: Float32Array<ArrayBuffer>;
}

/**
 * Checks and parses a model's files.
 * @param vocabulary the lab's characters; the index is the token id
 * @throws LabError `bad-file` naming the file and the rule
 */
export function parseModel(files: ModelFiles, vocabulary: string): BaseModel {
  const config = parseConfig(parseJson(modelFileNames.config, files.config));
  checkTokenizer(parseJson(modelFileNames.tokenizer, files.tokenizer), vocabulary);
  if (config.vocab_size !== vocabulary.length) {
    throw new LabError(
      'bad-file',
      `config.json: "vocab_size" is ${String(config.vocab_size)}, but the lab has ${String(vocabulary.length)} characters.`,
      'Use a base model made by `npm run pretrain`.',
    );
  }
  const layout = layoutOf(config);
  return { config, layout, weights: readSafetensors(files.weights, layout) };
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LabError('bad-file', `${name} is no JSON.`, 'Check that the download is complete.', cause);
  }
}

function checkTokenizer(json: unknown, vocabulary: string): void {
  const vocab = (json as { model?: { vocab?: Record<string, unknown> } } | null)?.model?.vocab ?? {};
  const same =
    Object.keys(vocab).length === vocabulary.length &&
    Array.from(vocabulary).every((c, id) => vocab[c] === id);
  if (same) return;
  throw new LabError(
    'bad-file',
    `tokenizer.json: its vocabulary is not the lab's "${vocabulary}", one token per character in this order.`,
    'Use a base model made by `npm run pretrain`.',
  );
}

/** tokenizer.json of a vocabulary of single characters, as Hugging Face's tokenizers read it. */
export function tokenizerJson(vocabulary: string): string {
  const [padding] = vocabulary;
  return `${JSON.stringify(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [
        {
          id: 0,
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
