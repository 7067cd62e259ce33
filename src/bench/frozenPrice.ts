import { frozenMatrix, paddedWidth, type WeightChoice } from '../engine/frozen/matrix.ts';
import { recordProduct } from '../engine/frozen/record.ts';
import { Buffers } from '../gpu/buffer.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { live, Program } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import type { Pretrained } from '../model/pretrained/pretrained.ts';
import { measureCopy } from './copy.ts';
import type { Now } from './steps.ts';

/** What was measured of an adapter for a model. */
export interface FrozenSpeed {
  /** Bytes a second of a copy, read and written together. */
  readonly copyBytesPerSecond: number;
  /** Seconds of a product for each of its weights and each block of 8 rows. */
  readonly secondsPerWeight: number;
  /** Seconds of a dispatch that has next to nothing to do. */
  readonly dispatchSeconds: number;
}

/** What a call is to do. */
export interface FrozenWork {
  /** Tokens of prompts, computed once each. */
  readonly promptTokens: number;
  /** Completions, those in flight at once, and tokens of each at most. */
  readonly completions: number;
  readonly inFlight: number;
  readonly maxTokens: number;
}

const rowBlock = 8;
const rounds = 3;

/** Times a layer's largest product with as many rows as are in flight, tiny dispatches, and a copy. */
export async function measureFrozen(
  gpu: Gpu,
  kernels: Kernels,
  { names, weights }: Pretrained,
  choice: WeightChoice,
  inFlight: number,
  now: Now,
): Promise<FrozenSpeed> {
  const copyBytesPerSecond = await measureCopy(gpu, now);
  const gateUp = names.layers[0]?.gateUp;
  if (gateUp === undefined) return { copyBytesPerSecond, secondsPerWeight: NaN, dispatchSeconds: NaN };
  const buffers = new Buffers(gpu);
  const matrix = frozenMatrix(buffers, gateUp, weights, choice, buffers.storage('no scales', 0));
  const rows = live(inFlight);
  const repeats = 8;
  const stride = paddedWidth(gateUp.outputs);
  const x = buffers.storage('x', inFlight * paddedWidth(gateUp.inputs));
  const y = buffers.storage('y', inFlight * stride);
  const product = new Program(buffers, 'product', repeats * matrix.tiles.length);
  for (let i = 0; i < repeats; i++)
    recordProduct({ program: product, kernels }, rows, matrix, { x, y }, { stride });
  const small = {
    ...matrix,
    outputs: 1,
    tiles: matrix.tiles.slice(0, 1).map((tile) => ({ ...tile, outputs: 1 })),
  };
  const dispatches = 64;
  const one = live(1);
  const tiny = new Program(buffers, 'dispatches', dispatches);
  for (let i = 0; i < dispatches; i++)
    recordProduct({ program: tiny, kernels }, one, small, { x, y }, { stride });
  await kernels.compile();
  const readback = new Readback(buffers, 'price', { end: { buffer: y, bytes: 16 } });
  const time = async (program: Program): Promise<number> => {
    let best = Infinity;
    for (let round = 0; round <= rounds; round++) {
      const begun = now();
      program.upload();
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      program.encode(pass);
      pass.end();
      readback.copy(encoder, ['end']);
      gpu.device.queue.submit([encoder.finish()]);
      await readback.take(['end']);
      // The first round touches the memory for the first time.
      if (round > 0) best = Math.min(best, (now() - begun) / 1000);
    }
    return best;
  };
  const productSeconds = (await time(product)) / repeats;
  const dispatchSeconds = (await time(tiny)) / dispatches;
  buffers.destroy();
  const blocks = Math.ceil(inFlight / rowBlock);
  return {
    copyBytesPerSecond,
    secondsPerWeight: productSeconds / (gateUp.outputs * gateUp.inputs * blocks),
    dispatchSeconds,
  };
}

/** Weights that a token meets: in the layers, and in the head. */
function weightsMet({ names }: Pretrained): { readonly layers: number; readonly head: number } {
  const size = ({ outputs, inputs }: { readonly outputs: number; readonly inputs: number }) =>
    outputs * inputs;
  return {
    layers: names.layers.reduce(
      (sum, { qkv, output, gateUp, down }) => sum + size(qkv) + size(output) + size(gateUp) + size(down),
      0,
    ),
    head: size(names.head ?? names.embedding),
  };
}

/**
 * Seconds that sampling takes at most, every completion as long as it may be: products at the measured rate, or at that
 * of the memory where it is the bottleneck, and dispatches. Attention, which is little at such lengths, is left out.
 */
export function secondsOf(
  model: Pretrained,
  weightsBytes: number,
  { promptTokens, completions, inFlight, maxTokens }: FrozenWork,
  { copyBytesPerSecond, secondsPerWeight, dispatchSeconds }: FrozenSpeed,
): number {
  const { layers, head } = weightsMet(model);
  const prompts = Math.ceil(promptTokens / rowBlock) * layers * secondsPerWeight;
  const products = Math.ceil(inFlight / rowBlock) * (layers + head) * secondsPerWeight;
  const position =
    Math.max(products, weightsBytes / copyBytesPerSecond) + (9 * model.config.layers + 4) * dispatchSeconds;
  return prompts + Math.ceil(completions / inFlight) * maxTokens * position;
}
