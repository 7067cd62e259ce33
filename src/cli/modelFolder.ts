import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lib/labError.ts';
import { modelFileNames, parseModel, type BaseModel } from '../model/baseModel.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import { tokenizerJson } from '../model/tokenizer/characters.ts';
import { replaceFiles } from './output.ts';

/** Where the base models lie, relative to the repository. */
const modelsFolder = 'public/models';

/** The folder of a base model of public/models. */
export function modelFolder(name: string): string {
  return join(modelsFolder, name);
}

/**
 * Reads and checks a base model of public/models.
 * @throws LabError `bad-file`
 */
export function readModelFolder(name: string): BaseModel {
  const folder = join(modelsFolder, name);
  const read = (file: string): Uint8Array<ArrayBuffer> => {
    try {
      return new Uint8Array(readFileSync(join(folder, file)));
    } catch (cause) {
      throw new LabError(
        'bad-file',
        `${join(folder, file)} can't be read.`,
        'Run the command from the repository, or make the model with `npm run pretrain`.',
        cause,
      );
    }
  };
  const text = (file: string) => new TextDecoder().decode(read(file));
  return parseModel({
    config: text(modelFileNames.config),
    tokenizer: text(modelFileNames.tokenizer),
    weights: read(modelFileNames.weights).slice().buffer,
  });
}

/**
 * Writes a model as a Hugging Face folder, with a README saying how it was made.
 * @throws LabError where it can't be written; a model that was there is whole still
 */
export function writeModelFolder(
  folder: string,
  { config, layout, tokenizer, weights }: BaseModel,
  readme: string,
): void {
  const hugging = {
    architectures: ['Qwen3ForCausalLM'],
    ...config,
    attention_bias: false,
    hidden_act: 'silu',
    max_position_embeddings: 64,
    bos_token_id: null,
    eos_token_id: tokenizer.endToken,
    pad_token_id: tokenizer.padToken,
    torch_dtype: 'float32',
  };
  replaceFiles(folder, {
    [modelFileNames.config]: `${JSON.stringify(hugging, null, 1)}\n`,
    [modelFileNames.tokenizer]: tokenizerJson(),
    [modelFileNames.weights]: writeSafetensors(weights, layout),
    'README.md': readme,
  });
}
