import { LabError } from '../../lib/labError.ts';
import type { RandomInteger } from '../../lib/philox.ts';
import {
  adaptedProducts,
  adaptedTensors,
  type AdaptedProduct,
  type AdaptedTensor,
  type Adapter,
  type AdapterConfig,
} from '../../model/pretrained/adapter.ts';
import { floatsOf } from '../../model/pretrained/numbers.ts';
import type { ModelNames } from '../../model/pretrained/tensors.ts';
import type { Tensor } from '../../model/layout.ts';

/** Room for adapters beside a frozen model: how many at once, their largest rank, and all matrices that one of them changes. */
export interface AdapterRoom extends Pick<AdapterConfig, 'rank' | 'targets'> {
  readonly slots: number;
}

/** One adapted matrix; `a` and `b` are where its factors begin, in floats from the adapter's start. */
export interface AdaptedPart extends AdaptedTensor {
  readonly aAt: number;
  readonly bAt: number;
}

/**
 * Where an adapter's factors lie in one flat buffer of f32: every Bᵀ [rank, outputs], then every A [rank, inputs], so that
 * rows are whole vec4s at any rank, B alone can be trained, and the A's of one product are one matrix.
 */
export interface AdapterLayout {
  readonly rank: number;
  readonly layers: readonly Readonly<Record<AdaptedProduct, readonly AdaptedPart[]>>[];
  /** Floats of all B's, which come first. */
  readonly bFloats: number;
  readonly size: number;
}

/** The layout of adapters of a rank and targets; sizes are multiples of 4, as a model's widths are. */
export function adapterLayout(
  names: Pick<ModelNames, 'layers'>,
  shape: Pick<AdapterConfig, 'rank' | 'targets'>,
): AdapterLayout {
  const layers = adaptedTensors(names, shape);
  const all = layers.flatMap((layer) => adaptedProducts.flatMap((product) => layer[product]));
  const bFloats = all.reduce((sum, { outputs }) => sum + shape.rank * outputs, 0);
  let [a, b] = [bFloats, 0];
  const placed = layers.map((layer) => {
    const of = (product: AdaptedProduct): AdaptedPart[] =>
      layer[product].map((tensor) => {
        const part = { ...tensor, aAt: a, bAt: b };
        a += shape.rank * tensor.inputs;
        b += shape.rank * tensor.outputs;
        return part;
      });
    return { qkv: of('qkv'), output: of('output'), gateUp: of('gateUp'), down: of('down') };
  });
  return { rank: shape.rank, layers: placed, bFloats, size: a };
}

/** Numbers between the factors of the largest product, all its parts together. */
export function innerWidth({ rank, layers }: AdapterLayout): number {
  const [first] = layers;
  const parts =
    first === undefined ? 0 : Math.max(...adaptedProducts.map((product) => first[product].length));
  return 4 * Math.ceil((parts * rank) / 4);
}

/** Every adapted matrix of a layout. */
export function partsOf({ layers }: AdapterLayout): readonly AdaptedPart[] {
  return layers.flatMap((layer) => adaptedProducts.flatMap((product) => layer[product]));
}

/**
 * An adapter's factors as the device has them; ranks and matrices that it lacks are zero.
 * @returns [layout.size]
 * @throws LabError `does-not-fit` where it has more ranks or other targets than the layout; `bad-file` where a number is
 * not finite
 */
export async function packAdapter(
  layout: AdapterLayout,
  { config, weights }: Pick<Adapter, 'config' | 'weights'>,
): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(layout.size);
  const { rank } = config;
  const left = new Set(weights.keys());
  const read = async (name: string): Promise<Float32Array> => {
    const tensor = weights.get(name);
    if (tensor === undefined) return new Float32Array();
    left.delete(name);
    const [rows = 0, columns = 0] = tensor.shape;
    return floatsOf(await tensor.read(0, rows * columns), tensor.type);
  };
  for (const { a, b, aAt, bAt, outputs } of rank > layout.rank ? [] : partsOf(layout)) {
    values.set(await read(a.name), aAt);
    const factor = await read(b.name);
    factor.forEach((value, at) => {
      values[bAt + (at % rank) * outputs + Math.floor(at / rank)] = value;
    });
  }
  const [over] = left;
  if (over === undefined) return values;
  throw new LabError(
    'does-not-fit',
    `The adapter has rank ${String(rank)} and ${over}, but room was made for rank ${String(layout.rank)} and other matrices.`,
    'Make room for the largest rank and all targets of the adapters together.',
  );
}

/**
 * An adapter's factors as PEFT names and orders them.
 * @param factors [layout.size]
 * @returns tensors by name, and their numbers behind one another, [tensors' lengths together]
 */
export function unpackAdapter(
  layout: AdapterLayout,
  factors: Float32Array,
): { readonly values: Float32Array<ArrayBuffer>; readonly tensors: readonly Tensor[] } {
  const { rank } = layout;
  const values = new Float32Array(layout.size);
  let offset = 0;
  const named = partsOf(layout)
    .flatMap((part) => [
      { ...part.a, part, isB: false },
      { ...part.b, part, isB: true },
    ])
    .sort(({ name: a }, { name: b }) => (a < b ? -1 : 1));
  const tensors = named.map(({ name, shape, part, isB }) => {
    const { aAt, bAt, inputs, outputs } = part;
    const length = rank * (isB ? outputs : inputs);
    if (isB) {
      for (let at = 0; at < length; at++) {
        values[offset + at] = factors[bAt + (at % rank) * outputs + Math.floor(at / rank)] ?? NaN;
      }
    } else values.set(factors.subarray(aAt, aAt + length), offset);
    offset += length;
    return { name, shape, offset: offset - length, length };
  });
  return { values, tensors };
}

/**
 * Factors to begin with, as PEFT draws them: A uniform in ±1/√inputs, B zero, so that the model is the base at first.
 * @param random whole numbers below a bound
 * @returns [layout.size]
 */
export function freshAdapter(layout: AdapterLayout, random: RandomInteger): Float32Array<ArrayBuffer> {
  const values = new Float32Array(layout.size);
  for (const { aAt, inputs } of partsOf(layout)) {
    const bound = 1 / Math.sqrt(inputs);
    for (let i = 0; i < layout.rank * inputs; i++) values[aAt + i] = bound * (2 ** -23 * random(2 ** 24) - 1);
  }
  return values;
}
