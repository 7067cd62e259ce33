import { parseArgs } from 'node:util';
import { measureMatmul } from './matmulBenchmark.ts';
import { Kernels } from '../gpu/kernel.ts';
import type { Gpu } from '../gpu/device.ts';
import { quantile } from '../lib/stats.ts';
import type { BaseModel } from '../model/baseModel.ts';
import { presets } from '../settings/presets.ts';
import { rolloutCounts, validateSettings } from '../settings/settings.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { Trainer } from '../trainer/trainer.ts';
import { openHeadless } from './headless.ts';
import { readModelFolder } from './modelFolder.ts';
import { versions } from './versions.ts';

/** Median and spread of repeated measurements. */
interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

function spread(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), p10: quantile(values, 0.1), p90: quantile(values, 0.9) };
}

interface LaneFigures {
  readonly lane: string;
  readonly stepMs: Spread;
  readonly rolloutMs: Spread;
  readonly trainMs: Spread;
  readonly voteMs: Spread;
  readonly readbackMs: Spread;
  readonly generatedTokensPerS: number;
  readonly trainedTokensPerS: number;
  readonly matrixGflopPerS: number;
  readonly dispatches: number;
  readonly readbacks: number;
  readonly allocations: number;
  readonly bytes: number;
}

/** `npm run bench`: what a step costs on this adapter; lanes are stepped in turn, medians quoted. */
export default async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { json: { type: 'boolean', default: false }, steps: { type: 'string', default: '20' } },
  });
  const repetitions = Math.max(3, Math.trunc(Number(values.steps)) || 20);
  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  const lanes = await measureLanes(
    gpu,
    kernels,
    presets.duel.lanes.map(({ name, settings }) => ({ name, settings })),
    repetitions,
  );
  const [srt, mgrpo] = lanes;
  const groupSizes = [8, 16, 32, 64, 128, 256];
  const byGroup = [];
  for (const groupSize of groupSizes) {
    const settings = validateSettings(
      { groupSize, evalPrompts: 1, evalMajorityPrompts: 0 },
      presets.duel.lanes[1]?.settings,
    );
    const [figures] = await measureLanes(gpu, kernels, [{ name: `G = ${String(groupSize)}`, settings }], 5);
    if (figures !== undefined)
      byGroup.push({
        groupSize,
        stepMs: figures.stepMs.median,
        msPerRollout: figures.stepMs.median / (8 * groupSize),
      });
  }
  const matmul = await measureMatmul(gpu, kernels);
  const best = Math.max(...matmul.map(({ gflopPerS }) => gflopPerS));
  const result = {
    adapter: gpu.adapter,
    versions: versions(),
    preset: 'duel',
    repetitions,
    lanes,
    mgrpoOverSrt: (mgrpo?.stepMs.median ?? NaN) / (srt?.stepMs.median ?? NaN),
    byGroup,
    matmul,
    rooflineShare: lanes.map(({ matrixGflopPerS }) => matrixGflopPerS / best),
  };
  if (values.json) console.log(JSON.stringify(result, null, 1));
  else print(result);
}

async function measureLanes(
  gpu: Gpu,
  kernels: Kernels,
  lanes: readonly { readonly name: string; readonly settings: Settings }[],
  repetitions: number,
): Promise<LaneFigures[]> {
  const models = new Map<string, BaseModel>();
  const made = lanes.map(({ name, settings }) => {
    const model = models.get(settings.model) ?? readModelFolder(settings.model);
    models.set(settings.model, model);
    // No evaluation falls into the measured steps.
    const timed = validateSettings({ steps: 100_000, evalEvery: 1000 }, settings);
    const trainer = new Trainer(gpu, kernels, model, timed, { now: () => performance.now() });
    return {
      name,
      settings,
      model,
      trainer,
      rows: [] as Record<string, number>[],
      cost: { dispatches: 0, readbacks: 0, allocations: 0 },
      trained: [] as number[],
    };
  });
  await kernels.compile();
  for (let step = 0; step < repetitions + 2; step++) {
    for (const lane of made) {
      const { metrics, decisions, cost } = await lane.trainer.next();
      // The first steps compile and fill caches.
      if (step < 2) continue;
      lane.rows.push(metrics);
      lane.cost = cost;
      lane.trained.push(
        decisions.groups
          .flatMap(({ rollouts }) => rollouts.filter(({ source }) => source === 'policy'))
          .reduce((sum, { tokens }) => sum + tokens.length, 0),
      );
    }
  }
  return made.map(({ name, settings, model, trainer, rows, cost, trained }) => {
    const column = (id: string) => spread(rows.map((row) => row[id] ?? NaN));
    const stepMs = column('perf/step_ms');
    const rolloutMs = column('perf/rollout_ms');
    const trainMs = column('perf/train_ms');
    const tokens = quantile(trained, 0.5);
    const { M, N, shadow } = rolloutCounts(settings);
    const rollouts = settings.promptsPerStep * (M + N + shadow);
    const matrices = model.layout.matrixFloats;
    const models = N + shadow > 0 ? 3 : 2;
    // 2 operations per weight and token forward, 4 backward; decoding runs every rollout to the longest length.
    const flop = 2 * matrices * (rollouts * settings.maxCompletionLength + tokens * (models + 2));
    const held = trainer.engine.counts.bytes;
    trainer.destroy();
    return {
      lane: name,
      stepMs,
      rolloutMs,
      trainMs,
      voteMs: column('perf/vote_ms'),
      readbackMs: column('perf/readback_ms'),
      generatedTokensPerS: (1000 * rollouts * (tokens / (settings.promptsPerStep * M))) / rolloutMs.median,
      trainedTokensPerS: (1000 * tokens) / trainMs.median,
      matrixGflopPerS: flop / (rolloutMs.median + trainMs.median) / 1e6,
      ...cost,
      bytes: held,
    };
  });
}

function print(result: {
  adapter: { vendor: string; architecture: string; description: string };
  lanes: readonly LaneFigures[];
  mgrpoOverSrt: number;
  byGroup: readonly { groupSize: number; stepMs: number; msPerRollout: number }[];
  matmul: readonly { what: string; gflopPerS: number }[];
  rooflineShare: readonly number[];
  repetitions: number;
}): void {
  const n = (value: number, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
  const range = ({ median, p10, p90 }: Spread) => `${n(median)} (${n(p10)}–${n(p90)})`;
  console.log(`${result.adapter.vendor} ${result.adapter.architecture} · ${result.adapter.description}`);
  console.log(`preset duel, ${String(result.repetitions)} steps of each lane in turn; median (p10–p90)\n`);
  const rows: [string, (lane: LaneFigures, index: number) => string][] = [
    ['step, ms', ({ stepMs }) => range(stepMs)],
    ['  rollout, ms', ({ rolloutMs }) => range(rolloutMs)],
    ['  update, ms', ({ trainMs }) => range(trainMs)],
    ['  vote, ms', ({ voteMs }) => range(voteMs)],
    ['  readback, ms', ({ readbackMs }) => range(readbackMs)],
    ['generated tokens/s', ({ generatedTokensPerS }) => n(generatedTokensPerS, 0)],
    ['trained tokens/s', ({ trainedTokensPerS }) => n(trainedTokensPerS, 0)],
    ['matrix work, GFLOP/s', ({ matrixGflopPerS }) => n(matrixGflopPerS, 2)],
    ['  share of best product', (_, i) => n(result.rooflineShare[i] ?? NaN, 2)],
    ['dispatches per step', ({ dispatches }) => String(dispatches)],
    ['readbacks per step', ({ readbacks }) => String(readbacks)],
    ['allocations per step', ({ allocations }) => String(allocations)],
    ['GPU memory, MiB', ({ bytes }) => n(bytes / 2 ** 20)],
  ];
  console.log(`${''.padEnd(26)}${result.lanes.map(({ lane }) => lane.padStart(24)).join('')}`);
  for (const [name, value] of rows)
    console.log(`${name.padEnd(26)}${result.lanes.map((lane, i) => value(lane, i).padStart(24)).join('')}`);
  console.log(`\nM-GRPO + IQR over SRT (with its shadow anchor), step time: ${n(result.mgrpoOverSrt, 2)}`);
  console.log('\nG      step, ms   ms per rollout');
  for (const { groupSize, stepMs, msPerRollout } of result.byGroup)
    console.log(`${String(groupSize).padEnd(6)} ${n(stepMs).padStart(8)}   ${n(msPerRollout, 3)}`);
  console.log('\nmatrix products, 2048 rows');
  for (const { what, gflopPerS } of result.matmul)
    console.log(`${what.padEnd(34)} ${n(gflopPerS, 2)} GFLOP/s`);
}
