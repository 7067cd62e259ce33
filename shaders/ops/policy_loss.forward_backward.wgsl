//! One pass over a row's logits: loss, its gradient in place, and what the charts show.
//! π = softmax(logits/T), ρ = π(target)/π_old(target), log-ratio clamped to ±20
//! loss = w·( max(−A·ρ, −A·clip(ρ, 1−clip_low, 1+clip_high)), at most −A·3 where A < 0
//!            + kl_coefficient·k3 − entropy_bonus·H )
//! k3 = e^Δ − Δ − 1, Δ = ln π_ref − ln π, clamped to 10       (lib/policy_terms)
//! logits: [rows of every model, 4·stride4], gradient written over the policy's rows, padding columns zero
//! target: [rows]   terms: [rows] of (A, w); rows with w = 0 get gradient 0 and statistics 0
//! old_log_prob: [rows of the batch], written by the first update of a batch, where ρ is exactly 1
//! stats: [rows of the batch], see RowStats
//! One thread per row.
//! use lib/grid
//! use lib/policy_terms

const NONE = 0xffffffffu;

struct Params {
  rows: u32,
  vocab: u32,
  stride4: u32,
  /// Where the reference's and the anchor's rows of the same tokens begin, or NONE.
  reference_row: u32,
  anchor_row: u32,
  /// First row of this micro-batch in the batch.
  batch_row: u32,
  first_update: u32,
  inverse_temperature: f32,
  clip_low: f32,
  clip_high: f32,
  kl_coefficient: f32,
  entropy_bonus: f32,
}

/// What the charts need of a row; TypeScript reads it by these names.
struct RowStats {
  /// Weighted: its sum over rows is the loss of the update.
  loss: f32,
  log_prob: f32,
  entropy: f32,
  clipped: f32,
  k3_reference: f32,
  k3_anchor: f32,
  ratio: f32,
  /// 1 where the row is learned from, else the row is 0 throughout.
  trained: f32,
}

@group(0) @binding(0) var<storage, read_write> logits: array<vec4f>;
@group(0) @binding(1) var<storage, read> target_token: array<u32>;
@group(0) @binding(2) var<storage, read> terms: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> old_log_prob: array<f32>;
@group(0) @binding(4) var<storage, read_write> stats: array<RowStats>;
@group(1) @binding(0) var<uniform> params: Params;

/// Scaled logits of four columns; columns beyond the vocabulary can't be chosen.
fn scaled(row: u32, column4: u32) -> vec4f {
  let columns = column4 * 4u + vec4u(0u, 1u, 2u, 3u);
  let z = logits[row * params.stride4 + column4] * params.inverse_temperature;
  return select(vec4f(-3.0e38), z, columns < vec4u(params.vocab));
}

/// max and ln Σ exp, as (max, ln Σ exp(z − max)).
fn log_sum(row: u32) -> vec2f {
  var top = vec4f(-3.0e38);
  for (var i = 0u; i < params.stride4; i++) {
    top = max(top, scaled(row, i));
  }
  let highest = max(max(top.x, top.y), max(top.z, top.w));
  var sum = vec4f();
  for (var i = 0u; i < params.stride4; i++) {
    sum += exp(scaled(row, i) - highest);
  }
  return vec2f(highest, log(sum.x + sum.y + sum.z + sum.w));
}

fn log_prob_at(row: u32, token: u32) -> f32 {
  let lse = log_sum(row);
  return scaled(row, token / 4u)[token % 4u] - lse.x - lse.y;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let r = flat_id(id, groups);
  if (r >= params.rows) {
    return;
  }
  let at = params.batch_row + r;
  let advantage = terms[r].x;
  let weight = terms[r].y;
  if (weight == 0.0) {
    for (var i = 0u; i < params.stride4; i++) {
      logits[r * params.stride4 + i] = vec4f();
    }
    stats[at] = RowStats();
    return;
  }
  let token = target_token[r];
  let lse = log_sum(r);
  let log_prob = scaled(r, token / 4u)[token % 4u] - lse.x - lse.y;

  var entropy = 0.0;
  for (var i = 0u; i < params.stride4; i++) {
    let log_p = scaled(r, i) - lse.x - lse.y;
    let p = exp(log_p);
    entropy -= dot(select(vec4f(), p * log_p, p > vec4f()), vec4f(1.0));
  }

  var log_ratio = 0.0;
  if (params.first_update == 1u) {
    old_log_prob[at] = log_prob;
  } else {
    log_ratio = log_prob - old_log_prob[at];
  }
  let policy = policy_term(advantage, log_ratio, params.clip_low, params.clip_high);
  var slope = policy.slope;

  var k3_reference = 0.0;
  if (params.reference_row != NONE) {
    let delta = log_prob_at(params.reference_row + r, token) - log_prob;
    k3_reference = k3(delta);
    slope += params.kl_coefficient * k3_slope(delta, k3_reference);
  }
  var k3_anchor = 0.0;
  if (params.anchor_row != NONE) {
    k3_anchor = k3(log_prob_at(params.anchor_row + r, token) - log_prob);
  }

  let loss = weight * (policy.term + params.kl_coefficient * k3_reference - params.entropy_bonus * entropy);
  stats[at] = RowStats(loss, log_prob, entropy, policy.clipped, k3_reference, k3_anchor, policy.ratio, 1.0);

  let scale = weight * params.inverse_temperature;
  for (var i = 0u; i < params.stride4; i++) {
    let columns = i * 4u + vec4u(0u, 1u, 2u, 3u);
    let log_p = scaled(r, i) - lse.x - lse.y;
    let p = exp(log_p);
    let chosen = select(vec4f(), vec4f(1.0), columns == vec4u(token));
    let bonus = select(vec4f(), params.entropy_bonus * p * (log_p + entropy), p > vec4f());
    logits[r * params.stride4 + i] = scale * (slope * (chosen - p) + bonus);
  }
}
