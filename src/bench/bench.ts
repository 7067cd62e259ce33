import type { LayoutTrial } from '../engine/tuneRollout.ts';
import type { AdapterSummary, Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import { Profiler, type KernelTime } from '../gpu/profiler.ts';
import type { Host } from '../host/host.ts';
import { parseConfig } from '../model/config.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { presets } from '../settings/presets.ts';
import { validateSettings } from '../settings/settings.ts';
import { taskUnder } from '../settings/task.ts';
import { preparePlan, rolloutCapacity } from '../trainer/prepare.ts';
import { initialModel } from '../trainer/pretrainer.ts';
import { Trainer } from '../trainer/trainer.ts';
import { measureCopy } from './copy.ts';
import { measureMatmul } from './matmul.ts';
import { type BenchProgress, doing, groupSizes, partsOf, sizes, Told } from './parts.ts';
import { timeSteps, type Contestant, type StepFigures } from './steps.ts';

/** Where a benchmark runs, and whom it tells how far it is. */
export interface BenchHost {
  readonly host: Pick<Host, 'loadModel' | 'memory' | 'now'>;
  readonly gpu: Gpu;
  readonly progress: (progress: BenchProgress) => void;
}

export interface BenchOptions {
  readonly repetitions: number;
  /** Only the two lanes and the roofline. */
  readonly quick: boolean;
}

export interface BenchResult {
  readonly adapter: AdapterSummary;
  readonly repetitions: number;
  /** The preset's lanes, and SRT without its shadow anchor: as many rollouts as M-GRPO + IQR. */
  readonly lanes: readonly StepFigures[];
  /** Step time of M-GRPO + IQR over SRT at equal G. */
  readonly overSrt: number;
  readonly start: { readonly compileMs: number; readonly evaluationMs: number; readonly firstStepMs: number };
  /** Of one step of M-GRPO + IQR, slowest first; none where the device has no timestamps. */
  readonly kernels: readonly KernelTime[];
  /** Best matrix products at lab shapes, and the best of all. */
  readonly products: readonly { readonly what: string; readonly gflopPerS: number }[];
  readonly bestGflopPerS: number;
  readonly copyBytesPerS: number;
  /** Every layout of a rollout at the size of preset duel, fastest first; where not `quick`. */
  readonly layouts: readonly LayoutTrial[];
  readonly byGroup: readonly (StepFigures & { readonly groupSize: number; readonly msPerRollout: number })[];
  readonly bySize: readonly (StepFigures & { readonly rollouts: number })[];
}

/** Everything that `npm run bench` and the page's bench show. */
export async function runBench(bench: BenchHost, options: BenchOptions): Promise<BenchResult> {
  const { host, gpu, progress } = bench;
  const { now } = host;
  const { repetitions } = options;
  const told = new Told(partsOf(repetitions, options.quick), progress);
  const [srt, mgrpo] = presets.duel.lanes;
  if (srt === undefined || mgrpo === undefined) throw new RangeError('The preset duel has two lanes.');
  const model = await host.loadModel(srt.settings.model);

  const kernels = new Kernels(gpu);
  const contestant = async (name: string, settings: Settings, of = model) => ({
    name,
    settings,
    model: of,
    plan: await preparePlan(gpu, kernels, of, settings, host.memory),
  });
  told.begin(doing.start);
  const start = await timeStart(bench, await contestant(mgrpo.name, mgrpo.settings));
  told.begin(doing.products);
  const products = await measureMatmul(gpu, kernels, now);
  const copyBytesPerS = await measureCopy(gpu, now);

  told.begin(doing.duel(repetitions));
  const equal = validateSettings({ monitorAnchor: false }, srt.settings);
  const lanes = await timeSteps(
    gpu,
    kernels,
    [
      await contestant(srt.name, srt.settings),
      await contestant('SRT, equal G', equal),
      await contestant(mgrpo.name, mgrpo.settings),
    ],
    repetitions,
    now,
    (share) => {
      told.within(share);
    },
  );
  const [, srtEqual, ours] = lanes;

  told.begin(doing.kernels);
  const times = gpu.hasTimestamps
    ? await timeKernels(bench, await contestant(mgrpo.name, mgrpo.settings))
    : [];

  if (!options.quick) told.begin(doing.layouts);
  const { plan } = await contestant(mgrpo.name, mgrpo.settings);
  const call = rolloutCapacity(mgrpo.settings, taskUnder(mgrpo.settings), model.tokenizer);
  // As the lab loads it: when it is asked for.
  const { tuneRollout } = await import('../engine/tuneRollout.ts');
  const layouts = options.quick ? [] : await tuneRollout(gpu, kernels, model, plan, call);

  const byGroup = [];
  for (const { groupSize } of options.quick ? [] : groupSizes) {
    told.begin(doing.group(groupSize));
    const settings = validateSettings({ groupSize, evalPrompts: 1, evalMajorityPrompts: 0 }, mgrpo.settings);
    const [figures] = await timeSteps(gpu, kernels, [await contestant('', settings)], 5, now);
    if (figures === undefined) continue;
    const rollouts = settings.promptsPerStep * groupSize;
    byGroup.push({ ...figures, groupSize, msPerRollout: figures.stepMs.median / rollouts });
  }

  const bySize = [];
  // A software adapter works seconds on what a GPU does in milliseconds.
  const batch = gpu.adapter.software
    ? { promptsPerStep: 2, groupSize: 8 }
    : { promptsPerStep: 8, groupSize: 32 };
  for (const { hidden, layers, head, inner } of options.quick ? [] : sizes) {
    const name = `${String(hidden)} × ${String(layers)}`;
    told.begin(doing.size(hidden, layers));
    const heads = 2 * Math.ceil(hidden / head / 2);
    const config = parseConfig({
      ...model.config,
      hidden_size: hidden,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: heads / 2,
      head_dim: head,
      intermediate_size: inner,
      vocab_size: model.tokenizer.size,
    });
    // An untrained model agrees on nothing: rewarded by its own certainty, it has something to learn all the same.
    const settings = validateSettings(
      { algorithm: 'intuitor', ...batch, evalPrompts: 1, evalMajorityPrompts: 0 },
      srt.settings,
    );
    const [figures] = await timeSteps(
      gpu,
      kernels,
      [await contestant(name, settings, initialModel(config, model.tokenizer, 0))],
      3,
      now,
      (share) => {
        told.within(share);
      },
    );
    if (figures !== undefined) bySize.push({ ...figures, rollouts: batch.promptsPerStep * batch.groupSize });
  }

  return {
    adapter: gpu.adapter,
    repetitions,
    lanes,
    overSrt: (ours?.stepMs.median ?? NaN) / (srtEqual?.stepMs.median ?? NaN),
    start,
    kernels: times,
    products,
    bestGflopPerS: Math.max(...products.map(({ gflopPerS }) => gflopPerS)),
    copyBytesPerS,
    layouts,
    byGroup,
    bySize,
  };
}

/** One step, a pass for every dispatch. */
async function timeKernels(
  { gpu, host: { now } }: BenchHost,
  { model, settings, plan }: Contestant,
): Promise<KernelTime[]> {
  const profiler = new Profiler(gpu);
  const kernels = new Kernels(gpu);
  const trainer = new Trainer(profiler.gpu, kernels, model, settings, { now, plan });
  await kernels.compile();
  for (let step = 0; step < 3; step++) {
    await trainer.next();
    if (step < 2) await profiler.take();
  }
  const times = await profiler.take();
  trainer.destroy();
  profiler.destroy();
  return times;
}

/** What someone waits for who opens a run: pipelines compiled anew, the evaluation at step 0, the first step. */
async function timeStart(
  { gpu, host: { now } }: BenchHost,
  { model, settings, plan }: Contestant,
): Promise<BenchResult['start']> {
  const begun = now();
  const kernels = new Kernels(gpu);
  const trainer = new Trainer(gpu, kernels, model, settings, { now, plan });
  await kernels.compile();
  const compiled = now();
  await trainer.start();
  const evaluated = now();
  await trainer.next();
  const stepped = now();
  trainer.destroy();
  return {
    compileMs: compiled - begun,
    evaluationMs: evaluated - compiled,
    firstStepMs: stepped - evaluated,
  };
}
