import { LabError } from '../lib/labError.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { parseConfig, type ModelConfig } from './config.ts';
import { layoutOf, type Layout } from './layout.ts';
import { readSafetensors } from './safetensors.ts';
import { parseTokenizer } from './tokenizer/characters.ts';

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
  readonly tokenizer: Tokenizer;
  /** [layout.size] */
  readonly weights: Float32Array<ArrayBuffer>;
}

/**
 * Checks and parses a model's files.
 * @throws LabError `bad-file` naming the file and the rule
 */
export function parseModel(files: ModelFiles): BaseModel {
  const config = parseConfig(parseJson(modelFileNames.config, files.config));
  const tokenizer = parseTokenizer(parseJson(modelFileNames.tokenizer, files.tokenizer));
  if (config.vocab_size !== tokenizer.size) {
    throw new LabError(
      'bad-file',
      `config.json: "vocab_size" is ${String(config.vocab_size)}, but its tokenizer has ${String(tokenizer.size)} tokens.`,
      'Use a base model made by `npm run pretrain`.',
    );
  }
  const layout = layoutOf(config);
  return { config, layout, tokenizer, weights: readSafetensors(files.weights, layout) };
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LabError('bad-file', `${name} is no JSON.`, 'Check that the download is complete.', cause);
  }
}
