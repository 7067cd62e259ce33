import { parseJson, smallJson } from '../lib/boundedJson.ts';
import { LabError } from '../lib/labError.ts';
import { plainText } from '../lib/plainText.ts';
import { saidBy } from '../lib/quote.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { parseConfig, type ModelConfig } from './config.ts';
import { layoutOf, type Layout } from './layout.ts';
import { readSafetensors } from './safetensors.ts';
import { parseTokenizer } from './tokenizer/labTokenizers.ts';

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

/** Longest text of config.json and of tokenizer.json; a lab model's have a kilobyte. */
export const mostTextBytes = 2 ** 20;

/**
 * Checks what a folder says of its model, before its weights are looked at.
 * @throws LabError `bad-file` naming the file and the rule
 */
export function parseShape(files: Pick<ModelFiles, 'config' | 'tokenizer'>): Omit<BaseModel, 'weights'> {
  const config = parseConfig(parseText(modelFileNames.config, files.config));
  const tokenizer = parseTokenizer(parseText(modelFileNames.tokenizer, files.tokenizer));
  if (config.vocab_size !== tokenizer.size) {
    throw new LabError(
      'bad-file',
      `config.json: "vocab_size" is ${String(config.vocab_size)}, but its tokenizer has ${String(tokenizer.size)} tokens.`,
      'Use a base model made by `npm run pretrain`.',
    );
  }
  return { config, layout: layoutOf(config), tokenizer };
}

/**
 * Checks and parses a model's files.
 * @throws LabError `bad-file` naming the file and the rule
 */
export function parseModel(files: ModelFiles): BaseModel {
  const shape = parseShape(files);
  return { ...shape, weights: readSafetensors(files.weights, shape.layout) };
}

function parseText(name: string, text: string): unknown {
  try {
    if (text.length > mostTextBytes) throw new Error(`it has ${String(text.length)} characters`);
    return parseJson(plainText(text), smallJson);
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'is no JSON' : `can't be read: ${saidBy(cause)}`;
    throw new LabError('bad-file', `${name} ${why}.`, 'Check that the download is complete.', cause);
  }
}
