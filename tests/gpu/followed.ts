import { expect } from 'vitest';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Kernels } from '../../src/gpu/kernel.ts';
import { randomReals } from '../../src/lib/philox.ts';
import type { BaseModel } from '../../src/model/baseModel.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import { applyLive } from '../../src/settings/settings.ts';
import type { Rollout } from '../../src/spec/group.ts';
import { metricIds, type MetricId, type MetricRow } from '../../src/spec/metrics.ts';
import type { Tokenizer } from '../../src/spec/tokenizer.ts';
import type { Checkpoint } from '../../src/trainer/checkpoint.ts';
import type { StepDecisions } from '../../src/trainer/decide.ts';
import { Trainer, type StepResult, type TrainerOptions } from '../../src/trainer/trainer.ts';
import type { DecisionInFile } from '../fixtures/trajectory.ts';
import { compare } from '../reference/compare.ts';
import { at } from '../reference/indexing.ts';
import { scores } from '../reference/policy_gradient.ts';
import { average, type Sampled } from '../reference/rules.ts';
import {
  byName,
  firstState,
  flatten,
  keepsAnchor,
  rolledBack,
  trainStep,
  type Models,
  type RunState,
  type Stepped,
} from '../reference/step.ts';
import { agree } from './agree.ts';
import { named } from './trainee.ts';

/** What the oracle says nothing of: times, evaluations, and the score of the early warning. */
const unspoken = /^(perf|eval|warning|guard)\//;

/** Metrics that follow from numbers of the model; the others from decisions alone. */
const ofTheModel: readonly MetricId[] = [
  'policy/kl_ref',
  'policy/kl_anchor',
  'anchor/distance',
  'optim/grad_norm',
  'optim/loss',
];

/**
 * How far f32 may be from float64 after a few steps, each relative to the largest of its kind. A wrong rule is off by
 * a tenth and more.
 */
export const tolerances = {
  /** Of ln π, entropy and self-certainty of what was sampled. */
  sampled: 5e-4,
  /** Of what is counted or averaged over the same numbers. */
  counted: 1e-6,
  /** Of loss, norms and KL, relative. */
  measured: 2e-3,
  /** Of a tensor's change since the run's start, and of the moments, relative to the largest entry. */
  parameters: 2e-3,
} as const;

export function modelsOf({ config, layout, weights }: BaseModel): Models {
  return { config, reference: named(weights, layout) };
}

/** A trainer on the device, with the float64 oracle doing the same beside it: nothing is copied back from the device but what it sampled. */
export class Followed {
  readonly trainer: Trainer;
  readonly base: BaseModel;
  readonly models: Models;
  settings: Settings;
  state: RunState;
  /** What the guard could go back to, oldest first. */
  readonly kept: { readonly step: number; readonly state: RunState }[];

  private constructor(trainer: Trainer, base: BaseModel, settings: Settings, state: RunState) {
    this.trainer = trainer;
    this.base = base;
    this.models = modelsOf(base);
    this.settings = settings;
    this.state = state;
    this.kept = [{ step: trainer.step, state }];
  }

  /** @param fork where to go on, and what the oracle has there */
  static async start(
    { gpu, kernels }: { readonly gpu: Gpu; readonly kernels: Kernels },
    base: BaseModel,
    settings: Settings,
    options: Partial<TrainerOptions> = {},
    fork?: { readonly checkpoint: Checkpoint; readonly state: RunState },
  ): Promise<Followed> {
    const trainer = new Trainer(gpu, kernels, base, settings, {
      now: () => 0,
      checkpoints: true,
      ...options,
      ...(fork === undefined ? {} : { from: fork.checkpoint }),
    });
    await kernels.compile();
    return new Followed(trainer, base, settings, fork?.state ?? firstState(modelsOf(base)));
  }

  change(changes: Partial<Settings>): void {
    this.trainer.change(changes);
    this.settings = applyLive(this.settings, changes);
  }

  /** One step on both sides; fails where they differ. */
  async step(): Promise<{ readonly result: StepResult; readonly expected: Stepped }> {
    const result = await this.trainer.next();
    const { step } = this.trainer;
    const batch = sampledOf(result.decisions, this.trainer.tokenizer);
    this.#sampledAlike(batch);
    const expected = trainStep(
      this.models,
      this.state,
      batch,
      step,
      this.settings,
      randomReals(this.settings.seed, 'reward', step),
    );
    decidedAlike(result.decisions, expected.decisions);
    measuredAlike(result.metrics, expected.metrics);
    this.state = expected.state;
    const { guard, guardThreshold, checkpointEvery } = this.settings;
    const acts = guard === 'rollback' && (result.metrics['warning/score'] ?? NaN) >= guardThreshold;
    expect(result.guarded !== null, 'the guard acted').toBe(acts);
    if (acts) {
      const { to, state, learningRate } = rolledBack(this.kept, step, this.settings);
      this.state = state;
      this.settings = { ...this.settings, learningRate };
      this.kept.splice(this.kept.findIndex((old) => old.step === to) + 1);
      expect(result.metrics['guard/rolled_back_to']).toBe(to);
    }
    if (step % checkpointEvery === 0) this.kept.push({ step, state: this.state });
    expect(this.trainer.settings).toEqual(this.settings);
    await this.#stateAlike();
    return { result, expected };
  }

  /** The device's rollouts are those of the models that the oracle has. */
  #sampledAlike(batch: readonly Sampled[]): void {
    const { config } = this.models;
    const { temperature } = this.settings;
    for (const source of ['policy', 'anchor'] as const) {
      const rolled = batch.flatMap(({ prompt, rollouts, shadow }) =>
        [...rollouts, ...shadow]
          .filter((rollout) => rollout.source === source)
          .map((rollout) => ({ prompt, completion: rollout.tokens, rollout })),
      );
      if (source === 'anchor' && !keepsAnchor(this.settings)) continue;
      const weights = byName(config, this.state.optimizer[source]);
      const { logProb, entropy, selfCertainty } = scores(config, weights, rolled, temperature);
      const all = (of: (rollout: Rollout) => ArrayLike<number>) =>
        rolled.flatMap(({ rollout }) => Array.from(of(rollout)));
      agree(
        `${source}’s ln π`,
        all(({ logProbs }) => logProbs),
        logProb,
        tolerances.sampled,
      );
      agree(
        `${source}’s entropy`,
        all(({ entropies }) => entropies),
        entropy,
        tolerances.sampled,
      );
      let next = 0;
      const certainty = rolled.map(({ completion }) =>
        average([...selfCertainty.slice(next, (next += completion.length))]),
      );
      agree(
        `${source}’s self-certainty`,
        rolled.map(({ rollout }) => rollout.selfCertainty),
        certainty,
        tolerances.sampled,
      );
    }
  }

  /** Parameters, anchor and moments on the device are the oracle's, tensor by tensor. */
  async #stateAlike(): Promise<void> {
    const { config } = this.models;
    const read = await this.trainer.engine.readState();
    const start = flatten(config, this.models.reference);
    for (const part of ['policy', 'anchor', 'm', 'v'] as const) {
      if (part === 'anchor' && !keepsAnchor(this.settings)) continue;
      const moved = part === 'policy' || part === 'anchor';
      const change = (values: Float64Array) =>
        byName(config, moved ? values.map((value, i) => value - at(start, i)) : values);
      const actual = change(flatten(config, named(read[part], this.base.layout)));
      for (const [name, values] of change(this.state.optimizer[part])) {
        const largest = Math.max(...values.map(Math.abs)) || 1;
        const scaled = (of: Float64Array | undefined) => (of ?? new Float64Array()).map((x) => x / largest);
        agree(`${part} of ${name}`, scaled(actual.get(name)), scaled(values), tolerances.parameters);
      }
    }
  }
}

function sampledOf({ problems, groups, shadow }: StepDecisions, { encode }: Tokenizer): Sampled[] {
  return groups.map(({ prompt, rollouts }, b) => ({
    prompt: encode(prompt),
    solution: problems[b]?.solution ?? null,
    rollouts,
    shadow: shadow[b] ?? [],
  }));
}

/** Filters, labels, rewards and advantages of a step are the oracle's. */
export function decidedAlike(device: StepDecisions, decisions: readonly DecisionInFile[]): void {
  expect(device.groups.length).toBe(decisions.length);
  decisions.forEach((expected, b) => {
    const filter = device.filters[b];
    const label = device.labels[b];
    expect(filter?.kept, 'kept').toEqual(expected.kept);
    expect({ answer: label?.answer, tied: label?.tied }, 'label').toEqual({
      answer: expected.label,
      tied: expected.tied,
    });
    // Of a file, where NaN is null.
    expect(device.rewards[b], 'rewards').toEqual(expected.rewards.map((reward) => reward ?? NaN));
    const advantages = device.advantages[b] ?? null;
    expect(advantages === null, 'skipped').toBe(expected.advantages === null);
    agree('advantages', advantages ?? [], expected.advantages ?? [], 1e-9);
  });
}

/** Every metric of the table that is measured at a step, but those that the oracle says nothing of; null as NaN. */
export function measuredAlike(
  device: Partial<MetricRow>,
  expected: Readonly<Partial<Record<MetricId, number | null>>>,
): void {
  for (const id of metricIds.filter((one) => !unspoken.test(one))) {
    const [value, wanted] = [device[id] ?? NaN, expected[id]];
    if (wanted === undefined) {
      // The rooms that must be complete; what others add elsewhere has tests of its own.
      expect(id, 'tests/reference/step_metrics.ts lacks').not.toMatch(/^(optim|policy|vote|filter)\//);
      continue;
    }
    if (wanted === null || Number.isNaN(wanted)) {
      expect(value, id).toBeNaN();
      continue;
    }
    const scale = ofTheModel.includes(id) ? Math.abs(wanted) || 1 : 1;
    const tolerance = ofTheModel.includes(id) ? tolerances.measured : tolerances.counted;
    expect(compare([value / scale], [wanted / scale], tolerance).message, id).toBe('');
  }
}
