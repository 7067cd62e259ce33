import type { Buffers } from '../../gpu/buffer.ts';
import { floatsOf } from '../../model/pretrained/numbers.ts';
import type { Pretrained } from '../../model/pretrained/pretrained.ts';
import type { MatrixNames, WantedTensor } from '../../model/pretrained/tensors.ts';
import { frozenMatrix, type FrozenMatrix, type WeightChoice } from './matrix.ts';

/** One layer's weights on the device; vectors in f32. */
export interface FrozenLayer {
  readonly inputNorm: GPUBuffer;
  readonly qkv: FrozenMatrix;
  /** Of q, k and v behind one another; null where the family has none. */
  readonly bias: GPUBuffer | null;
  /** [2, headDim], of q and of k; null where the family has none. */
  readonly gains: GPUBuffer | null;
  readonly output: FrozenMatrix;
  readonly postAttentionNorm: GPUBuffer;
  readonly gateUp: FrozenMatrix;
  readonly down: FrozenMatrix;
}

/** A model's weights on the device, never changed: a buffer a matrix, tiles where it is large. */
export class FrozenWeights {
  readonly embedding: FrozenMatrix;
  readonly layers: readonly FrozenLayer[];
  readonly finalNorm: GPUBuffer;
  /** The embedding where it is tied. */
  readonly head: FrozenMatrix;
  readonly #model: Pretrained;
  readonly #buffers: Buffers;
  readonly #matrices: FrozenMatrix[] = [];
  readonly #vectors: (readonly [GPUBuffer, readonly WantedTensor[]])[] = [];

  /** Makes the buffers. @throws LabError `does-not-fit` where the device can't bind one */
  constructor(buffers: Buffers, model: Pretrained, choice: WeightChoice) {
    this.#model = model;
    this.#buffers = buffers;
    const { names, weights } = model;
    const noScales = buffers.storage('no scales', 0);
    const matrix = (of: MatrixNames): FrozenMatrix => {
      const made = frozenMatrix(buffers, of, weights, choice, noScales);
      this.#matrices.push(made);
      return made;
    };
    const vector = (...parts: readonly WantedTensor[]): GPUBuffer => {
      const length = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
      const buffer = buffers.storage(parts[0]?.name ?? '', length);
      this.#vectors.push([buffer, parts]);
      return buffer;
    };
    this.embedding = matrix(names.embedding);
    this.layers = names.layers.map((layer) => ({
      inputNorm: vector(layer.inputNorm),
      qkv: matrix(layer.qkv),
      bias: layer.biases.length === 0 ? null : vector(...layer.biases),
      gains:
        layer.queryNorm === null || layer.keyNorm === null ? null : vector(layer.queryNorm, layer.keyNorm),
      output: matrix(layer.output),
      postAttentionNorm: vector(layer.postAttentionNorm),
      gateUp: matrix(layer.gateUp),
      down: matrix(layer.down),
    }));
    this.finalNorm = vector(names.finalNorm);
    this.head = names.head === null ? this.embedding : matrix(names.head);
  }

  /**
   * Brings all numbers from the files to the device, never more than a few megabytes at once in memory.
   * @param told with the bytes read each time; awaited, so that who is told can wait for the device
   * @throws LabError `bad-file` where a number is not finite
   */
  async load(told: (bytes: number) => Promise<void>): Promise<void> {
    const { queue } = this.#buffers.gpu.device;
    for (const [buffer, parts] of this.#vectors) {
      let offset = 0;
      for (const { name } of parts) {
        const tensor = this.#model.weights.get(name);
        if (tensor === undefined) continue;
        const values = floatsOf(await tensor.read(0, tensor.shape[0] ?? 0), tensor.type);
        queue.writeBuffer(buffer, 4 * offset, values);
        offset += values.length;
      }
    }
    for (const matrix of this.#matrices) await matrix.load(told);
  }
}
