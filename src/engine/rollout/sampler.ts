import type { Buffers } from '../../gpu/buffer.ts';
import type { Kernels } from '../../gpu/kernel.ts';
import { PacedWork, type Pace } from '../../gpu/pacedWork.ts';
import type { PlannedModel } from '../recorder.ts';
import type { RolloutCapacity, RolloutPath, RolloutRandom, RolloutRequest } from './call.ts';
import { GroupRollout } from './group.ts';
import { LanesRollout } from './lanes.ts';
import { OperationsRollout } from './operations.ts';
import { tokenStats } from './tokenStats.ts';
import type { RolloutLayout } from '../plan.ts';

/** One sampled completion. */
export interface Completion {
  /** [L], end token included when there is one. */
  readonly tokens: readonly number[];
  readonly truncated: boolean;
  /** Per token, nats, [L]. */
  readonly logProbs: Float32Array;
  readonly entropies: Float32Array;
  readonly selfCertainties: Float32Array;
}

/** Every way to sample, by its name in a plan. */
export const rolloutPaths: Readonly<
  Record<
    RolloutLayout,
    (buffers: Buffers, kernels: Kernels, model: PlannedModel, capacity: RolloutCapacity) => RolloutPath
  >
> = {
  operations: (...parts) => new OperationsRollout(...parts),
  lanes: (...parts) => new LanesRollout(...parts),
  group1: (...parts) => new GroupRollout(1, ...parts),
  group8: (...parts) => new GroupRollout(8, ...parts),
};

/** Sampling of policy and anchor together, entirely on the device, by the path that the plan names. */
export class Sampler {
  /** [rows, maxCompletionLength] */
  readonly tokens: GPUBuffer;
  /** [rows, maxCompletionLength] of `tokenStats` */
  readonly stats: GPUBuffer;
  readonly #capacity: RolloutCapacity;
  readonly #path: RolloutPath;
  readonly #paced: PacedWork;

  constructor(
    buffers: Buffers,
    kernels: Kernels,
    model: PlannedModel,
    capacity: RolloutCapacity,
    pace: Pace,
  ) {
    this.#capacity = capacity;
    this.#path = rolloutPaths[model.plan.rollout](buffers, kernels, model, capacity);
    this.tokens = this.#path.tokens;
    this.stats = this.#path.stats;
    this.#paced = new PacedWork('rollout', buffers.gpu.device, this.#path.work, pace);
  }

  /**
   * Submits a call.
   * @returns dispatches, and the row of each request, for `read`
   */
  submit(
    prompts: readonly (readonly number[])[],
    requests: readonly RolloutRequest[],
    random: RolloutRandom,
  ): { dispatches: number; rowOf: readonly number[] } {
    const block = this.#path.rowBlock;
    const counts = { policy: 0, anchor: 0 };
    for (const { model } of requests) counts[model]++;
    const anchorRow = Math.ceil(counts.policy / block) * block;
    const rows = anchorRow + Math.ceil(counts.anchor / block) * block;
    const next = { policy: 0, anchor: anchorRow };
    const rowOf = requests.map(({ model }) => next[model]++);
    const models = counts.anchor > 0 ? (['policy', 'anchor'] as const) : (['policy'] as const);
    this.#path.write({ prompts, requests, rowOf, anchorRow, rows, models, random });
    return { dispatches: this.#paced.submit(), rowOf };
  }

  /** Milliseconds on the device since this was last asked; known after a readback. */
  takeMs(): number {
    return this.#paced.takeMs();
  }

  /** The completions at `rowOf` from the bytes of `tokens` and `stats`. */
  read(tokens: ArrayBuffer, stats: ArrayBuffer, rowOf: readonly number[]): Completion[] {
    const ids = new Uint32Array(tokens);
    const values = new Float32Array(stats);
    const { floats, at } = tokenStats;
    const { maxCompletionLength: length, endToken } = this.#capacity;
    return rowOf.map((row) => {
      const all = ids.subarray(row * length, (row + 1) * length);
      const end = all.indexOf(endToken);
      const count = end < 0 ? length : end + 1;
      // Thousands of completions a step: plain loops, which cost a tenth of `Float32Array.from`.
      const column = (name: keyof typeof at): Float32Array => {
        const taken = new Float32Array(count);
        const first = floats * row * length + at[name];
        for (let t = 0; t < count; t++) taken[t] = values[first + floats * t] ?? NaN;
        return taken;
      };
      return {
        tokens: [...all.subarray(0, count)],
        truncated: end < 0,
        logProbs: column('log_prob'),
        entropies: column('entropy'),
        selfCertainties: column('self_certainty'),
      };
    });
  }
}
