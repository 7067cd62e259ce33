import type { EngineCapacity } from '../engine/engine.ts';
import { trainingNeed, type AdapterTraining } from '../engine/frozen/adapterEngine.ts';
import type { WeightChoice } from '../engine/frozen/matrix.ts';
import { needOf, type FrozenCapacity } from '../engine/frozen/sizes.ts';
import type { AdapterSummary, Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import { adaptable } from '../model/pretrained/adapter.ts';
import type { Pretrained } from '../model/pretrained/pretrained.ts';
import { timeAdapter } from './adapterPrice.ts';
import { timeFrozen, type Range } from './frozenPrice.ts';
import type { Now } from './steps.ts';
import type { Table } from './tables.ts';

/** What is timed. */
export interface TimedWork {
  /** Completions in flight. */
  readonly inFlight: readonly number[];
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of a step. */
  readonly prompts: number;
  readonly groupSize: number;
  readonly rank: number;
}

/** As GSM8K has them: questions of 60 to 128 tokens, answers of 90 to 150. */
const wordProblems: TimedWork = {
  ...{ inFlight: [1, 8, 32, 64], promptTokens: 96, completionTokens: 160 },
  ...{ prompts: 4, groupSize: 8, rank: 8 },
};

/** What a model of these shapes does on an adapter. */
export interface ModelFigures {
  readonly adapter: AdapterSummary;
  readonly weights: WeightChoice;
  readonly sampling: readonly {
    readonly inFlight: number;
    /** Of all completions together. */
    readonly tokensPerS: Range;
    readonly promptTokensPerS: Range;
    readonly bytes: number;
  }[];
  /** A step of an adapter on all seven matrices, completions as long as they may be, without an anchor. */
  readonly step: { readonly seconds: Range; readonly bytes: number };
  readonly work: TimedWork;
}

/**
 * Measures a model of these shapes with nothing in its weights: nothing of it is read but its header.
 * @param now milliseconds @param told of what comes next
 * @throws LabError `does-not-fit`
 */
export async function measureModel(
  gpu: Gpu,
  model: Pretrained,
  weights: WeightChoice,
  now: Now,
  told: (what: string) => void,
  work = wordProblems,
): Promise<ModelFigures> {
  const { prompts, promptTokens, completionTokens, rank } = work;
  const kernels = new Kernels(gpu);
  const sampling: ModelFigures['sampling'][number][] = [];
  for (const inFlight of work.inFlight) {
    told(`${String(inFlight)} in flight`);
    const capacity: FrozenCapacity = {
      ...{ completions: inFlight, passRows: 128, promptTokens: inFlight * promptTokens },
      ...{ maxPromptLength: promptTokens, maxCompletionLength: completionTokens },
    };
    const { position, promptToken } = await timeFrozen(gpu, kernels, model, weights, capacity, now, true);
    sampling.push({
      inFlight,
      tokensPerS: rate(inFlight, position),
      promptTokensPerS: rate(1, promptToken),
      bytes: needOf(model, weights, capacity).totalBytes,
    });
  }
  told('a step of training');
  const completions = prompts * work.groupSize;
  const training: AdapterTraining = {
    ...{ rank, targets: adaptable, trains: 'A and B', scale: 2, inFlight: completions, weights },
  };
  const lengths = { maxPromptLength: promptTokens, maxCompletionLength: completionTokens };
  const rollout = { prompts, rollouts: completions, ...lengths, endToken: 0 };
  const capacity: Required<EngineCapacity> = {
    update: { prompts, completions, ...lengths, withReference: true, withAnchor: false },
    rollout,
    evaluation: rollout,
  };
  const { position, promptToken, row } = await timeAdapter(
    gpu,
    kernels,
    model,
    training,
    capacity,
    now,
    true,
  );
  const prefix = promptTokens - 1;
  const at = (end: keyof Range): number =>
    prompts * prefix * promptToken[end] +
    completionTokens * position[end] +
    (prompts * prefix + completions * completionTokens) * row[end];
  const { totalBytes: bytes } = trainingNeed(model, training, capacity);
  return {
    ...{ adapter: gpu.adapter, weights, sampling },
    step: { seconds: { low: at('low'), high: at('high') }, bytes },
    work,
  };
}

/** So many of what takes some seconds each, a second. */
function rate(count: number, { low, high }: Range): Range {
  return { low: count / high, high: count / low };
}

/** The same as people read it. */
export function modelTables({ sampling, step: { seconds, bytes }, work: of }: ModelFigures): Table[] {
  const figure = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en');
  const range = ({ low, high }: Range): string => `${figure(low)} to ${figure(high)}`;
  const gigabytes = (size: number): string => (size / 1e9).toFixed(2);
  return [
    {
      title: `Sampling behind prompts of ${String(of.promptTokens)} tokens`,
      rows: [
        ['in flight', 'tokens/s', 'prompt tokens/s', 'GPU memory, GB'],
        ...sampling.map(({ inFlight, tokensPerS, promptTokensPerS, bytes: size }) => [
          String(inFlight),
          range(tokensPerS),
          range(promptTokensPerS),
          gigabytes(size),
        ]),
      ],
    },
    {
      title: `Training an adapter of rank ${String(of.rank)}: ${String(of.prompts)} prompts × ${String(of.groupSize)} completions of ${String(of.completionTokens)} tokens`,
      rows: [
        ['', 's a step', 'GPU memory, GB'],
        ['sampled and trained', range(seconds), gigabytes(bytes)],
      ],
    },
  ];
}
