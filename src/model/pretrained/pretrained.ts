import * as v from 'valibot';
import { parseJson, smallJson, type JsonLimits } from '../../lib/boundedJson.ts';
import { LabError } from '../../lib/labError.ts';
import { saidBy } from '../../lib/quote.ts';
import type { ChatTemplate } from '../tokenizer/chatTemplate.ts';
import { openTokenizer, type TextTokenizer } from '../tokenizer/huggingFace.ts';
import { parseEndTokens, parsePretrainedConfig, type PretrainedConfig } from './config.ts';
import type { FolderFile, ModelFolder } from './folder.ts';
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
  const config = await readJson(folder, tokenizerConfigName, mostConfigBytes, smallJson);
  return openTokenizer(json, config ?? {});
}

const templateName = 'chat_template.jinja';
const tokenizerConfigName = 'tokenizer_config.json';

/** Of a tokenizer_config.json what chat templates need; one of several templates is called "default". */
const chatSchema = v.object({
  chat_template: v.nullish(
    v.union([v.string(), v.array(v.object({ name: v.string(), template: v.string() }))]),
  ),
});
const named = v.union([
  v.string(),
  v.pipe(
    v.object({ content: v.string() }),
    v.transform((of) => of.content),
  ),
]);

/** A folder's chat template: of a file of its own, or of the tokenizer's; null where it has none. @throws LabError `bad-file` */
export async function readChatTemplate(folder: ModelFolder): Promise<ChatTemplate | null> {
  const config = (await readJson(folder, tokenizerConfigName, mostConfigBytes, smallJson)) ?? {};
  const file = await folder.file(templateName);
  const tokens = Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) => {
      const token = v.safeParse(named, value);
      return name.endsWith('_token') && token.success ? [[name, token.output] as const] : [];
    }),
  );
  if (file !== null) {
    return { from: templateName, source: await readText(file, templateName, mostConfigBytes), tokens };
  }
  const written = v.safeParse(chatSchema, config);
  if (!written.success)
    throw new LabError(
      'bad-file',
      `${tokenizerConfigName}: "chat_template" is neither a text nor a list of named ones.`,
      'Save the tokenizer with transformers again (`tokenizer.save_pretrained`).',
    );
  const { chat_template: template } = written.output;
  const source =
    typeof template === 'string' ? template : template?.find(({ name }) => name === 'default')?.template;
  return source === undefined ? null : { from: tokenizerConfigName, source, tokens };
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
  const text = await readText(file, name, mostBytes);
  let json: unknown;
  try {
    json = parseJson(text, limits);
  } catch (cause) {
    throw refusal(
      name,
      cause instanceof SyntaxError ? 'is no JSON' : `can't be read: ${saidBy(cause)}`,
      cause,
    );
  }
  if (typeof json !== 'object' || json === null) throw refusal(name, 'is no object');
  return json;
}

async function readText(file: FolderFile, name: string, mostBytes: number): Promise<string> {
  if (file.sizeBytes > mostBytes) throw refusal(name, `has ${String(file.sizeBytes)} bytes`);
  const bytes = await file.read(0, file.sizeBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refusal(name, `can't be read: ${saidBy(cause)}`, cause);
  }
}

function refusal(name: string, why: string, cause?: unknown): LabError {
  return new LabError('bad-file', `${name} ${why}.`, 'Check that the download is complete.', cause);
}
