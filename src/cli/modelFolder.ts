import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lib/labError.ts';
import { modelFileNames, parseModel, type BaseModel } from '../model/baseModel.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import { tokenizerJson } from '../model/tokenizer/characters.ts';

/** Where the base models lie, relative to the repository. */
const modelsFolder = 'public/models';

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

/** Writes a model as a Hugging Face folder, with a README saying how it was made. */
export function writeModelFolder(
  folder: string,
  { config, layout, tokenizer, weights }: BaseModel,
  readme: string,
): void {
  mkdirSync(folder, { recursive: true });
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
  writeFileSync(join(folder, modelFileNames.config), `${JSON.stringify(hugging, null, 1)}\n`);
  writeFileSync(join(folder, modelFileNames.tokenizer), tokenizerJson());
  writeFileSync(join(folder, modelFileNames.weights), writeSafetensors(weights, layout));
  writeFileSync(join(folder, 'README.md'), readme);
}
