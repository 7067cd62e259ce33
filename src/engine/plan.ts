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
 * 32 parts cost almost nothing extra (measured on software adapters: docs/performance.md).
 */
export function gradientSplits(layout: Pick<Layout, 'size'>): number {
  return Math.max(1, Math.min(32, Math.floor(partialBudgetBytes / (4 * layout.size))));
}

/** Activation memory that one micro-batch may take. */
const activationBudgetBytes = 256 * 2 ** 20;

/**
 * Operations of the largest product of a micro-batch: about 70 ms at the rates of a software adapter (3.5 GFLOP/s)
 * or of a slow GPU (300). A dispatch can't be cut, and a long one gets the device reset.
 */
export const dispatchFlop = { software: 2.5e8, gpu: 2e10 };

/**
 * Rows of one micro-batch that fit the budgets of memory and work, at most what the batch needs. By fixed numbers,
 * not measured times: the rows of a micro-batch are summed together, so their number decides bits.
 * @param models models whose rows run together (policy, reference, anchor)
 */
export function microBatchRows(
  config: ModelConfig,
  wanted: number,
  models: number,
  software: boolean,
): number {
  const { hidden_size: H, intermediate_size: I, head_dim: D } = config;
  const heads = (config.num_attention_heads + config.num_key_value_heads) * D;
  const perRow = 4 * models * (config.num_hidden_layers * (2 * H + 3 * I + 3 * heads) + config.vocab_size);
  const largest = 2 * models * H * Math.max(2 * I, heads + config.num_key_value_heads * D, config.vocab_size);
  const fitting = Math.min(
    activationBudgetBytes / perRow,
    (software ? dispatchFlop.software : dispatchFlop.gpu) / largest,
  );
  return Math.max(rowBlock, Math.min(padRows(wanted), Math.floor(fitting / rowBlock) * rowBlock));
}

/** How completions are sampled: one dispatch per operation, or a whole rollout in one (see shaders/rollout). */
export const rolloutLayouts = ['operations', 'lanes', 'group1', 'group8'] as const;
export type RolloutLayout = (typeof rolloutLayouts)[number];

/** Layouts whose keys and values are stored as the plan's activations; in the others they are f32 in any case. */
export const storesF16: readonly RolloutLayout[] = ['operations', 'lanes'];

/** A form of a matrix product: rows (of a weight gradient, outputs) × columns that a thread holds in registers. */
export const matmulForms = ['4x8', '4x16'] as const;
export type MatmulForm = (typeof matmulForms)[number];

/** How activations, keys and values are stored; arithmetic, weights and all gradients are f32 in any case. */
export const activationTypes = ['f32', 'f16'] as const;
export type ActivationType = (typeof activationTypes)[number];

/** Which kernels an engine uses. It decides the last bits of every sum, so a run records it. */
export interface Plan {
  readonly rollout: RolloutLayout;
  readonly activations: ActivationType;
  readonly matmul: Readonly<Record<'forward' | 'backward' | 'weight', MatmulForm>>;
}

/** What is used where nothing has been tried. */
export const fixedPlan: Plan = {
  rollout: 'operations',
  activations: 'f32',
  matmul: { forward: '4x16', backward: '4x16', weight: '4x16' },
};

/** Widths up to which a whole rollout in one dispatch is worth trying: all activations stay in registers or near. */
const fused = { hidden: 256, inner: 1024 };

/**
 * Whether a sequence's activations are small enough for the layouts that fuse a rollout. Queries, keys and values
 * count like the inner layer: a thread that holds 2,304 of them compiles for minutes on a software adapter.
 */
export function mayFuse(config: ModelConfig): boolean {
  const { hidden_size, intermediate_size, head_dim, num_attention_heads, num_key_value_heads } = config;
  const qkv = (num_attention_heads + 2 * num_key_value_heads) * head_dim;
  return hidden_size <= fused.hidden && Math.max(intermediate_size, qkv) <= fused.inner;
}

/** The fixed table: what is used where nothing was tried (docs/performance.md has the figures behind it). */
export function untriedPlan(config: ModelConfig, activations: ActivationType = 'f32'): Plan {
  return { ...fixedPlan, activations, rollout: mayFuse(config) ? 'lanes' : 'operations' };
}
