import { join } from 'node:path';
import { modelFileNames, mostTextBytes, parseModel, parseShape, type BaseModel } from '../model/baseModel.ts';
import { folderFiles } from '../model/folderFiles.ts';
import { mostSafetensorsBytes, type SafetensorsType } from '../model/safetensors.ts';
import { readRegularFile, readTextFile } from './readInput.ts';
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
  const remedy = 'Run the command from the repository, or make the model with `npm run pretrain`.';
  return readModelAt(modelFolder(name), remedy);
}

/** As `readModelFolder`, of any folder. @param remedy what to do where it is refused */
export function readModelAt(folder: string, remedy: string): BaseModel {
  const path = (file: string): string => join(folder, file);
  const text = (file: string): string => readTextFile(path(file), { mostBytes: mostTextBytes, remedy });
  const files = { config: text(modelFileNames.config), tokenizer: text(modelFileNames.tokenizer) };
  const { layout } = parseShape(files);
  const weights = readRegularFile(path(modelFileNames.weights), {
    mostBytes: mostSafetensorsBytes(layout),
    remedy,
  });
  return parseModel({ ...files, weights: weights.slice().buffer });
}

/**
 * Writes a model as a Hugging Face folder, with a README saying how it was made.
 * @throws LabError where it can't be written; a model that was there is whole still
 */
export function writeModelFolder(
  folder: string,
  model: BaseModel,
  readme: string,
  dtype: SafetensorsType = 'F32',
): void {
  replaceFiles(folder, { ...folderFiles(model, dtype), 'README.md': readme });
}
