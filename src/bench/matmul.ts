import { Buffers } from '../gpu/buffer.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { live, Program } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import type { ModelConfig } from '../model/config.ts';
import { layoutOf } from '../model/layout.ts';
import { matmulBackward, matmulBackwardWeight, matmulForward } from '../engine/ops/matmul.ts';
import { Parameters } from '../engine/parameters.ts';
import { fixedPlan, matmulForms, type MatmulForm } from '../engine/plan.ts';
import type { Recorder, RowSpace } from '../engine/recorder.ts';
import type { Now } from './steps.ts';

const rows = 2048;
const repeats = 16;
const rounds = 5;

/** A model whose gate/up matrix is the product measured: [2·96, 48], as in sort-48. */
const config: ModelConfig = {
  model_type: 'qwen3',
  hidden_size: 48,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  intermediate_size: 96,
  vocab_size: 23,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
};

/** Rates of the three matrix kernels at lab shapes, in every form: the yardstick for the step's work. Best of five rounds. */
export async function measureMatmul(
  gpu: Gpu,
  kernels: Kernels,
  now: Now,
): Promise<{ what: string; gflopPerS: number }[]> {
  const buffers = new Buffers(gpu);
  const layout = layoutOf(config);
  const parameters = new Parameters(buffers, layout);
  const { policy } = parameters;
  const weight = {
    offset: layout.layers[0]?.gateUp ?? 0,
    n: 2 * config.intermediate_size,
    k: config.hidden_size,
  };
  const narrow = buffers.storage('narrow', rows * weight.k);
  const wide = buffers.storage('wide', rows * weight.n);
  const rstd = buffers.storage('rstd', rows);
  const space: RowSpace = {
    rows: live(rows),
    split: [live(0xffff_ffff), live(0xffff_ffff)],
    weights: [policy, policy, policy],
  };
  const gradientRows = { rows: space.rows, chunk: live(rows / policy.splits), accumulate: live() };
  const readback = new Readback(buffers, 'benchmark', { rstd: { buffer: rstd, bytes: 16 } });
  const flop = 2 * rows * weight.n * weight.k * repeats;

  const products: Readonly<Record<string, (r: Recorder) => void>> = {
    'forward, 48 → 192': (r) => {
      matmulForward(r, space, weight, { x: narrow, y: wide, rstd });
    },
    'backward, 192 → 48': (r) => {
      matmulBackward(r, space.rows, weight, wide, narrow);
    },
    'weight gradient, 192 × 48': (r) => {
      matmulBackwardWeight(r, gradientRows, weight, { dy: wide, x: narrow, rstd });
    },
  };
  const rateOf = async (record: (r: Recorder) => void, form: MatmulForm): Promise<number> => {
    const program = new Program(buffers, form, repeats);
    const plan = { ...fixedPlan, matmul: { forward: form, backward: form, weight: form } };
    for (let i = 0; i < repeats; i++) record({ program, kernels, config, layout, parameters, plan });
    await kernels.compile();
    let best = 0;
    for (let round = 0; round <= rounds; round++) {
      program.upload();
      const begun = now();
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      program.encode(pass);
      pass.end();
      readback.copy(encoder, ['rstd']);
      gpu.device.queue.submit([encoder.finish()]);
      await readback.take(['rstd']);
      // The first round compiles.
      if (round > 0) best = Math.max(best, flop / (now() - begun) / 1e6);
    }
    return best;
  };
  const results = [];
  for (const [what, record] of Object.entries(products)) {
    for (const form of matmulForms) {
      results.push({ what: `${what} by ${form}`, gflopPerS: await rateOf(record, form) });
    }
  }
  buffers.destroy();
  return results;
}
