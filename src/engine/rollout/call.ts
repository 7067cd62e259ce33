import type { Work } from '../../gpu/pacedWork.ts';

/** The most a call can hold; buffers are made for it once. */
export interface RolloutCapacity {
  readonly prompts: number;
  readonly rollouts: number;
  readonly maxPromptLength: number;
  readonly maxCompletionLength: number;
  readonly endToken: number;
}

/** One completion to sample. */
export interface RolloutRequest {
  /** Index into the call's prompts. */
  readonly prompt: number;
  readonly model: 'policy' | 'anchor';
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Words of the random counter (see lib/philox): which rollout, and what the numbers are for. */
  readonly rollout: number;
  readonly purpose: number;
}

/** Seed and step: the same words give the same completions, whatever else is in flight. */
export interface RolloutRandom {
  readonly seed: number;
  readonly step: number;
}

/** Requests with their rows: the policy's first, the anchor's from `anchorRow` on. */
export interface RolloutCall {
  readonly prompts: readonly (readonly number[])[];
  readonly requests: readonly RolloutRequest[];
  /** Row of each request. */
  readonly rowOf: readonly number[];
  readonly anchorRow: number;
  /** Rows in use, padding included. */
  readonly rows: number;
  /** Models that are asked for. */
  readonly models: readonly RolloutRequest['model'][];
  readonly random: RolloutRandom;
}

/** One way to sample: which kernels, and how their inputs lie. */
export interface RolloutPath {
  /** Rows are padded to this for each model. */
  readonly rowBlock: number;
  /** [rows, maxCompletionLength] */
  readonly tokens: GPUBuffer;
  /** [rows, maxCompletionLength, 4]: ln π, entropy, self-certainty, 0 */
  readonly stats: GPUBuffer;
  readonly work: Work;
  /** Uploads a call's inputs. */
  write(call: RolloutCall): void;
}

/** Rows of a capacity's two models, each padded. */
export function rowsFor(rollouts: number, rowBlock: number): number {
  return (Math.ceil(rollouts / rowBlock) + 1) * rowBlock;
}
