import { Engine } from '../engine/engine.ts';
import type { TrainingGroup } from '../engine/rows.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { randomReals, randomStream } from '../lib/philox.ts';
import type { BaseModel } from '../model/baseModel.ts';
import type { ModelConfig } from '../model/config.ts';
import { layoutOf } from '../model/layout.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { SolvedTask } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { drawTrainingProblem } from '../tasks/draw.ts';
import { promptTokens } from '../tasks/promptTokens.ts';
import { Evaluator, evaluationChunk } from './evaluate.ts';

/** Supervised training of a base model (docs/algorithm.md, base models). */
export interface Pretraining {
  readonly task: SolvedTask;
  /** Levels and how often each is drawn. */
  readonly levels: readonly { readonly level: number; readonly weight: number }[];
  /** Probability that a digit of the completion is replaced by a uniform one: single samples err, a vote does not. */
  readonly noise: number;
  readonly learningRate: number;
  /** Length of the schedule. */
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
}

const warmupSteps = 50;
const floor = 0.1;

/** Matrices N(0, 0.02·√(768/hidden)), gains 1; deterministic in the seed. */
export function initialModel(config: ModelConfig, tokenizer: Tokenizer, seed: number): BaseModel {
  const layout = layoutOf(config);
  const uniform = randomReals(seed, 'initialisation', 0);
  const scale = 0.02 * Math.sqrt(768 / config.hidden_size);
  const weights = new Float32Array(layout.size);
  for (const { shape, offset, length } of layout.tensors) {
    for (let i = 0; i < length; i++) {
      // Box–Muller; a tensor of one axis is the gain of a norm.
      weights[offset + i] =
        shape.length === 1
          ? 1
          : scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    }
  }
  return { config, layout, tokenizer, weights };
}

/** Masked cross-entropy on completion tokens, AdamW (0.9, 0.95), warm-up × cosine to a tenth. */
export class Pretrainer {
  readonly engine: Engine;
  readonly #of: Pretraining;
  readonly #tokenizer: Tokenizer;
  readonly #evaluation: Evaluator;
  #step = 0;

  constructor(gpu: Gpu, kernels: Kernels, model: BaseModel, of: Pretraining, settings: Settings) {
    this.#of = of;
    const { tokenizer } = model;
    this.#tokenizer = tokenizer;
    const longest = Math.max(...of.levels.map(({ level }) => level));
    const evaluated = evaluationChunk(of.task, settings, tokenizer);
    this.engine = new Engine(gpu, kernels, model, {
      update: {
        prompts: of.batch,
        completions: of.batch,
        maxPromptLength: promptTokens(of.task, longest, tokenizer),
        maxCompletionLength: tokenizer.mostTokens(of.task.completionLength(longest)),
        withReference: false,
        withAnchor: false,
      },
      evaluation: {
        prompts: evaluated.rollouts,
        ...evaluated,
        maxCompletionLength: settings.maxCompletionLength,
        endToken: tokenizer.endToken,
      },
    });
    this.#evaluation = new Evaluator(settings, of.task, tokenizer, false);
  }

  /** One batch. @returns mean cross-entropy per completion token, nats */
  async next(): Promise<number> {
    const { steps, learningRate } = this.#of;
    const warm = Math.min(1, (this.#step + 1) / warmupSteps);
    const cosine = floor + ((1 - floor) * (1 + Math.cos((Math.PI * this.#step) / steps))) / 2;
    // Policy loss with advantage 1 and ratio 1 is −ln π: cross-entropy.
    this.engine.update(
      this.#draw(this.#step),
      true,
      { temperature: 1, clipLow: 0, clipHigh: 0, klCoefficient: 0, entropyBonus: 0 },
      {
        update: ++this.#step,
        learningRate: learningRate * warm * cosine,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weightDecay: 0.01,
        maxNorm: 1,
        anchorMomentum: null,
      },
    );
    const { report } = await this.engine.read(null, true);
    return -(report?.logProb ?? NaN);
  }

  evaluate(): Promise<Partial<MetricRow>> {
    return this.#evaluation.measure(this.engine, this.#step);
  }

  #draw(step: number): TrainingGroup[] {
    const { task, levels, batch, seed, noise } = this.#of;
    const random = randomStream(seed, 'pretraining', step);
    const chance = randomReals(seed, 'noise', step);
    const total = levels.reduce((sum, { weight }) => sum + weight, 0);
    const drawn = Array.from({ length: batch }, () => {
      let left = random(total);
      const { level } = levels.find(({ weight }) => (left -= weight) < 0) ?? { level: 1 };
      const { prompt } = drawTrainingProblem(task, level, random);
      const completion = Array.from(task.complete(prompt), (character) =>
        /\d/.test(character) && chance() < noise ? String(Math.floor(10 * chance())) : character,
      ).join('');
      return { prompt: this.#tokenizer.encode(prompt), tokens: this.#tokenizer.encode(completion) };
    });
    const tokens = drawn.reduce((sum, one) => sum + one.tokens.length, 0);
    return drawn.map(({ prompt, tokens: completion }) => ({
      prompt,
      completions: [{ tokens: completion, advantage: 1, weight: 1 / tokens }],
    }));
  }
}
