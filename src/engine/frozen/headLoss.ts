import loss from '../../../shaders/frozen/loss.wgsl';
import score from '../../../shaders/frozen/score.wgsl';
import { live, type Binding, type Live, type Program } from '../../gpu/program.ts';
import { recordNormBack, recordProductBack, type BackParts } from './back.ts';
import { recordNorm, recordProduct } from './record.ts';
import { widthsOf } from './sizes.ts';
import type { UpdateBuffer } from './updateSizes.ts';

/** The rows of a micro-batch whose logits are computed at once. */
export interface Piece {
  readonly index: number;
  /** As many as there are in every piece but the last. */
  readonly most: number;
  /** In use. */
  readonly rows: Live;
  /** Its first row in the batch. */
  readonly batchRow: Live;
}

/** What changes from update to update. */
export function updateLossLives() {
  return {
    first_update: live(1),
    inverse_temperature: live(1),
    clip_low: live(),
    clip_high: live(),
    kl_coefficient: live(),
    entropy_bonus: live(),
  };
}

/** What a recording of head and loss works on. */
export interface HeadParts extends BackParts {
  readonly of: Readonly<Record<UpdateBuffer, GPUBuffer>>;
  readonly lives: ReturnType<typeof updateLossLives>;
}

/** The rows of a piece in a buffer of `numbers` a row. */
function part(buffer: GPUBuffer, { index, most }: Piece, numbers: number): Binding {
  const size = 4 * most * numbers;
  return { buffer, offset: index * size, size };
}

function shapeOf({ config }: HeadParts, { rows }: Piece) {
  return { rows, vocab: config.vocabulary, stride4: widthsOf(config).logits / 4 };
}

/** Final norm and logits of a piece. */
function recordHead(parts: HeadParts, program: Program, piece: Piece): void {
  const { config, kernels, weights, of } = parts;
  const { hidden, logits } = widthsOf(config);
  const x = part(of.x, piece, hidden);
  recordNorm(parts, program, piece.rows, { x, gain: weights.finalNorm, y: of.headNormed });
  const io = { x: of.headNormed, y: of.logits };
  recordProduct({ program, kernels }, piece.rows, weights.head, io, { stride: logits });
}

/** Log-probabilities of a piece's targets, kept for the loss of the policy. */
export function recordPieceScore(
  parts: HeadParts,
  program: Program,
  piece: Piece,
  to: 'reference' | 'anchor',
): void {
  const { kernels, of, lives } = parts;
  recordHead(parts, program, piece);
  program.dispatch(
    kernels.get(score),
    { logits: of.logits, target_token: part(of.target, piece, 1), stats: part(of[to], piece, 2) },
    { ...shapeOf(parts, piece), inverse_temperature: lives.inverse_temperature },
    () => 256 * piece.rows.value,
  );
}

/** Loss of a piece, the gradient of its logits in their place, and that of the stream in dx. */
export function recordPieceLoss(
  parts: HeadParts,
  program: Program,
  piece: Piece,
  has: { readonly withReference: boolean; readonly withAnchor: boolean },
): void {
  const { config, kernels, weights, of, lives } = parts;
  const { hidden, logits } = widthsOf(config);
  recordHead(parts, program, piece);
  program.dispatch(
    kernels.get(loss),
    {
      logits: of.logits,
      target_token: part(of.target, piece, 1),
      terms: part(of.terms, piece, 2),
      reference: of.reference,
      anchor: of.anchor,
      old_log_prob: of.old,
      stats: of.stats,
    },
    {
      ...shapeOf(parts, piece),
      first_row: piece.index * piece.most,
      batch_row: piece.batchRow,
      has_reference: has.withReference ? 1 : 0,
      has_anchor: has.withAnchor ? 1 : 0,
      ...lives,
    },
    () => 256 * piece.rows.value,
  );
  const back = { dy: of.logits, dx: of.dhead };
  recordProductBack({ program, kernels }, piece.rows, weights.head, back, logits);
  const [x, dx] = [part(of.x, piece, hidden), part(of.dx, piece, hidden)];
  recordNormBack(parts, program, piece.rows, { x, gain: weights.finalNorm, dy: of.dhead, dx }, false);
}
