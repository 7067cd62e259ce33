import { LabError } from '../lib/labError.ts';
import { modelFileNames, parseModel, type BaseModel } from '../model/baseModel.ts';

/**
 * A base model of the page.
 * @param base address of the page; models/ lies beside it
 * @throws LabError `bad-file` for what can't be loaded or is no model
 */
export async function fetchModel(base: string, name: string): Promise<BaseModel> {
  const refusal = (file: string, why: string, cause?: unknown): LabError =>
    new LabError(
      'bad-file',
      `The base model's ${file} could not be loaded: ${why}.`,
      'See whether you are online and try again; if you host the page yourself, publish the whole dist folder.',
      cause,
    );
  const load = async (file: string): Promise<Response> => {
    const response = await fetch(new URL(`models/${name}/${file}`, base)).catch((cause: unknown) => {
      throw refusal(file, 'the network did not answer', cause);
    });
    if (response.ok) return response;
    throw refusal(file, `${String(response.status)} ${response.statusText}`);
  };
  const [config, tokenizer, weights] = await Promise.all([
    load(modelFileNames.config).then((response) => response.text()),
    load(modelFileNames.tokenizer).then((response) => response.text()),
    load(modelFileNames.weights).then((response) => response.arrayBuffer()),
  ]);
  return parseModel({ config, tokenizer, weights });
}
