import type { Buffers } from '../gpu/buffer.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { live, Program } from '../gpu/program.ts';
import type { Tensor } from '../model/layout.ts';
import { keptLayers, widthsOf } from './activations.ts';
import { ownPlace, recordLayers, recordLogits } from './forward.ts';
import { attentionBackward } from './ops/attention.ts';
import { embedBackward } from './ops/embed.ts';
import { matmulBackward, matmulBackwardWeight } from './ops/matmul.ts';
import { lossLives, policyLoss, rowStats } from './ops/policy_loss.ts';
import { qkNormRopeBackward, ropeTable } from './ops/qk_norm_rope.ts';
import { rmsNormBackward } from './ops/rms_norm.ts';
import { swigluBackward } from './ops/swiglu.ts';
import { Optimizer } from './optimizer.ts';
import { models, type Parameters } from './parameters.ts';
import type { Plan } from './plan.ts';
import { repeatRows } from './rows.ts';
import { selfCheckCase } from './selfCheckCase.ts';
import { headWeight, layerWeights } from './weights.ts';

/** A result to compare with its answer: `rows` of `width` numbers, `stride` apart from `first` on. */
export interface CheckedStage {
  readonly name: string;
  /** The shader that is wrong when this stage is the first to disagree. */
  readonly kernel: string;
  readonly buffer: GPUBuffer;
  readonly rows: number;
  readonly width: number;
  readonly stride?: number;
  readonly first?: number;
  /** What its numbers are; f32 unless said. */
  readonly type?: 'u32' | 'f16';
  /** Parts to be added up, this many floats apart. */
  readonly parts?: { readonly count: number; readonly size: number };
}

/** Rows of a tensor, as answers are stored. */
export function rowsOf({ shape, length }: Tensor): { rows: number; width: number } {
  const rows = shape.length > 1 ? (shape[0] ?? 1) : 1;
  return { rows, width: length / rows };
}

/** Forward, loss, backward and update; every intermediate result keeps a buffer of its own. */
export function recordSelfCheck(
  kernels: Kernels,
  buffers: Buffers,
  parameters: Parameters,
  plan: Plan,
): { program: Program; stages: CheckedStage[] } {
  const { config, layout, batch, oldLogProb, loss, optimizer } = selfCheckCase();
  const program = new Program(buffers, 'self-check', 64);
  const r = { program, kernels, config, layout, parameters, plan };
  const { queue } = buffers.gpu.device;
  const { rows } = batch;
  const all = models.length * rows;
  const width = widthsOf(config);
  const stages: CheckedStage[] = [];
  const input = (label: string, values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer => {
    const buffer = buffers.storage(label, values.length);
    queue.writeBuffer(buffer, 0, values);
    return buffer;
  };
  const check = (name: string, kernel: string, buffer: GPUBuffer, of: number, of1: number): void => {
    stages.push({ name, kernel, buffer, rows: of, width: of1 });
  };
  const activation = (name: string, kernel: string, buffer: GPUBuffer, of: number, of1: number): void => {
    const type = plan.activations === 'f16' ? { type: plan.activations } : {};
    stages.push({ name, kernel, buffer, rows: of, width: of1, ...type });
  };
  const output = (name: string, kernel: string, floats: number): GPUBuffer => {
    const buffer = buffers.storage(name, rows * floats);
    check(name, kernel, buffer, rows, floats);
    return buffer;
  };

  const token = input('token', Uint32Array.from(models.flatMap(() => [...batch.token])));
  const row_meta = input('row meta', repeatRows(batch.rowMeta, rows, models.length));
  const rope = input('rope', ropeTable(config, rows));
  const layers = keptLayers(buffers, r, all);
  const [layer] = layers;
  const [offsets] = layout.layers;
  if (layer === undefined || offsets === undefined) throw new RangeError('The self-check has no layer.');
  const space = {
    rows: live(all),
    split: [live(rows), live(2 * rows)] as const,
    weights: [parameters.policy, parameters.anchor, parameters.reference] as const,
  };
  recordLayers(r, { space, place: ownPlace, layers, token, row_meta, rope }, 'output');
  activation('embedding', 'ops/embed.forward', layer.x, all, width.hidden);
  check('rstd', 'ops/matmul.forward', layer.inputRstd, all, 1);
  activation('qkv', 'ops/matmul.forward', layer.qkv, all, width.qkv);
  activation('q', 'ops/qk_norm_rope.forward', layer.q, all, width.queries);
  activation('k', 'ops/qk_norm_rope.forward', layer.k, all, width.keys);
  activation('v', 'ops/qk_norm_rope.forward', layer.v, all, width.keys);
  activation('attention', 'ops/attention.forward', layer.out, all, width.queries);
  check('attention lse', 'ops/attention.forward', layer.lse, all, width.heads);
  activation('attention output', 'ops/matmul.forward', layer.mid, all, width.hidden);
  activation('gate and up', 'ops/swiglu.forward', layer.gateUp, rows, 2 * width.inner);
  activation('mlp', 'ops/swiglu.forward', layer.act, all, width.inner);
  activation('mlp output', 'ops/matmul.forward', layer.next, all, width.hidden);

  const finalRstd = buffers.storage('final rstd', all);
  const logits = buffers.storage('logits', all * width.logits);
  // Twice: the loss puts gradients over the first.
  const kept = buffers.storage('kept logits', all * width.logits);
  for (const y of [logits, kept]) recordLogits(r, space, { x: layer.next, y, rstd: finalRstd });
  const vocabulary = { rows: all, width: config.vocab_size, stride: width.logits };
  stages.push({ ...vocabulary, name: 'logits', kernel: 'ops/matmul.forward', buffer: kept });

  const policyRows = live(rows);
  const lossKernel = 'ops/policy_loss.forward_backward';
  policyLoss(
    r,
    policyRows,
    {
      ...lossLives(),
      anchor_row: live(rows),
      reference_row: live(2 * rows),
      first_update: live(0),
      inverse_temperature: live(1 / loss.temperature),
      clip_low: live(loss.clipLow),
      clip_high: live(loss.clipHigh),
      kl_coefficient: live(loss.klCoefficient),
      entropy_bonus: live(loss.entropyBonus),
    },
    {
      logits,
      target_token: input('target', batch.target),
      terms: input('terms', batch.terms),
      old_log_prob: input('old log-probability', oldLogProb),
      stats: output('loss statistics', lossKernel, rowStats.floats),
    },
  );
  stages.push({ ...vocabulary, rows, name: 'dlogits', kernel: lossKernel, buffer: logits });

  // One part per four rows: several, so that their order is tested.
  const of = { rows: policyRows, chunk: live(4), accumulate: live(0) };
  const head = headWeight(r);
  const weights = layerWeights(r, offsets);
  const b = layer;
  const [norm, matmul] = ['ops/rms_norm.backward', 'ops/matmul.backward'];
  const dnormed = output('dnormed, final', matmul, width.hidden);
  matmulBackwardWeight(r, of, head, { dy: logits, x: b.next, rstd: finalRstd });
  matmulBackward(r, policyRows, head, logits, dnormed);
  // A norm adds to the stream's gradient; each sum is built anew, so that those before it stay to be compared.
  const finalNorm = { gain: layout.finalNorm, dy: dnormed, x: b.next, rstd: finalRstd };
  const dnext = output('dx, final', norm, width.hidden);
  const dmid = buffers.storage('dx, middle', rows * width.hidden);
  const dx = buffers.storage('dx, first', rows * width.hidden);
  for (const stream of [dnext, dmid, dx]) rmsNormBackward(r, of, { ...finalNorm, dx: stream, fresh: true });

  matmulBackwardWeight(r, of, weights.down, { dy: dnext, x: b.act, rstd: b.midRstd });
  const dgateUp = output('dgate and dup', 'ops/swiglu.backward', 2 * width.inner);
  swigluBackward(r, policyRows, weights.down, { dz: dnext, gate_up: b.gateUp, dgate_up: dgateUp });
  const dnormedMid = output('dnormed, middle', matmul, width.hidden);
  matmulBackwardWeight(r, of, weights.gateUp, { dy: dgateUp, x: b.mid, rstd: b.midRstd });
  matmulBackward(r, policyRows, weights.gateUp, dgateUp, dnormedMid);
  const midNorm = { gain: offsets.postAttentionNorm, dy: dnormedMid, x: b.mid, rstd: b.midRstd };
  for (const stream of [dmid, dx]) rmsNormBackward(r, of, { ...midNorm, dx: stream });
  check('dx, middle', norm, dmid, rows, width.hidden);

  const dout = output('dattention', matmul, width.queries);
  matmulBackwardWeight(r, of, weights.output, { dy: dmid, x: b.out, rstd: b.midRstd });
  matmulBackward(r, policyRows, weights.output, dmid, dout);
  // Twice: the norm of q and k uses up the first.
  const [dq, dk] = [
    buffers.storage('dq terms', rows * width.queries),
    buffers.storage('dk terms', rows * width.keys),
  ];
  const [byQuery, byKey] = ['ops/attention.backward_query', 'ops/attention.backward_key'];
  const delta = output('delta', byQuery, width.heads);
  const keptDq = output('dq', byQuery, width.queries);
  const keptDk = output('dk', byKey, width.keys);
  const dv = output('dv', byKey, width.keys);
  const attention = { q: b.q, k: b.k, v: b.v, row_meta, out: b.out, lse: b.lse, dout, dv, delta };
  attentionBackward(r, policyRows, { ...attention, dq, dk });
  attentionBackward(r, policyRows, { ...attention, dq: keptDq, dk: keptDk });
  const dqkv = output('dqkv', 'ops/qk_norm_rope.backward', width.qkv);
  qkNormRopeBackward(r, of, offsets, { qkv: b.qkv, row_meta, rope, dq, dk, dv, dqkv });
  const dnormedFirst = output('dnormed, first', matmul, width.hidden);
  matmulBackwardWeight(r, of, weights.qkv, { dy: dqkv, x: b.x, rstd: b.inputRstd });
  matmulBackward(r, policyRows, weights.qkv, dqkv, dnormedFirst);
  rmsNormBackward(r, of, { gain: offsets.inputNorm, dy: dnormedFirst, x: b.x, rstd: b.inputRstd, dx });
  check('dx, first', norm, dx, rows, width.hidden);
  embedBackward(r, of, token, dx);

  const update = new Optimizer(r, buffers, parameters.policy, parameters.anchor);
  update.set(optimizer);
  const { partials, gradient, slabs, m, v, splits } = parameters.policy;
  const flat = (
    what: string,
    kernel: (tensor: Tensor) => string,
    place: Pick<CheckedStage, 'buffer' | 'parts'>,
    first = 0,
  ) => {
    for (const tensor of layout.tensors) {
      const name = `${what} of ${tensor.name}`;
      stages.push({
        ...rowsOf(tensor),
        ...place,
        name,
        kernel: kernel(tensor),
        first: first + tensor.offset,
      });
    }
  };
  flat('parts', partsKernel, { buffer: partials, parts: { count: splits, size: layout.size } });
  flat('gradient', () => 'optimizer/grad_norm', { buffer: gradient });
  const adam = () => 'optimizer/adamw_ema';
  const report = { buffer: update.report, rows: 1 };

  stages.push(
    { ...report, name: 'norm of the gradient, squared', kernel: 'optimizer/grad_norm', width: 1 },
    {
      ...report,
      name: 'distances',
      kernel: adam(),
      width: 2,
      first: 1,
      parts: { count: update.blocks, size: 4 },
    },
  );
  flat('m', adam, { buffer: m });
  flat('v', adam, { buffer: v });
  flat('policy', adam, { buffer: slabs });
  flat('anchor', adam, { buffer: slabs }, parameters.anchor.offset);
  return { program, stages };
}

/** The shader that sums a tensor's gradient over rows. */
function partsKernel({ name }: Tensor): string {
  if (name === 'model.embed_tokens.weight') return 'ops/embed.backward';
  if (/_proj|lm_head/.test(name)) return 'ops/matmul.backward_weight';
  return /[qk]_norm/.test(name) ? 'ops/qk_norm_rope.backward_gain' : 'ops/rms_norm.backward';
}
