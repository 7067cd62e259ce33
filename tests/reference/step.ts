import type { MetricRow } from '../../src/spec/metrics.ts';
import { update, type OptimizerState } from './adamw_ema.ts';
import { clipFactor, norm } from './grad_norm.ts';
import { at } from './indexing.ts';
import { policyGradient, scores, type TrainedRollout } from './policy_gradient.ts';
import { k3, tokenWeights, type LossType, type PolicyLossSettings } from './policy_loss.ts';
import {
  average,
  decide,
  learningRateOf,
  momentumOf,
  recipes,
  type Decision,
  type Recipe,
  type RuleSettings,
  type Sampled,
  type Schedule,
} from './rules.ts';
import { pairsOf, sampleMetrics, type PairShares } from './step_metrics.ts';
import { tensorShapes, type Qwen3Config, type Weights } from './weights.ts';

/** Every knob that a step reads; the lab's settings have them all. */
export interface StepSettings extends RuleSettings, Schedule, PolicyLossSettings {
  readonly algorithm: string;
  readonly maxCompletionLength: number;
  readonly lossType: LossType;
  readonly updatesPerBatch: number;
  readonly maxGradNorm: number;
  readonly adamBeta1: number;
  readonly adamBeta2: number;
  readonly adamEpsilon: number;
  readonly weightDecay: number;
  readonly anchorMomentum: number;
  readonly momentumSchedule: 'constant' | 'cosine';
  readonly anchorMomentumEnd: number;
  /** Whether an algorithm without an anchor has one that is only watched. */
  readonly monitorAnchor: boolean;
}

/** What the next step builds on. Parameters are flat, tensor after tensor as `tensorShapes` lists them. */
export interface RunState {
  readonly optimizer: OptimizerState;
  /** Optimiser updates that the moments have seen. */
  readonly updates: number;
  /** Pair shares of the last steps, oldest first. */
  readonly overlap: readonly PairShares[];
}

/** The model in training and the frozen one of the KL term. */
export interface Models {
  readonly config: Qwen3Config;
  readonly reference: Weights;
}

export interface Stepped {
  readonly state: RunState;
  /** [B] */
  readonly decisions: readonly Decision[];
  /** All but times, evaluations and the early warning; NaN where there was nothing to measure. */
  readonly metrics: Partial<MetricRow>;
}

/** Tensors by name → flat. */
export function flatten(config: Qwen3Config, weights: Weights): Float64Array {
  return Float64Array.from(
    [...tensorShapes(config).keys()].flatMap((name) => [...(weights.get(name) ?? [NaN])]),
  );
}

/** Flat → tensors by name. */
export function byName(config: Qwen3Config, flat: Float64Array): Map<string, Float64Array> {
  let next = 0;
  return new Map(
    [...tensorShapes(config)].map(([name, shape]) => [
      name,
      flat.slice(next, (next += shape.reduce((product, length) => product * length, 1))),
    ]),
  );
}

/** 1 for every entry of a matrix, 0 for every gain: where weight decay applies. */
function decaysOf(config: Qwen3Config): Float64Array {
  return Float64Array.from(
    [...tensorShapes(config).values()].flatMap((shape) =>
      new Array<number>(shape.reduce((product, length) => product * length, 1)).fill(
        shape.length === 2 ? 1 : 0,
      ),
    ),
  );
}

export function recipeOf(algorithm: string): Recipe {
  const recipe = recipes[algorithm];
  if (recipe === undefined) throw new Error(`tests/reference/rules.ts has no recipe "${algorithm}"`);
  return recipe;
}

/** Whether a run of these settings has an anchor at all. */
export function keepsAnchor({ algorithm, monitorAnchor }: StepSettings): boolean {
  return recipeOf(algorithm).anchor || monitorAnchor;
}

/** A run before its first step. */
export function firstState({ config, reference }: Models): RunState {
  const policy = flatten(config, reference);
  const nothing = new Float64Array(policy.length);
  return { optimizer: { policy, anchor: policy, m: nothing, v: nothing }, updates: 0, overlap: [] };
}

/** The kept policy completions of the groups that are not skipped, with advantages and weights. */
function trainedRollouts(
  batch: readonly Sampled[],
  decisions: readonly Decision[],
  { lossType, maxCompletionLength }: StepSettings,
): TrainedRollout[] {
  const policy = batch.flatMap(({ prompt, rollouts }, b) => {
    const { advantages = null, kept = [] } = decisions[b] ?? {};
    return rollouts
      .filter(({ source }) => source === 'policy')
      .map(({ tokens }, i) => ({
        prompt,
        completion: tokens,
        trained: advantages !== null && kept[i] === true,
        advantage: advantages?.[i] ?? 0,
      }));
  });
  const weights = tokenWeights(
    lossType,
    policy.map(({ completion }) => completion.length),
    policy.map(({ trained }) => trained),
    maxCompletionLength,
  );
  return policy.flatMap(({ trained, ...rollout }, i) =>
    trained ? [{ ...rollout, weight: at(weights, i), oldLogProbs: null, refLogProbs: [] }] : [],
  );
}

/** Cuts numbers of all tokens, rollout after rollout, into those of each rollout. */
function perRollout(rollouts: readonly TrainedRollout[], values: Float64Array): number[][] {
  let next = 0;
  return rollouts.map(({ completion }) => [...values.slice(next, (next += completion.length))]);
}

interface Updated {
  readonly optimizer: OptimizerState;
  /** Of the last update, before it. */
  readonly loss: number;
  readonly gradNorm: number;
  readonly clippedShare: number;
  readonly klReference: number;
  readonly klAnchor: number;
}

/** Steps 7 to 9: every update of a batch, and the anchor once, after the last. */
function updateAll(
  { config, reference }: Models,
  before: RunState,
  rollouts: readonly TrainedRollout[],
  step: number,
  settings: StepSettings,
): Updated {
  const learningRate = learningRateOf(step, settings);
  const logProbsOf = (weights: Weights) => scores(config, weights, rollouts, settings.temperature).logProb;
  const refLogProbs = perRollout(rollouts, logProbsOf(reference));
  const anchorLogProbs = logProbsOf(byName(config, before.optimizer.anchor));
  let oldLogProbs: number[][] | null = null;
  let { optimizer } = before;
  let report = { loss: NaN, gradNorm: NaN, clippedShare: NaN, klReference: NaN, klAnchor: NaN };
  for (let u = 1; u <= settings.updatesPerBatch; u++) {
    const scored = policyGradient(
      config,
      byName(config, optimizer.policy),
      rollouts.map((rollout, i) => ({
        ...rollout,
        oldLogProbs: oldLogProbs?.[i] ?? null,
        refLogProbs: refLogProbs[i] ?? [],
      })),
      settings,
    );
    oldLogProbs ??= perRollout(rollouts, scored.logProb);
    const gradient = flatten(config, scored.grads);
    const gradNorm = norm(gradient);
    report = {
      loss: scored.loss,
      gradNorm,
      clippedShare: average([...scored.clipped]),
      klReference: average([...scored.klReference]),
      klAnchor: average([...scored.logProb].map((value, i) => k3(value, at(anchorLogProbs, i)).value)),
    };
    const last = u === settings.updatesPerBatch;
    optimizer = update(
      optimizer,
      gradient,
      decaysOf(config),
      {
        learningRate,
        beta1: settings.adamBeta1,
        beta2: settings.adamBeta2,
        eps: settings.adamEpsilon,
        weightDecay: settings.weightDecay,
        anchorMomentum: last && keepsAnchor(settings) ? momentumOf(step, settings) : 1,
      },
      before.updates + u,
      clipFactor(gradNorm, settings.maxGradNorm),
    );
  }
  return { optimizer, ...report };
}

/**
 * One whole training step on given rollouts: everything between prompts and metrics (docs/algorithm.md).
 * @param step number of this step, from 1
 * @param chance uniform in (0, 1), one call a rollout where rewards are drawn by lot
 */
export function trainStep(
  models: Models,
  before: RunState,
  batch: readonly Sampled[],
  step: number,
  settings: StepSettings,
  chance: () => number,
): Stepped {
  const recipe = recipeOf(settings.algorithm);
  const decisions = decide(batch, recipe, settings, chance);
  const rollouts = trainedRollouts(batch, decisions, settings);
  const { optimizer, ...report } = updateAll(models, before, rollouts, step, settings);
  const pairs = pairsOf(batch);
  const overlap = pairs === null ? before.overlap : [...before.overlap, pairs].slice(-10);
  const anchored = keepsAnchor(settings);
  const apart = norm(optimizer.policy.map((value, i) => value - at(optimizer.anchor, i)));
  return {
    state: { optimizer, updates: before.updates + settings.updatesPerBatch, overlap },
    decisions,
    metrics: {
      step,
      ...sampleMetrics(batch, decisions, pairs === null ? [] : overlap),
      'policy/kl_ref': report.klReference,
      'policy/kl_anchor': anchored ? report.klAnchor : NaN,
      'anchor/distance': anchored ? apart / norm(optimizer.policy) : NaN,
      'optim/grad_norm': report.gradNorm,
      'optim/lr': learningRateOf(step, settings),
      'optim/loss': report.loss,
      'optim/clipped': report.clippedShare,
    },
  };
}

/** The guard's rule: back to an earlier state, at a lower learning rate; steps are counted on. */
export function rolledBack(
  states: readonly { readonly step: number; readonly state: RunState }[],
  step: number,
  {
    guardStepsBack,
    guardFactor,
    learningRate,
  }: Readonly<Record<'guardStepsBack' | 'guardFactor' | 'learningRate', number>>,
): { readonly to: number; readonly state: RunState; readonly learningRate: number } {
  const old = states.filter((kept) => kept.step <= step - guardStepsBack);
  const chosen = old.at(-1) ?? states[0];
  if (chosen === undefined) throw new RangeError('a run has at least the state it began with');
  return { to: chosen.step, state: chosen.state, learningRate: learningRate * guardFactor };
}
