import type { ModelConfig } from '../model/config.ts';
import type { Layout } from '../model/layout.ts';

/** Rows come in blocks of this many: the matrix kernels hold 8 rows in registers, all of one model. */
export const rowBlock = 8;

export function padRows(rows: number): number {
  return Math.ceil(rows / rowBlock) * rowBlock;
}

/** Bytes that partial gradients may take together; beyond it parallelism is bought too dearly. */
const partialBudgetBytes = 64 * 2 ** 20;

/**
 * Into how many ordered parts weight gradients are summed. Weight gradients of lab models have few outputs
 * (36 blocks for 48×48), so a device is filled by cutting the sum over rows; large models fill it anyway.
 * 32 parts cost almost nothing extra (measured on software adapters: see README, performance).
 */
export function gradientSplits(layout: Layout): number {
  return Math.max(1, Math.min(32, Math.floor(partialBudgetBytes / (4 * layout.size))));
}

/** Activation memory that one micro-batch may take. */
const activationBudgetBytes = 256 * 2 ** 20;

/**
 * Rows of one micro-batch that fit the activation budget, at most what the batch needs.
 * @param models models whose rows run together (policy, reference, anchor)
 */
export function microBatchRows(config: ModelConfig, wanted: number, models: number): number {
  const { hidden_size: H, intermediate_size: I, head_dim: D } = config;
  const heads = (config.num_attention_heads + config.num_key_value_heads) * D;
  const perRow = 4 * models * (config.num_hidden_layers * (2 * H + 3 * I + 3 * heads) + config.vocab_size);
  return Math.max(
    rowBlock,
    Math.min(padRows(wanted), Math.floor(activationBudgetBytes / perRow / rowBlock) * rowBlock),
  );
}

/** How completions are sampled: one dispatch per operation, or a whole rollout in one (see shaders/rollout). */
export type RolloutLayout = 'operations';

/** A form of a matrix product: how many rows and outputs a thread takes, and how it comes by the weights. */
export type MatmulForm = 'block8';

/** Which kernels an engine uses. It decides the last bits of every sum, so a run records it. */
export interface Plan {
  readonly rollout: RolloutLayout;
  readonly matmul: Readonly<Record<'forward' | 'backward' | 'weight', MatmulForm>>;
}

/** What is used where nothing has been tried. */
export const fixedPlan: Plan = {
  rollout: 'operations',
  matmul: { forward: 'block8', backward: 'block8', weight: 'block8' },
};
