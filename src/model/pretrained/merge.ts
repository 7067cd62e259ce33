import { LabError } from '../../lib/labError.ts';
import { quote } from '../../lib/quote.ts';
import { adaptedProducts, adaptedTensors, type AdaptedTensor, type Adapter } from './adapter.ts';
import { floatsOf, storedOf } from './numbers.ts';
import type { Pretrained } from './pretrained.ts';
import type { WantedTensor } from './tensors.ts';
import { areFinite, storedBytes, type StoredWeights } from './weights.ts';

/** Bytes that take the place of as many of a file. */
export interface Replacement {
  readonly file: string;
  readonly at: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Numbers computed at once: a large model goes through a few megabytes. */
const atOnce = 2 ** 18;

/**
 * What changes in the files of a model when an adapter goes into its weights, W + scale·B·A, piece by piece. Sums are
 * f64, and each number is rounded once, to the type that its file has.
 * @throws LabError `bad-file` where a number would leave the range of that type, or one is not finite
 */
export async function* merged(
  { names, weights }: Pick<Pretrained, 'names' | 'weights'>,
  adapter: Pick<Adapter, 'config' | 'weights'>,
): AsyncGenerator<Replacement> {
  for (const layer of adaptedTensors(names, adapter.config)) {
    for (const product of adaptedProducts) {
      for (const tensor of layer[product]) yield* mergedTensor(weights, adapter, tensor);
    }
  }
}

async function* mergedTensor(
  model: StoredWeights,
  { config: { rank, scale }, weights }: Pick<Adapter, 'config' | 'weights'>,
  { name, outputs, inputs, a, b }: AdaptedTensor,
): AsyncGenerator<Replacement> {
  const stored = model.get(name);
  if (stored === undefined) throw new Error(`${name} was not opened`);
  const [ofA, ofB] = [await factor(weights, a), await factor(weights, b)];
  const { type, file, begin } = stored;
  const rows = Math.max(1, Math.floor(atOnce / inputs));
  for (let first = 0; first < outputs; first += rows) {
    const end = Math.min(outputs, first + rows);
    const values = Float64Array.from(floatsOf(await stored.read(first * inputs, end * inputs), type));
    for (let row = first; row < end; row++) {
      const at = (row - first) * inputs;
      for (let r = 0; r < rank; r++) {
        const by = scale * (ofB[row * rank + r] ?? NaN);
        for (let i = 0; i < inputs; i++)
          values[at + i] = (values[at + i] ?? NaN) + by * (ofA[r * inputs + i] ?? NaN);
      }
    }
    const bytes = storedOf(values, type);
    if (!areFinite(bytes, type)) {
      throw new LabError(
        'bad-file',
        `${quote(name)} with the adapter in it leaves the range of ${type}.`,
        'Save the model as F32 or BF16 first (transformers: `model.float().save_pretrained(…)`).',
      );
    }
    yield { file, at: begin + storedBytes[type] * first * inputs, bytes };
  }
}

async function factor(weights: StoredWeights, { name, shape }: WantedTensor): Promise<Float32Array> {
  const stored = weights.get(name);
  if (stored === undefined) throw new Error(`${name} was not opened`);
  const [rows = 0, columns = 0] = shape;
  return floatsOf(await stored.read(0, rows * columns), stored.type);
}
