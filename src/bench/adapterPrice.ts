import { AdapterEngine, type AdapterTraining, type AdapterWork } from '../engine/frozen/adapterEngine.ts';
import { adapterLayout } from '../engine/frozen/adapterLayout.ts';
import type { EngineCapacity } from '../engine/engine.ts';
import { runSlots } from '../engine/frozen/update.ts';
import { updateRows } from '../engine/frozen/updateSizes.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import type { Pretrained } from '../model/pretrained/pretrained.ts';
import { measureCopy } from './copy.ts';
import {
  cut,
  layered,
  rangeOf,
  rounds,
  samplingSpeed,
  secondsOf,
  slowMs,
  timedPositions,
  timedTokens,
  timeSampling,
  type FrozenSpeed,
  type Range,
  type SamplingTimes,
} from './frozenPrice.ts';
import type { Now } from './steps.ts';

/** What was measured of a device for an adapter's training, seconds. */
export interface AdapterSpeed {
  /** Sampling through the adapter. */
  readonly sampling: FrozenSpeed;
  /** A row of an update in one layer, and around the layers: head, loss, optimiser, submission. */
  readonly row: { readonly layer: Range; readonly around: Range };
}

/**
 * Times a step's sampling and its update, by models of the same shapes with one layer and with two and nothing in their
 * weights: as many completions in flight, rows of a micro-batch as there are, and prompts as long.
 * @param capacity of the run
 */
export async function measureAdapter(
  gpu: Gpu,
  kernels: Kernels,
  model: Pretrained,
  training: AdapterTraining,
  capacity: Required<EngineCapacity>,
  now: Now,
): Promise<AdapterSpeed> {
  const copyBytesPerSecond = await measureCopy(gpu, now);
  const timed = (layers: number) => timeAdapter(gpu, kernels, cut(model, layers), training, capacity, now);
  const [one, two] = [await timed(1), await timed(2)];
  return {
    sampling: { copyBytesPerSecond, ...samplingSpeed(one, two) },
    row: layered(one.row, two.row),
  };
}

/** Times sampling through an adapter of a model of these shapes, and a row of its update, with nothing in its weights. */
export async function timeAdapter(
  gpu: Gpu,
  kernels: Kernels,
  model: Pretrained,
  training: AdapterTraining,
  { update, rollout }: Required<EngineCapacity>,
  now: Now,
  patient = false,
): Promise<SamplingTimes & { readonly row: Range }> {
  const tokens = timedTokens(rollout);
  const capacity: EngineCapacity = {
    update,
    rollout: { ...rollout, maxPromptLength: tokens + 1, maxCompletionLength: timedPositions },
  };
  const { rows: most } = updateRows(model.config, update);
  // Nothing ends a completion: all are timed to their last position.
  const endless = { ...model, endTokens: [] };
  const factors = new Float32Array(adapterLayout(model.names, training).size);
  const engine = new AdapterEngine(gpu, kernels, endless, factors, capacity, training);
  try {
    await kernels.compile();
    const sampling = await timeSampling(engine.frozen, now, runSlots.policy, patient);
    return { ...sampling, row: await timeRows(engine, update, most, now) };
  } finally {
    engine.destroy();
  }
}

/** What changes no time: the numbers that loss and optimiser are given. */
const loss = { temperature: 1, clipLow: 0.2, clipHigh: 0.2, klCoefficient: 0, entropyBonus: 0 };
const optimizer = {
  ...{ update: 1, learningRate: 0, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 },
  ...{ maxNorm: 1, anchorMomentum: null },
};

/** Seconds of a row of an update, with as many completions as a micro-batch has, or fewer where that would be slow. */
async function timeRows(
  engine: AdapterEngine,
  { completions, maxPromptLength, maxCompletionLength }: EngineCapacity['update'],
  most: number,
  now: Now,
): Promise<Range> {
  const prompt = Array.from({ length: maxPromptLength }, () => 0);
  const one = {
    ...{ tokens: Array.from({ length: maxCompletionLength }, () => 0), advantage: 1 },
    weight: 1 / maxCompletionLength,
  };
  /** Milliseconds, and seconds a row. */
  const time = async (count: number): Promise<{ readonly ms: number; readonly row: number }> => {
    const before = engine.work.updateRows;
    const begun = now();
    engine.update([{ prompt, completions: Array.from({ length: count }, () => one) }], true, loss, optimizer);
    await engine.read(null, true);
    const ms = now() - begun;
    return { ms, row: ms / 1000 / (engine.work.updateRows - before) };
  };
  await time(1);
  const { ms } = await time(1);
  const fitting = Math.floor((most - maxPromptLength + 1) / maxCompletionLength);
  const count = Math.max(1, Math.min(completions, fitting, Math.floor(slowMs / ms)));
  const all: number[] = [];
  for (let round = 0; round < (ms > slowMs ? 2 : rounds); round++) all.push((await time(count)).row);
  return rangeOf(all);
}

/** Seconds of a run's work. @param weightsBytes of the frozen model */
export function trainingSeconds(
  model: Pretrained,
  weightsBytes: number,
  inFlight: number,
  { updateRows: rows, ...sampled }: AdapterWork,
  { sampling, row: { layer, around } }: AdapterSpeed,
): Range {
  const { layers } = model.config;
  const samples = secondsOf(model, weightsBytes, { ...sampled, inFlight, scoredRows: 0 }, sampling);
  const at = (end: keyof Range): number => samples[end] + rows * (around[end] + layers * layer[end]);
  return { low: at('low'), high: at('high') };
}
