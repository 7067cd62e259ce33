import { fileFolder } from '../host/fileFolder.ts';
import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import { adapterFileNames } from '../model/pretrained/adapter.ts';
import { openAsked, withAdapter, type AskedModel } from './model.ts';

/**
 * Opens a folder that was dropped or picked: a model, or an adapter beside one.
 * @param before the model that is there, without an adapter; null: none
 * @throws LabError `bad-file`
 */
export async function openGiven(
  before: AskedModel | null,
  name: string,
  files: readonly File[],
): Promise<{ readonly base: AskedModel; readonly model: AskedModel }> {
  const folder = fileFolder(name, files);
  if (!files.some((file) => file.name === adapterFileNames.config)) {
    const base = await openAsked(folder, name);
    return { base, model: base };
  }
  if (before === null)
    throw new LabError('bad-file', `${quote(name)} is an adapter.`, 'Give the model it was made for first.');
  return { base: before, model: await withAdapter(before, folder, name) };
}
