import type { BenchResult } from './bench.ts';
import type { Spread, StepFigures } from './steps.ts';

/** A table as text: the first row is its head, the first column names the rest. */
export interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

const figure = (value: number, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const range = ({ median, p10, p90 }: Spread) => `${figure(median)} (${figure(p10)}–${figure(p90)})`;

/** The figures of a benchmark as people read them; the same on a terminal and in the page. */
export function tablesOf(result: BenchResult): Table[] {
  const { lanes, bestGflopPerS: best, start } = result;
  const share = ({ matrixGflopPerS }: StepFigures) => figure(matrixGflopPerS / best, 2);
  const line = (name: string, of: (figures: StepFigures) => string) => [name, ...lanes.map(of)];
  const tables: Table[] = [
    {
      title: `Preset duel: ${String(result.repetitions)} steps of each lane in turn, median (p10–p90)`,
      rows: [
        ['', ...lanes.map(({ name }) => name)],
        line('step, ms', ({ stepMs }) => range(stepMs)),
        line('rollout, ms', ({ rolloutMs }) => range(rolloutMs)),
        line('update, ms', ({ trainMs }) => range(trainMs)),
        line('vote, ms', ({ voteMs }) => range(voteMs)),
        line('readback, ms', ({ readbackMs }) => range(readbackMs)),
        line('generated tokens/s', ({ generatedTokensPerS }) => figure(generatedTokensPerS, 0)),
        line('trained tokens/s', ({ trainedTokensPerS }) => figure(trainedTokensPerS, 0)),
        line('matrix work, GFLOP/s', ({ matrixGflopPerS }) => figure(matrixGflopPerS, 2)),
        line('share of the best product', share),
        line('dispatches', ({ dispatches }) => String(dispatches)),
        line('readbacks', ({ readbacks }) => String(readbacks)),
        line('allocations', ({ allocations }) => String(allocations)),
        line('GPU memory, MiB', ({ bytes }) => figure(bytes / 2 ** 20)),
        line('rollout by', ({ plan }) => plan.rollout),
        line('products', ({ plan: { matmul } }) => `${matmul.forward}, ${matmul.backward}, ${matmul.weight}`),
      ],
    },
    {
      title: 'M-GRPO + IQR over SRT',
      rows: [
        ['', 'ratio'],
        ['step time at equal G', figure(result.overSrt, 2)],
      ],
    },
    {
      title: 'From nothing to the first step, preset duel, M-GRPO + IQR',
      rows: [
        ['', 'ms'],
        ['pipelines compiled', figure(start.compileMs, 0)],
        ['evaluation at step 0', figure(start.evaluationMs, 0)],
        ['Train to first step', figure(start.firstStepMs, 0)],
      ],
    },
    {
      title: 'The adapter at its best',
      rows: [
        ['', 'rate'],
        ...result.products.map(({ what, gflopPerS }) => [what, `${figure(gflopPerS, 2)} GFLOP/s`]),
        ['copy, read and written', `${figure(result.copyBytesPerS / 1e9, 2)} GB/s`],
      ],
    },
  ];
  if (result.kernels.length > 0) {
    const total = result.kernels.reduce((sum, { ms }) => sum + ms, 0);
    tables.push({
      title: 'A step of M-GRPO + IQR, kernel by kernel, each dispatch in a pass of its own',
      rows: [
        ['kernel', 'dispatches', 'ms', 'share'],
        ...result.kernels.map(({ kernel, dispatches, ms }) => [
          kernel,
          String(dispatches),
          figure(ms, 2),
          figure(ms / total, 2),
        ]),
      ],
    });
  }
  if (result.layouts.length > 0) {
    tables.push({
      title: 'Layouts of a rollout, preset duel, M-GRPO + IQR: what a trial tries',
      rows: [
        ['layout', 'a rollout, ms', 'compiled in, ms'],
        ...result.layouts.map((of) =>
          'refused' in of
            ? [of.rollout, of.refused, '']
            : [of.rollout, figure(of.ms, 2), figure(of.compileMs, 0)],
        ),
      ],
    });
  }
  if (result.byGroup.length > 0) {
    tables.push({
      title: 'Cost against G: M-GRPO + IQR, 8 prompts',
      rows: [
        ['G', 'step, ms', 'ms per rollout', 'rollout, ms', 'update, ms', 'dispatches'],
        ...result.byGroup.map(({ groupSize, stepMs, msPerRollout, rolloutMs, trainMs, dispatches }) => [
          String(groupSize),
          figure(stepMs.median),
          figure(msPerRollout, 3),
          figure(rolloutMs.median),
          figure(trainMs.median),
          String(dispatches),
        ]),
      ],
    });
  }
  if (result.bySize.length > 0) {
    tables.push({
      title: `Sizes: hidden × layers, ${String(result.bySize[0]?.rollouts ?? 0)} rollouts, untrained weights, Intuitor`,
      rows: [
        [
          '',
          'parameters',
          'step, ms',
          'generated tokens/s',
          'trained tokens/s',
          'share',
          'MiB',
          'rollout by',
        ],
        ...result.bySize.map((of) => [
          of.name,
          of.parameters.toLocaleString('en'),
          figure(of.stepMs.median),
          figure(of.generatedTokensPerS, 0),
          figure(of.trainedTokensPerS, 0),
          share(of),
          figure(of.bytes / 2 ** 20),
          of.plan.rollout,
        ]),
      ],
    });
  }
  return tables;
}
