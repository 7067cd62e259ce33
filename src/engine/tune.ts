import { Buffers } from '../gpu/buffer.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { live, Program } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import { quantile } from '../lib/stats.ts';
import type { ModelConfig } from '../model/config.ts';
import { layoutOf } from '../model/layout.ts';
import { widthsOf } from './activations.ts';
import { matmulBackward, matmulBackwardWeight, matmulForward } from './ops/matmul.ts';
import { Parameters } from './parameters.ts';
import { fixedPlan, matmulForms, type ActivationType, type MatmulForm, type Plan } from './plan.ts';
import type { Recorder, RowSpace } from './recorder.ts';
import { headWeight, layerWeights } from './weights.ts';

/** Operations of one trial: enough to fill a GPU, a few hundredths of a second on a software adapter. */
const trialFlop = 1e8;
/** A round lasts this long at least, so that the wait for it weighs little. */
const roundMs = 8;
const rounds = 3;

/**
 * Tries the forms of the three matrix products at the model's own shapes: the fastest of each, by the median of a
 * few rounds. Once the time is used up, what is not yet decided stays as in `fixedPlan`.
 * @param clock milliseconds
 * @param budgetMs compiling not counted
 */
export async function tuneMatmul(
  gpu: Gpu,
  kernels: Kernels,
  config: ModelConfig,
  activations: ActivationType = 'f32',
  clock: Pick<Performance, 'now'> = performance,
  budgetMs = 1000,
): Promise<Plan['matmul']> {
  const buffers = new Buffers(gpu);
  try {
    const trial = recordTrial(kernels, buffers, config, activations);
    const readback = new Readback(buffers, 'trial', { done: { buffer: trial.written, bytes: 16 } });
    const time = async (program: Program, repeats: number): Promise<number> => {
      const begin = clock.now();
      program.upload();
      const encoder = gpu.device.createCommandEncoder({ label: 'trial' });
      const pass = encoder.beginComputePass({ label: 'trial' });
      for (let repeat = 0; repeat < repeats; repeat++) program.encode(pass);
      pass.end();
      readback.copy(encoder, ['done']);
      gpu.device.queue.submit([encoder.finish()]);
      await readback.take(['done']);
      return clock.now() - begin;
    };

    const plan: Record<keyof Plan['matmul'], MatmulForm> = { ...fixedPlan.matmul };
    let used = 0;
    for (const product of ['forward', 'backward', 'weight'] as const) {
      const candidates = matmulForms.map((form) => ({ form, program: trial.record(product, form) }));
      await kernels.compile();
      const repeats: number[] = [];
      // Drivers finish compiling at the first dispatch.
      for (const { program } of candidates) await time(program, 1);
      for (const { program } of candidates) {
        const ms = await time(program, 1);
        used += ms;
        repeats.push(Math.min(64, Math.ceil(roundMs / Math.max(ms, 0.1))));
      }
      const most = Math.max(...repeats);
      const times: number[][] = candidates.map(() => []);
      for (let round = 0; round < rounds && used < budgetMs; round++) {
        for (const [index, { program }] of candidates.entries()) {
          const ms = await time(program, most);
          used += ms;
          times[index]?.push(ms);
        }
      }
      const medians = times.map((of) => (of.length === 0 ? Infinity : quantile(of, 0.5)));
      const best = Math.min(...medians);
      if (best < Infinity) plan[product] = candidates[medians.indexOf(best)]?.form ?? plan[product];
    }
    return plan;
  } finally {
    buffers.destroy();
  }
}

/** The products of one layer and the head over some rows. */
function recordTrial(kernels: Kernels, buffers: Buffers, config: ModelConfig, activations: ActivationType) {
  const one = { ...config, num_hidden_layers: 1 };
  const layout = layoutOf(one);
  const parameters = new Parameters(buffers, layout);
  const { policy } = parameters;
  const rows = 128 * Math.max(1, Math.min(16, Math.floor(trialFlop / (2 * layout.matrixFloats) / 128)));
  const width = widthsOf(one);
  const widest = Math.max(width.qkv, width.queries, width.hidden, 2 * width.inner, width.logits);
  const [x, y] = [buffers.storage('trial x', rows * widest), buffers.storage('trial y', rows * widest)];
  const rstd = buffers.storage('trial rstd', rows);
  const none = live(0xffff_ffff);
  const space: RowSpace = { rows: live(rows), split: [none, none], weights: [policy, policy, policy] };
  const of = {
    rows: space.rows,
    chunk: live(4 * Math.ceil(rows / policy.splits / 4)),
    accumulate: live(),
  };
  return {
    written: y,
    record(product: keyof Plan['matmul'], form: MatmulForm): Program {
      const program = new Program(buffers, `trial of ${product}`, 5);
      const plan = { ...fixedPlan, activations, matmul: { ...fixedPlan.matmul, [product]: form } };
      const r: Recorder = { program, kernels, config: one, layout, parameters, plan };
      const weights = [
        ...layout.layers.flatMap((offsets) => Object.values(layerWeights(r, offsets))),
        headWeight(r),
      ];
      for (const weight of weights) {
        if (product === 'forward') matmulForward(r, space, weight, { x, y, rstd });
        else if (product === 'backward') matmulBackward(r, space.rows, weight, x, y);
        else matmulBackwardWeight(r, of, weight, { dy: y, x, rstd });
      }
      return program;
    },
  };
}
