import kernel from '../../../shaders/ops/policy_loss.forward_backward.wgsl';
import { elementsOf } from '../../gpu/elements.ts';
import { live, type Live } from '../../gpu/program.ts';
import type { Recorder } from '../recorder.ts';
import { stride4 } from './matmul.ts';

/** Row offset that stands for "this model has no rows here". */
export const noRows = 0xffff_ffff;

/** The figures of a row of `stats`. */
export const rowStats = elementsOf(kernel, 'stats', [
  'loss',
  'log_prob',
  'entropy',
  'clipped',
  'k3_reference',
  'k3_anchor',
  'ratio',
  'trained',
]);

/** What may change between two updates of a run. */
export function lossLives() {
  return {
    reference_row: live(noRows),
    anchor_row: live(noRows),
    batch_row: live(),
    first_update: live(1),
    inverse_temperature: live(1),
    clip_low: live(),
    clip_high: live(),
    kl_coefficient: live(),
    entropy_bonus: live(),
  };
}

/** Loss, statistics [batch rows] and, over the logits, their gradient. */
export function policyLoss(
  r: Recorder,
  rows: Live,
  lives: ReturnType<typeof lossLives>,
  io: Readonly<Record<'logits' | 'target_token' | 'terms' | 'old_log_prob' | 'stats', GPUBuffer>>,
): void {
  r.program.dispatch(
    r.kernels.get(kernel),
    io,
    { rows, vocab: r.config.vocab_size, stride4: stride4(r.config.vocab_size), ...lives },
    () => rows.value,
  );
}
