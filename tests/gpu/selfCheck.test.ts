import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WgslModule } from '../../src/gpu/shader.ts';
import { openHeadless } from '../../src/cli/headless.ts';
import { fixedPlan } from '../../src/engine/plan.ts';
import { selfCheck } from '../../src/engine/selfCheck.ts';
import { selfCheckCase } from '../../src/engine/selfCheckCase.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels, type Kernel, type Overrides } from '../../src/gpu/kernel.ts';
import { policyGradient, type TrainedRollout } from '../reference/policy_gradient.ts';
import { agree } from './agree.ts';
import { computeAnswers } from './selfCheckAnswers.ts';
import { named } from './trainee.ts';

/**
 * Answers are stored beside the self-check, as the page has no oracle. To write them anew:
 * `LAB_WRITE_ANSWERS=1 npx vitest run --project gpu tests/gpu/selfCheck.test.ts`
 */
const file = new URL('../../src/engine/selfCheck.answers.json', import.meta.url);
const computed = computeAnswers();

describe('answers', () => {
  test('are those of the oracle', () => {
    const text = `${JSON.stringify(computed.answers).replaceAll('],"', '],\n"')}\n`;
    if (process.env.LAB_WRITE_ANSWERS === '1') writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('hold the gradient that whole sequences give, without sharing prompts', () => {
    const { config, layout, weights, groups, loss, batch, oldLogProb } = selfCheckCase();
    const rows = Array.from(batch.target.keys()).filter((row) => row < 11);
    expect(rows.length).toBe(11);
    // Rows of the first prompt's prefix come first and score nothing.
    let next = 2;
    const against = (of: TrainedRollout[], model: 'policy' | 'reference') =>
      policyGradient(config, named(weights[model], layout), of, loss);
    const bare = groups.flatMap(({ prompt, completions }) =>
      completions.map(({ tokens, advantage, weight }) => ({
        prompt,
        completion: tokens,
        advantage: Math.fround(advantage),
        weight: Math.fround(weight),
        oldLogProbs: Array.from(oldLogProb.subarray(next, (next += tokens.length))),
        refLogProbs: tokens.map(() => 0),
      })),
    );
    const reference = [...against(bare, 'reference').logProb];
    const scored = bare.map((rollout) => ({
      ...rollout,
      refLogProbs: reference.splice(0, rollout.completion.length),
    }));
    const { grads } = against(scored, 'policy');
    for (const [name, gradient] of grads) agree(name, computed.gradients.get(name) ?? [], gradient, 1e-12);
  });

  test('do not hang on rounding, and meet every branch', () => {
    const { loss, batch } = selfCheckCase();
    const { scored, logRatio, trained, rollouts } = computed;
    const ratios = [...logRatio].filter((_, row) => trained[row] === 1).map(Math.exp);
    for (const edge of [1 - loss.clipLow, 1 + loss.clipHigh, 3]) {
      for (const ratio of ratios) expect(Math.abs(ratio - edge)).toBeGreaterThan(0.01);
    }
    expect(new Set([...scored.clipped].filter((_, row) => trained[row] === 1))).toEqual(new Set([0, 1]));
    for (const kl of [scored.klReference, scored.klAnchor]) {
      expect(kl.some((value, row) => trained[row] === 1 && value > 0.01 && value < 9)).toBe(true);
    }
    expect([...trained].filter((value) => value === 0).length).toBeGreaterThan(0);
    expect(batch.rows).toBe(16);
    expect(computed.gradNorm).toBeGreaterThan(1);
    for (const { margin } of rollouts) expect(margin).toBeGreaterThan(2e-3);
    expect(new Set(rollouts.map(({ tokens }) => tokens.join(' '))).size).toBeGreaterThan(5);
  });
});

/** A driver that compiles one shader wrongly. */
class TamperedKernels extends Kernels {
  readonly #change: readonly [shader: string, from: string, to: string];
  changed = 0;

  constructor(gpu: Gpu, ...change: readonly [shader: string, from: string, to: string]) {
    super(gpu);
    this.#change = change;
  }

  override get(shader: WgslModule, overrides: Overrides = {}, prelude = ''): Kernel {
    const [name, from, to] = this.#change;
    if (shader.name !== name) return super.get(shader, overrides, prelude);
    const variants = Object.fromEntries(
      Object.entries(shader.variants).map(([twin, text]) => {
        const code = text.code.replaceAll(from, to);
        if (code === text.code) throw new Error(`${name} has no "${from}"`);
        return [twin, { ...text, code }];
      }),
    );
    this.changed++;
    return super.get({ ...shader, variants }, overrides, prelude);
  }
}

describe('on this device', () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openHeadless();
  });
  afterAll(() => gpu.device.destroy());

  test('passes, twice with the same kernels', async () => {
    const kernels = new Kernels(gpu);
    for (let time = 0; time < 2; time++) {
      const result = await selfCheck(gpu, kernels, fixedPlan);
      expect(result).toMatchObject({ ok: true });
      if (result.ok) expect(result.ms).toBeGreaterThan(0);
    }
  });

  test.each([
    ['ops/embed.forward', 'token[r] * params.hidden4', '(token[r] ^ 1u) * params.hidden4'],
    ['ops/matmul.forward', 'dot(xs[3], xs[3])', 'dot(xs[2], xs[2])'],
    ['ops/matmul.forward', 'vec4f(residual[at]) + value', 'value'],
    ['ops/matmul.forward', 'index < tiles_a + tiles_b', 'index > tiles_a'],
    ['ops/qk_norm_rope.forward', 'a * c - b * s', 'a * c + b * s'],
    ['ops/attention.forward', 'max(top, score)', 'top'],
    ['ops/attention.forward', 'top + log(total)', 'log(total)'],
    ['ops/swiglu.forward', 'exp(-gate)', 'exp(gate)'],
    ['ops/swiglu.forward', 'row < params.split.x', 'row < 4u'],
    ['ops/swiglu.forward', 'up + 4u, last', 'gate + 4u, last'],
    ['ops/policy_loss.forward_backward', '1.0 + clip_high', '1.0 + clip_low'],
    ['ops/policy_loss.forward_backward', '(log_p + entropy)', '(log_p - entropy)'],
    ['ops/policy_loss.forward_backward', 'delta - 1.0', 'delta'],
    ['ops/matmul.backward', 'b += four_weights(w.y', 'b += four_weights(w.x'],
    ['ops/rms_norm.backward', 'sum * s * s', 'sum * s'],
    ['ops/rms_norm.backward', 'dx[at] + flow', 'flow'],
    ['ops/swiglu.backward', '1.0 - sigma', '1.0 + sigma'],
    ['ops/attention.backward_query', 'dot_head(dy, out_head', 'dot_head(query, out_head'],
    ['ops/attention.backward_query', '(dp - d)', '(dp + d)'],
    ['ops/attention.backward_key', '(dp - delta[head])', 'dp'],
    ['ops/attention.backward_key', 'query = row;', 'query = row + 1u;'],
    ['ops/qk_norm_rope.backward', 'yb * c - ya * s', 'yb * c + ya * s'],
    ['ops/qk_norm_rope.backward_gain', '* heads', '* params.kv_heads'],
    ['ops/rms_norm.backward', 'params.chunk, params.rows', 'params.chunk - 1u, params.rows'],
    ['ops/embed.backward', 'token[r] == v', 'token[r] == v + 1u'],
    ['ops/matmul.backward_weight', 'values[1] * gain', 'values[1]'],
    ['optimizer/grad_norm', 's < params.splits', 's + 31u < params.splits'],
    ['optimizer/grad_norm', 'half > 0u', 'half > 1u'],
    ['optimizer/adamw_ema', 'second / params.correction2', 'second'],
    ['optimizer/adamw_ema', 'i < params.decay4', 'false'],
    ['optimizer/adamw_ema', '(1.0 - params.momentum) * policy', 'policy'],
    ['rollout/sample', '0xD2511F53u * c.x', '0xD2511F51u * c.x'],
    ['rollout/sample', 'z[j] > highest', 'z[j] >= highest - 0.5'],
    ['rollout/sample', 'shifted / vocab', 'shifted'],
  ])('names %s when it has %j as %j', async (...change) => {
    const kernels = new TamperedKernels(gpu, ...change);
    const result = await selfCheck(gpu, kernels, fixedPlan);
    expect(kernels.changed).toBeGreaterThan(0);
    expect(result).toMatchObject({ ok: false, kernel: change[0] });
    if (!result.ok) expect(result.detail).toMatch(/row \d+: \S+ instead of -?\d/);
  });

  test('a kernel that gives NaN is named', async () => {
    const kernels = new TamperedKernels(gpu, 'ops/swiglu.forward', 'gate / (1.0', 'sqrt(gate) / (1.0');
    expect(await selfCheck(gpu, kernels, fixedPlan)).toMatchObject({
      ok: false,
      kernel: 'ops/swiglu.forward',
    });
  });

  test('a shader that does not compile is an error that names it', async () => {
    const kernels = new TamperedKernels(gpu, 'ops/swiglu.forward', 'exp(-gate)', 'expo(-gate)');
    await expect(selfCheck(gpu, kernels, fixedPlan)).rejects.toMatchObject({
      code: 'does-not-compile',
      message: expect.stringContaining('ops/swiglu.forward') as string,
    });
  });
});
