import { readReport } from './optimizer.ts';
import { rowStats } from './ops/policy_loss.ts';

/** What one optimiser update reported, summed over its trained tokens where it says so. */
export interface UpdateReport {
  /** Global norm before clipping; NaN or infinite means that nothing was changed. */
  readonly gradNorm: number;
  /** ‖θq − θk‖ ÷ ‖θq‖ */
  readonly anchorDistance: number;
  readonly loss: number;
  /** Means over trained tokens, NaN when there were none. */
  readonly klReference: number;
  readonly klAnchor: number;
  readonly clippedShare: number;
  /** Mean log-probability of the trained tokens, nats. */
  readonly logProb: number;
  readonly trainedTokens: number;
}

/** What the last update made of each token that it learned from, in the order of groups, completions and tokens. */
export interface LearnedTokens {
  /** π(token) ÷ π_old(token), [tokens]. */
  readonly ratios: Float32Array;
  /** k3 of the reference and the policy, nats, [tokens]; 0 without a reference. */
  readonly k3: Float32Array;
  /** Its part of the loss, weighted, [tokens]. */
  readonly losses: Float32Array;
}

/** @param stats bytes of `rowStats`, the first `rowCount` in use */
export function learnedTokens(stats: ArrayBuffer, rowCount: number): LearnedTokens {
  const { floats, at } = rowStats;
  const rows = new Float32Array(stats, 0, rowCount * floats);
  const trained: number[] = [];
  for (let row = 0; row < rows.length; row += floats) if (rows[row + at.trained] === 1) trained.push(row);
  const column = (name: keyof typeof at) => Float32Array.from(trained, (row) => rows[row + at[name]] ?? NaN);
  return { ratios: column('ratio'), k3: column('k3_reference'), losses: column('loss') };
}

/** Sums per-token statistics in row order: the same bits every time. */
export function summarise(stats: ArrayBuffer, rowCount: number, report: ArrayBuffer): UpdateReport {
  const { floats, at } = rowStats;
  const rows = new Float32Array(stats, 0, rowCount * floats);
  const sums = new Float64Array(floats);
  for (let row = 0; row < rows.length; row += floats) {
    if (rows[row + at.trained] !== 1) continue;
    for (let i = 0; i < floats; i++) sums[i] = (sums[i] ?? 0) + (rows[row + i] ?? NaN);
  }
  const sum = (name: keyof typeof at) => sums[at[name]] ?? NaN;
  const tokens = sum('trained');
  const mean = (name: keyof typeof at) => (tokens === 0 ? NaN : sum(name) / tokens);
  return {
    ...readReport(report),
    loss: sum('loss'),
    logProb: mean('log_prob'),
    clippedShare: mean('clipped'),
    klReference: mean('k3_reference'),
    klAnchor: mean('k3_anchor'),
    trainedTokens: tokens,
  };
}
