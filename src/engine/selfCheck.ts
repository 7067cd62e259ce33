import { Buffers } from '../gpu/buffer.ts';
import { Clock } from '../gpu/clock.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { Readback } from '../gpu/readback.ts';
import { fromHalf } from '../lib/half.ts';
import { models, Parameters } from './parameters.ts';
import type { Plan } from './plan.ts';
import { Sampler } from './rollout/sampler.ts';
import { tokenStats } from './rollout/tokenStats.ts';
import answers from './selfCheck.answers.json';
import { selfCheckCase } from './selfCheckCase.ts';
import { recordSelfCheck, type CheckedStage } from './selfCheckProgram.ts';

export type SelfCheck =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly kernel: string; readonly detail: string };

/**
 * One number per row, Σ_c row[c]·w_c with w_c in [0.5, 1.5), no two alike: an answer stays small, and neither a wrong
 * number nor a swap can hide. Answers were computed in float64.
 */
export function fingerprint(values: ArrayLike<number>, rows: number, width: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let c = 0; c < width; c++) sum += (0.5 + ((c * 0.618_034) % 1)) * (values[row * width + c] ?? NaN);
    return sum;
  });
}

/**
 * Far above the rounding of any driver, far below what a wrong kernel does. With activations in f16, of 11 bits, every
 * intermediate result is rounded by up to 5e-4; those that follow from many of them were seen to differ by 3e-3.
 */
const tolerances = { f32: 5e-4, f16: 1e-2 };

/**
 * Runs every kernel once on a tiny fixed case and compares with stored float64 answers
 * (selfCheck.answers.json, made by tests/gpu/selfCheck.test.ts).
 * @param clock milliseconds
 * @returns how long it took, or the first kernel that disagrees and by how much
 * @throws LabError `does-not-compile` naming a shader that the driver rejects
 */
export async function selfCheck(
  gpu: Gpu,
  kernels: Kernels,
  plan: Plan,
  clock: Pick<Performance, 'now'> = performance,
): Promise<SelfCheck> {
  const begin = clock.now();
  if (plan.activations === 'f16') {
    // The same arithmetic, held to what f32 is good for.
    const arithmetic = await selfCheck(gpu, kernels, { ...plan, activations: 'f32' }, clock);
    if (!arithmetic.ok) return arithmetic;
  }
  const buffers = new Buffers(gpu);
  try {
    const tolerance = tolerances[plan.activations];
    const stages = await run(gpu, kernels, buffers, plan);
    for (const { stage, values } of stages) {
      const expected: readonly number[] = (answers as Record<string, number[]>)[stage.name] ?? [];
      const actual = fingerprint(values, stage.rows, stage.width);
      // So compared that NaN disagrees.
      const agrees = (i: number) =>
        Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)) <= tolerance * (1 + Math.abs(expected[i] ?? NaN));
      const bad = actual.findIndex((_, i) => !agrees(i));
      if (bad >= 0) {
        const detail = `${stage.name}, row ${String(bad)}: ${String(actual[bad])} instead of ${String(expected[bad])}`;
        return { ok: false, kernel: stage.kernel, detail };
      }
    }
    return { ok: true, ms: clock.now() - begin };
  } finally {
    buffers.destroy();
  }
}

async function run(
  gpu: Gpu,
  kernels: Kernels,
  buffers: Buffers,
  plan: Plan,
): Promise<{ stage: CheckedStage; values: Float32Array }[]> {
  const { device } = gpu;
  const { config, layout, weights, moments, rollout } = selfCheckCase();
  const parameters = new Parameters(buffers, layout);
  for (const model of models) parameters[model].load(weights[model]);
  parameters.policy.loadMoments(moments.m, moments.v);
  const sampler = new Sampler(
    buffers,
    kernels,
    { config, layout, parameters, plan },
    {
      ...rollout,
      prompts: rollout.prompts.length,
      rollouts: rollout.requests.length,
    },
    { clock: new Clock(buffers), limitMs: Infinity },
  );
  const { program, stages } = recordSelfCheck(kernels, buffers, parameters, plan);
  await kernels.compile();

  // Rollouts first: the update changes the parameters.
  const { rowOf } = sampler.submit(rollout.prompts, rollout.requests, rollout.sampling);
  const length = rollout.maxCompletionLength;
  stages.push(
    ...rowOf.flatMap((row, index): CheckedStage[] => {
      const kernel = plan.rollout === 'operations' ? 'rollout/sample' : `rollout/${plan.rollout}`;
      const place = { kernel, rows: 1 };
      return [
        {
          ...place,
          name: `tokens of rollout ${String(index)}`,
          buffer: sampler.tokens,
          width: length,
          first: row * length,
          type: 'u32',
        },
        {
          ...place,
          name: `statistics of rollout ${String(index)}`,
          buffer: sampler.stats,
          width: tokenStats.floats * length,
          first: tokenStats.floats * row * length,
        },
      ];
    }),
  );
  const sources = [...new Set(stages.map(({ buffer }) => buffer))];
  const names = sources.map((_, index) => String(index));
  const readback = new Readback(
    buffers,
    'self-check',
    Object.fromEntries(sources.map((buffer, index) => [String(index), { buffer, bytes: buffer.size }])),
  );
  program.upload();
  const encoder = device.createCommandEncoder({ label: 'self-check' });
  const pass = encoder.beginComputePass({ label: 'self-check' });
  program.encode(pass);
  pass.end();
  readback.copy(encoder, names);
  device.queue.submit([encoder.finish()]);
  const bytes = await readback.take(names);
  return stages.map((stage) => {
    const own = bytes[String(sources.indexOf(stage.buffer))] ?? new ArrayBuffer();
    return { stage, values: cut(numbersIn(own, stage), stage) };
  });
}

function numbersIn(bytes: ArrayBuffer, { type }: CheckedStage): ArrayLike<number> {
  if (type === 'u32') return new Uint32Array(bytes);
  return type === 'f16' ? Float32Array.from(new Uint16Array(bytes), fromHalf) : new Float32Array(bytes);
}

function cut(all: ArrayLike<number>, stage: CheckedStage): Float32Array {
  const { rows, width, stride = width, first = 0, parts = { count: 1, size: 0 } } = stage;
  return Float32Array.from({ length: rows * width }, (_, i) => {
    const at = first + Math.floor(i / width) * stride + (i % width);
    let sum = 0;
    for (let part = 0; part < parts.count; part++) sum += all[at + part * parts.size] ?? NaN;
    return sum;
  });
}
