import { parseJson, smallJson, type JsonLimits } from '../../lib/boundedJson.ts';
import { LabError } from '../../lib/labError.ts';
import { saidBy } from '../../lib/quote.ts';
import { openTokenizer, type TextTokenizer } from '../tokenizer/huggingFace.ts';
import { parseEndTokens, parsePretrainedConfig, type PretrainedConfig } from './config.ts';
import type { ModelFolder } from './folder.ts';
import { namesOf, tensorsOf, type ModelNames } from './tensors.ts';
import { openWeights, type StoredWeights } from './weights.ts';

/** A model made elsewhere, its weights still in their files. */
export interface Pretrained {
  readonly config: PretrainedConfig;
  readonly names: ModelNames;
  readonly weights: StoredWeights;
  /** Tokens that end a completion; none where the folder names none. */
  readonly endTokens: readonly number[];
}

/** Of config.json and its like, and of the files of a tokenizer, whose largest have some 35 MB. */
const mostConfigBytes = 2 ** 20;
const mostTokenizerBytes = 2 ** 26;
const tokenizerJson: JsonLimits = { depth: 32, keys: 2 ** 21, containers: 2 ** 22, values: 2 ** 23 };

/**
 * Reads what a Hugging Face folder says of its model, and finds its tensors.
 * @throws LabError `bad-file` naming file, key and value where it is no model that is supported
 */
export async function openPretrained(folder: ModelFolder): Promise<Pretrained> {
  const json = await readJson(folder, 'config.json', mostConfigBytes, smallJson);
  if (json === null) throw absent(folder, 'config.json');
  const config = parsePretrainedConfig(json);
  const generation = await readJson(folder, 'generation_config.json', mostConfigBytes, smallJson);
  const names = namesOf(config);
  return {
    config,
    names,
    weights: await openWeights(folder, tensorsOf(names), config.tied),
    endTokens: (generation === null ? null : parseEndTokens(generation)) ?? config.endTokens,
  };
}

/** Reads a folder's tokenizer. @throws LabError `bad-file` */
export async function openFolderTokenizer(folder: ModelFolder): Promise<TextTokenizer> {
  const json = await readJson(folder, 'tokenizer.json', mostTokenizerBytes, tokenizerJson);
  if (json === null) throw absent(folder, 'tokenizer.json');
  const config = await readJson(folder, 'tokenizer_config.json', mostConfigBytes, smallJson);
  return openTokenizer(json, config ?? {});
}

function absent({ called }: ModelFolder, name: string): LabError {
  return new LabError(
    'bad-file',
    `${called} has no ${name}.`,
    'Give a folder as transformers saves it: config.json, tokenizer.json and *.safetensors.',
  );
}

/** Null where there is no such file. */
async function readJson(
  folder: ModelFolder,
  name: string,
  mostBytes: number,
  limits: JsonLimits,
): Promise<object | null> {
  const file = await folder.file(name);
  if (file === null) return null;
  const refused = (why: string, cause?: unknown) =>
    new LabError('bad-file', `${name} ${why}.`, 'Check that the download is complete.', cause);
  if (file.sizeBytes > mostBytes) throw refused(`has ${String(file.sizeBytes)} bytes`);
  let json: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.read(0, file.sizeBytes));
    json = parseJson(text, limits);
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'is no JSON' : `can't be read: ${saidBy(cause)}`;
    throw refused(why, cause);
  }
  if (typeof json !== 'object' || json === null) throw refused('is no object');
  return json;
}
