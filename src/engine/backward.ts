import type { Buffers } from '../gpu/buffer.ts';
import type { ModelConfig } from '../model/config.ts';
import { widthsOf } from './activations.ts';
import type { Pass } from './forward.ts';
import { attentionBackward } from './ops/attention.ts';
import { embedBackward } from './ops/embed.ts';
import { matmulBackward, matmulBackwardWeight } from './ops/matmul.ts';
import type { GradientRows } from './partials.ts';
import { qkNormRopeBackward } from './ops/qk_norm_rope.ts';
import { rmsNormBackward } from './ops/rms_norm.ts';
import { swigluBackward } from './ops/swiglu.ts';
import type { Recorder } from './recorder.ts';
import { headWeight, layerWeights } from './weights.ts';

/**
 * Gradients in flight; one set serves all layers. d + name, [rows, width of name]. In f32 whatever activations are:
 * divided by the tokens of a batch, many lie below f16's smallest normal number, 6e-5.
 */
export type GradientBuffers = Readonly<
  Record<'dx' | 'dnormed' | 'dgateUp' | 'dout' | 'dq' | 'dk' | 'dv' | 'dqkv' | 'delta', GPUBuffer>
>;

export function gradientBuffers(buffers: Buffers, config: ModelConfig, rows: number): GradientBuffers {
  const width = widthsOf(config);
  const of = (name: string, floats: number) => buffers.storage(name, rows * floats);
  return {
    dx: of('dx', width.hidden),
    dnormed: of('dnormed', width.hidden),
    dgateUp: of('dgate_up', 2 * width.inner),
    dout: of('dout', width.queries),
    dq: of('dq', width.queries),
    dk: of('dk', width.keys),
    dv: of('dv', width.keys),
    dqkv: of('dqkv', width.qkv),
    delta: of('delta', width.heads),
  };
}

/**
 * From the gradient of the logits to the gradient of every parameter, in ordered parts (Trainable.partials).
 * @param io `dlogits` [rows, 4·⌈V/4⌉] with zero padding; `x` and `rstd` of the final norm
 */
export function recordBackward(
  r: Recorder,
  pass: Pass,
  of: GradientRows,
  d: GradientBuffers,
  io: { readonly dlogits: GPUBuffer; readonly x: GPUBuffer; readonly rstd: GPUBuffer },
): void {
  const { rows } = of;
  const { token, row_meta, rope } = pass;
  const head = headWeight(r);
  matmulBackwardWeight(r, of, head, { dy: io.dlogits, x: io.x, rstd: io.rstd });
  matmulBackward(r, rows, head, io.dlogits, d.dnormed);
  rmsNormBackward(r, of, {
    gain: r.layout.finalNorm,
    dy: d.dnormed,
    x: io.x,
    rstd: io.rstd,
    dx: d.dx,
    fresh: true,
  });

  for (let index = r.config.num_hidden_layers - 1; index >= 0; index--) {
    const b = pass.layers[index];
    const offsets = r.layout.layers[index];
    if (b === undefined || offsets === undefined) continue;
    const weights = layerWeights(r, offsets);

    matmulBackwardWeight(r, of, weights.down, { dy: d.dx, x: b.act, rstd: b.midRstd });
    swigluBackward(r, rows, weights.down, { dz: d.dx, gate_up: b.gateUp, dgate_up: d.dgateUp });
    matmulBackwardWeight(r, of, weights.gateUp, { dy: d.dgateUp, x: b.mid, rstd: b.midRstd });
    matmulBackward(r, rows, weights.gateUp, d.dgateUp, d.dnormed);
    rmsNormBackward(r, of, {
      gain: offsets.postAttentionNorm,
      dy: d.dnormed,
      x: b.mid,
      rstd: b.midRstd,
      dx: d.dx,
    });

    matmulBackwardWeight(r, of, weights.output, { dy: d.dx, x: b.out, rstd: b.midRstd });
    matmulBackward(r, rows, weights.output, d.dx, d.dout);
    attentionBackward(r, rows, {
      q: b.q,
      k: b.k,
      v: b.v,
      row_meta,
      out: b.out,
      lse: b.lse,
      dout: d.dout,
      dq: d.dq,
      dk: d.dk,
      dv: d.dv,
      delta: d.delta,
    });
    qkNormRopeBackward(r, of, offsets, {
      qkv: b.qkv,
      row_meta,
      rope,
      dq: d.dq,
      dk: d.dk,
      dv: d.dv,
      dqkv: d.dqkv,
    });
    matmulBackwardWeight(r, of, weights.qkv, { dy: d.dqkv, x: b.x, rstd: b.inputRstd });
    matmulBackward(r, rows, weights.qkv, d.dqkv, d.dnormed);
    rmsNormBackward(r, of, { gain: offsets.inputNorm, dy: d.dnormed, x: b.x, rstd: b.inputRstd, dx: d.dx });
  }
  embedBackward(r, of, token, d.dx);
}
