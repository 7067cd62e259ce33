import { readBounded } from '../lib/boundedStream.ts';
import { LabError } from '../lib/labError.ts';
import { modelFileNames, mostTextBytes, parseModel, parseShape, type BaseModel } from '../model/baseModel.ts';
import { mostSafetensorsBytes } from '../model/safetensors.ts';

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
  const read = async (file: string, response: Response, mostBytes: number): Promise<ArrayBuffer> => {
    const bytes = await readBounded(response.body ?? new Blob().stream(), mostBytes).catch(
      (cause: unknown) => {
        throw refusal(file, 'the network broke off', cause);
      },
    );
    if (bytes !== null) return bytes.buffer;
    throw refusal(file, `it has more than ${String(mostBytes)} bytes`);
  };
  const text = async (file: string): Promise<string> =>
    new TextDecoder().decode(await read(file, await load(file), mostTextBytes));
  const [config, tokenizer, weights] = await Promise.all([
    text(modelFileNames.config),
    text(modelFileNames.tokenizer),
    load(modelFileNames.weights),
  ]);
  const { layout } = parseShape({ config, tokenizer });
  const mostBytes = mostSafetensorsBytes(layout);
  return parseModel({ config, tokenizer, weights: await read(modelFileNames.weights, weights, mostBytes) });
}
