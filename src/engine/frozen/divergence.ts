import divergence from '../../../shaders/frozen/divergence.wgsl';
import { Buffers } from '../../gpu/buffer.ts';
import type { Gpu } from '../../gpu/device.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import { live, Program } from '../../gpu/program.ts';
import { Readback } from '../../gpu/readback.ts';
import { LabError } from '../../lib/labError.ts';
import type { FrozenEngine } from './engine.ts';
import { widthsOf } from './sizes.ts';

/** How far one model's next-token distributions are from another's, both on one device. */
export class Divergence {
  readonly #gpu: Gpu;
  readonly #buffers: Buffers;
  readonly #engines: readonly [FrozenEngine, FrozenEngine];
  readonly #program: Program;
  readonly #rows = live();
  readonly #inverseTemperature = live(1);
  readonly #readback: Readback<'kl'>;

  /**
   * @param p,q engines of equal capacity
   * @throws LabError `bad-setting` where their vocabularies differ in size
   */
  constructor(gpu: Gpu, kernels: Kernels, p: FrozenEngine, q: FrozenEngine) {
    const [ours, theirs] = [p.config.vocabulary, q.config.vocabulary];
    if (ours !== theirs) {
      throw new LabError(
        'bad-setting',
        `One model has ${String(ours)} tokens, the other ${String(theirs)}.`,
        'Compare two models of one tokenizer.',
      );
    }
    this.#gpu = gpu;
    this.#engines = [p, q];
    this.#buffers = new Buffers(gpu);
    const rows = p.capacity.completions;
    const kl = this.#buffers.storage('kl', rows);
    this.#program = new Program(this.#buffers, 'divergence', 1);
    this.#program.dispatch(
      kernels.get(divergence),
      { logits: p.logits, other: q.logits, kl },
      {
        rows: this.#rows,
        vocab: ours,
        stride4: widthsOf(p.config).logits / 4,
        inverse_temperature: this.#inverseTemperature,
      },
      () => 256 * this.#rows.value,
    );
    this.#readback = new Readback(this.#buffers, 'divergence', { kl: { buffer: kl, bytes: kl.size } });
  }

  /**
   * KL(p‖q) of every token of given texts but the first, given those before it, nats.
   * @param slots of the adapters that p and q go through; undefined: the model alone
   * @returns per sequence, [n − 1]
   */
  async of(
    sequences: readonly (readonly number[])[],
    temperature = 1,
    slots: readonly (number | undefined)[] = [],
  ): Promise<Float32Array[]> {
    const all = sequences.map(({ length }) => new Float32Array(length - 1));
    const [p, q] = this.#engines;
    this.#inverseTemperature.value = 1 / temperature;
    const others = q.rowsOf(sequences, slots[1]);
    for (const owners of p.rowsOf(sequences, slots[0])) {
      others.next();
      this.#rows.value = owners.length;
      this.#program.upload();
      const { device } = this.#gpu;
      const encoder = device.createCommandEncoder({ label: 'divergence' });
      const pass = encoder.beginComputePass();
      this.#program.encode(pass);
      pass.end();
      this.#readback.copy(encoder, ['kl']);
      device.queue.submit([encoder.finish()]);
      const { kl } = await this.#readback.take(['kl']);
      const values = new Float32Array(kl);
      owners.forEach(({ sequence, index }, row) => {
        const of = all[sequence];
        if (of !== undefined) of[index] = values[row] ?? NaN;
      });
    }
    return all;
  }

  destroy(): void {
    this.#buffers.destroy();
  }
}
