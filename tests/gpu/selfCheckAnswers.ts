import { selfCheckCase, uniformOf } from '../../src/engine/selfCheckCase.ts';
import { fingerprint } from '../../src/engine/selfCheck.ts';
import { rowsOf } from '../../src/engine/selfCheckProgram.ts';
import * as adamwEma from '../reference/adamw_ema.ts';
import * as attention from '../reference/attention.ts';
import * as embed from '../reference/embed.ts';
import { clipFactor, norm } from '../reference/grad_norm.ts';
import * as logSoftmax from '../reference/log_softmax.ts';
import * as matmul from '../reference/matmul.ts';
import { forward, layRows } from '../reference/model.ts';
import * as policyLoss from '../reference/policy_loss.ts';
import * as qkNormRope from '../reference/qk_norm_rope.ts';
import * as rmsNorm from '../reference/rms_norm.ts';
import { sample } from '../reference/sample.ts';
import * as swiglu from '../reference/swiglu.ts';
import type { Weights } from '../reference/weights.ts';
import { named } from './trainee.ts';

const { config, layout, batch, weights, oldLogProb, loss, optimizer, moments, rollout } = selfCheckCase();
const { hidden_size: H, head_dim: D, intermediate_size: I, vocab_size: V, rms_norm_eps: eps } = config;
const R = batch.rows;
const heads = { heads: config.num_attention_heads, keyValueHeads: config.num_key_value_heads, headDim: D };
const shape = { ...heads, eps, theta: config.rope_theta };
const queries = heads.heads * D;
const all = queries + 2 * heads.keyValueHeads * D;

function columnOf(column: number): Uint32Array {
  return Uint32Array.from({ length: R }, (_, row) => batch.rowMeta[4 * row + column] ?? NaN);
}
const attended = { prefixStart: columnOf(0), prefixLength: columnOf(1), ownStart: columnOf(2) };
const positions = columnOf(1).map((prefix, row) => prefix + row - (attended.ownStart[row] ?? NaN));

function sum(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + (b[i] ?? NaN));
}

/** gate and up of [rows, 2·I] apart. */
function halves(both: Float64Array): { gate: Float64Array; up: Float64Array } {
  const part = (first: number) =>
    Float64Array.from({ length: R * I }, (_, i) => both[Math.floor(i / I) * 2 * I + first + (i % I)] ?? NaN);
  return { gate: part(0), up: part(I) };
}

function tensorsOf(of: Weights) {
  const get = (name: string): Float64Array => of.get(name) ?? new Float64Array();
  const layer = (name: string): Float64Array => get(`model.layers.0.${name}.weight`);
  return {
    table: get('model.embed_tokens.weight'),
    head: get('lm_head.weight'),
    finalNorm: get('model.norm.weight'),
    inputNorm: layer('input_layernorm'),
    postNorm: layer('post_attention_layernorm'),
    qGain: layer('self_attn.q_norm'),
    kGain: layer('self_attn.k_norm'),
    qkv: Float64Array.from(['q', 'k', 'v'].flatMap((name) => [...layer(`self_attn.${name}_proj`)])),
    output: layer('self_attn.o_proj'),
    gateUp: Float64Array.from(['gate', 'up'].flatMap((name) => [...layer(`mlp.${name}_proj`)])),
    down: layer('mlp.down_proj'),
  };
}

function forwardOf(of: Weights) {
  const w = tensorsOf(of);
  const x = embed.forward(w.table, batch.token, V, H);
  const first = rmsNorm.forward(x, w.inputNorm, R, H, eps);
  const qkv = matmul.forward(first.y, w.qkv, R, H, all);
  const { q, k, v } = qkNormRope.forward(qkv, w.qGain, w.kGain, positions, shape);
  const { out, lse } = attention.forward(q, k, v, attended, heads);
  const mid = sum(x, matmul.forward(out, w.output, R, queries, H));
  const middle = rmsNorm.forward(mid, w.postNorm, R, H, eps);
  const gateUp = matmul.forward(middle.y, w.gateUp, R, H, 2 * I);
  const { gate, up } = halves(gateUp);
  const act = swiglu.forward(gate, up);
  const next = sum(mid, matmul.forward(act, w.down, R, I, H));
  const final = rmsNorm.forward(next, w.finalNorm, R, H, eps);
  const logits = matmul.forward(final.y, w.head, R, H, V);
  return { x, first, qkv, q, k, v, out, lse, mid, middle, gateUp, gate, up, act, next, final, logits };
}

/** Tokens and statistics of a request, from full recomputation; margins tell how near rounding could choose. */
function rolled(request: (typeof rollout.requests)[number]): {
  tokens: number[];
  stats: number[];
  margin: number;
} {
  const of = named(weights[request.model], layout);
  const tokens: number[] = [];
  const stats: number[] = [];
  let margin = Infinity;
  for (let position = 0; position < rollout.maxCompletionLength; position++) {
    if (tokens.includes(rollout.endToken)) {
      tokens.push(rollout.endToken);
      stats.push(0, 0, 0, 0);
      continue;
    }
    const sequence = [...(rollout.prompts[request.prompt] ?? []), ...tokens];
    const logits = forward(config, of, layRows([sequence])).logits.slice(-V);
    const temperature = request.temperature || 1;
    const { logProbs, entropy, selfCertainty } = logSoftmax.distribution(logits, 0, V, temperature);
    const drawn = sample(logits, [uniformOf(request, position)], V, temperature);
    const [best = NaN, second = NaN] = [...logProbs].sort((a, b) => b - a);
    const greedy = request.temperature === 0;
    margin = Math.min(margin, greedy ? best - second : (drawn.margin[0] ?? NaN));
    const token = greedy ? logProbs.indexOf(best) : (drawn.tokens[0] ?? NaN);
    tokens.push(token);
    stats.push(logProbs[token] ?? NaN, entropy, selfCertainty, 0);
  }
  return { tokens, stats, margin };
}

/** Every stage of the self-check in float64, from the oracle's operations. */
export function computeAnswers() {
  const answers: Record<string, number[]> = {};
  const put = (name: string, values: ArrayLike<number>, rows: number): void => {
    // Off by a hundredth of what the check tolerates at most: the page loads them all.
    answers[name] = fingerprint(values, rows, values.length / rows).map((value) =>
      Number(value.toPrecision(5)),
    );
  };
  const passes = (['policy', 'anchor', 'reference'] as const).map((model) =>
    forwardOf(named(weights[model], layout)),
  );
  const [policy, anchor, reference] = passes;
  if (policy === undefined || anchor === undefined || reference === undefined)
    throw new Error('three models');
  const ofAll = (name: string, of: (pass: ReturnType<typeof forwardOf>) => Float64Array): void =>
    put(
      name,
      passes.flatMap((pass) => [...of(pass)]),
      3 * R,
    );
  ofAll('embedding', ({ x }) => x);
  ofAll('rstd', ({ first }) => first.rstd);
  ofAll('qkv', ({ qkv }) => qkv);
  ofAll('q', ({ q }) => q);
  ofAll('k', ({ k }) => k);
  ofAll('v', ({ v }) => v);
  ofAll('attention', ({ out }) => out);
  ofAll('attention lse', ({ lse }) => lse);
  ofAll('attention output', ({ mid }) => mid);
  put('gate and up', policy.gateUp, R);
  ofAll('mlp', ({ act }) => act);
  ofAll('mlp output', ({ next }) => next);
  ofAll('logits', ({ logits }) => logits);

  const term = (column: number) =>
    Float64Array.from({ length: R }, (_, row) => batch.terms[2 * row + column] ?? NaN);
  const logProbsOf = ({ logits }: ReturnType<typeof forwardOf>) =>
    logSoftmax.forward(logits, batch.target, V, loss.temperature).logProb;
  const scored = policyLoss.forwardBackward(
    {
      logits: policy.logits,
      targets: batch.target,
      advantages: term(0),
      weights: term(1),
      oldLogProbs: oldLogProb,
      refLogProbs: logProbsOf(reference),
      anchorLogProbs: logProbsOf(anchor),
    },
    V,
    loss,
  );
  const logRatio = scored.logProb.map((value, row) => value - (oldLogProb[row] ?? NaN));
  const columns = [
    scored.loss,
    scored.logProb,
    scored.entropy,
    scored.clipped,
    scored.klReference,
    scored.klAnchor,
    logRatio.map(Math.exp),
    new Float64Array(R).fill(1),
  ];
  const trained = term(1).map((weight) => (weight === 0 ? 0 : 1));
  put(
    'loss statistics',
    [...trained].flatMap((is, row) => columns.map((of) => is * (of[row] ?? NaN))),
    R,
  );
  put('dlogits', scored.dlogits, R);

  const w = tensorsOf(named(weights.policy, layout));
  const head = matmul.backward(scored.dlogits, policy.final.y, w.head, R, H, V);
  put('dnormed, final', head.dx, R);
  const final = rmsNorm.backward(head.dx, policy.next, w.finalNorm, R, H, eps);
  put('dx, final', final.dx, R);
  const down = matmul.backward(final.dx, policy.act, w.down, R, I, H);
  const { dgate, dup } = swiglu.backward(down.dx, policy.gate, policy.up);
  const dgateUp = new Float64Array(2 * R * I);
  for (let row = 0; row < R; row++) {
    dgateUp.set(dgate.subarray(row * I, (row + 1) * I), 2 * row * I);
    dgateUp.set(dup.subarray(row * I, (row + 1) * I), (2 * row + 1) * I);
  }
  put('dgate and dup', dgateUp, R);
  const gateUp = matmul.backward(dgateUp, policy.middle.y, w.gateUp, R, H, 2 * I);
  put('dnormed, middle', gateUp.dx, R);
  const middle = rmsNorm.backward(gateUp.dx, policy.mid, w.postNorm, R, H, eps);
  const dmid = sum(final.dx, middle.dx);
  put('dx, middle', dmid, R);
  const output = matmul.backward(dmid, policy.out, w.output, R, queries, H);
  put('dattention', output.dx, R);
  const attentions = attention.backward(output.dx, policy.q, policy.k, policy.v, attended, heads);
  const delta = Float64Array.from({ length: R * heads.heads }, (_, i) => {
    const at = (of: Float64Array, d: number) => of[i * D + d] ?? NaN;
    return Array.from({ length: D }, (__, d) => at(output.dx, d) * at(policy.out, d)).reduce((a, b) => a + b);
  });
  put('delta', delta, R);
  put('dq', attentions.dq, R);
  put('dk', attentions.dk, R);
  put('dv', attentions.dv, R);
  const raw = qkNormRope.backward(attentions, policy.qkv, w.qGain, w.kGain, positions, shape);
  put('dqkv', raw.dqkv, R);
  const qkv = matmul.backward(raw.dqkv, policy.first.y, w.qkv, R, H, all);
  put('dnormed, first', qkv.dx, R);
  const first = rmsNorm.backward(qkv.dx, policy.x, w.inputNorm, R, H, eps);
  const dx = sum(dmid, first.dx);
  put('dx, first', dx, R);

  const name = (part: string) => `model.layers.0.${part}.weight`;
  const keys = heads.keyValueHeads * D * H;
  const gradients = new Map<string, Float64Array>([
    ['model.embed_tokens.weight', embed.backward(dx, batch.token, V, H)],
    ['lm_head.weight', head.dweight],
    ['model.norm.weight', final.dgain],
    [name('input_layernorm'), first.dgain],
    [name('post_attention_layernorm'), middle.dgain],
    [name('self_attn.q_norm'), raw.dqGain],
    [name('self_attn.k_norm'), raw.dkGain],
    [name('self_attn.q_proj'), qkv.dweight.slice(0, queries * H)],
    [name('self_attn.k_proj'), qkv.dweight.slice(queries * H, queries * H + keys)],
    [name('self_attn.v_proj'), qkv.dweight.slice(queries * H + keys)],
    [name('self_attn.o_proj'), output.dweight],
    [name('mlp.gate_proj'), gateUp.dweight.slice(0, I * H)],
    [name('mlp.up_proj'), gateUp.dweight.slice(I * H)],
    [name('mlp.down_proj'), down.dweight],
  ]);
  const flat = new Float64Array(layout.size);
  const decays = new Float64Array(layout.size);
  for (const tensor of layout.tensors) {
    flat.set(gradients.get(tensor.name) ?? [NaN], tensor.offset);
    if (tensor.shape.length > 1) decays.fill(1, tensor.offset, tensor.offset + tensor.length);
  }
  const length = norm(flat);
  const state = adamwEma.update(
    {
      policy: Float64Array.from(weights.policy),
      anchor: Float64Array.from(weights.anchor),
      m: Float64Array.from(moments.m),
      v: Float64Array.from(moments.v),
    },
    flat,
    decays,
    { ...optimizer, eps: optimizer.epsilon, anchorMomentum: optimizer.anchorMomentum ?? NaN },
    optimizer.update,
    clipFactor(length, optimizer.maxNorm),
  );
  const apart = state.policy.map((value, i) => value - (state.anchor[i] ?? NaN));
  put('norm of the gradient, squared', [length ** 2], 1);
  put('distances', [norm(apart) ** 2, norm(state.policy) ** 2], 1);
  for (const [what, values] of Object.entries({ parts: flat, gradient: flat, ...state })) {
    for (const tensor of layout.tensors) {
      const own = values.subarray(tensor.offset, tensor.offset + tensor.length);
      put(`${what} of ${tensor.name}`, own, rowsOf(tensor).rows);
    }
  }
  const rollouts = rollout.requests.map(rolled);
  rollouts.forEach(({ tokens, stats }, index) => {
    put(`tokens of rollout ${index}`, tokens, 1);
    put(`statistics of rollout ${index}`, stats, 1);
  });
  return { answers, gradients, scored, logRatio, trained, gradNorm: length, rollouts };
}
