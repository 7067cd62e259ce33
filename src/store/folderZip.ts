import type { BaseModel } from '../model/baseModel.ts';
import { folderFiles, readmeOf, type TrainedModel } from '../model/folderFiles.ts';
import { zipOf } from './zip.ts';

/** A trained model as a Hugging Face folder in a zip. */
export function folderZip(folder: string, model: BaseModel, trained: TrainedModel): Blob {
  const files = { ...folderFiles(model), 'README.md': readmeOf(trained) };
  const placed = Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content] as const);
  return zipOf(Object.fromEntries(placed));
}
