import { at, expectLength, type Numbers } from './indexing.ts';

export interface OptimizerState {
  readonly policy: Float64Array;
  readonly anchor: Float64Array;
  /** First and second moment. */
  readonly m: Float64Array;
  readonly v: Float64Array;
}

export interface OptimizerSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** Anchor momentum: 1 freezes the anchor, 0 makes it the policy. */
  readonly anchorMomentum: number;
}

/** A fresh state: moments 0, anchor a copy of the policy. */
export function initialState(policy: Numbers): OptimizerState {
  return {
    policy: Float64Array.from(policy),
    anchor: Float64Array.from(policy),
    m: new Float64Array(policy.length),
    v: new Float64Array(policy.length),
  };
}

/**
 * With g = clipFactor·gradient, t = step ≥ 1, λ = weightDecay·decays[i]:
 * m ← β1·m + (1 − β1)·g,   v ← β2·v + (1 − β2)·g²,
 * θq ← θq·(1 − lr·λ) − lr·(m/(1 − β1^t)) / (√(v/(1 − β2^t)) + eps),   θk ← μ·θk + (1 − μ)·θq (the new θq)
 * @param gradient unclipped, [parameters]
 * @param decays 1 where weight decay applies (matrices), 0 elsewhere (gains), [parameters]
 * @source Loshchilov & Hutter 2019 (arXiv 1711.05101), in the order of PyTorch's AdamW
 */
export function update(
  state: OptimizerState,
  gradient: Numbers,
  decays: Numbers,
  settings: OptimizerSettings,
  step: number,
  clipFactor: number,
): OptimizerState {
  const { learningRate, beta1, beta2, eps, weightDecay, anchorMomentum } = settings;
  const size = state.policy.length;
  expectLength('gradient', gradient, size);
  expectLength('decays', decays, size);
  const next = initialState(state.policy);
  for (let i = 0; i < size; i++) {
    const g = clipFactor * at(gradient, i);
    const m = beta1 * at(state.m, i) + (1 - beta1) * g;
    const v = beta2 * at(state.v, i) + (1 - beta2) * g * g;
    const direction = m / (1 - beta1 ** step) / (Math.sqrt(v / (1 - beta2 ** step)) + eps);
    const decayed = at(state.policy, i) * (1 - learningRate * weightDecay * at(decays, i));
    const policy = decayed - learningRate * direction;
    next.m[i] = m;
    next.v[i] = v;
    next.policy[i] = policy;
    next.anchor[i] = anchorMomentum * at(state.anchor, i) + (1 - anchorMomentum) * policy;
  }
  return next;
}
