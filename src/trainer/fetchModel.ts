import { LabError } from '../lib/labError.ts';
import { modelFileNames, parseModel, type BaseModel } from '../model/baseModel.ts';
import { vocabulary } from '../tasks/vocabulary.ts';

/**
 * A base model of the page.
 * @param base address of the page; models/ lies beside it
 * @throws LabError `bad-file` for what can't be loaded or is no model
 */
export async function fetchModel(base: string, name: string): Promise<BaseModel> {
  const load = async (file: string): Promise<Response> => {
    const response = await fetch(new URL(`models/${name}/${file}`, base));
    if (response.ok) return response;
    throw new LabError(
      'bad-file',
      `The base model's ${file} could not be loaded: ${String(response.status)} ${response.statusText}.`,
      'Reload the page; if you host it yourself, publish the whole dist folder.',
    );
  };
  const [config, tokenizer, weights] = await Promise.all([
    load(modelFileNames.config).then((response) => response.text()),
    load(modelFileNames.tokenizer).then((response) => response.text()),
    load(modelFileNames.weights).then((response) => response.arrayBuffer()),
  ]);
  return parseModel({ config, tokenizer, weights }, vocabulary);
}
