//! Loss of a row's token, and its gradient over the logits in their place; see ops/policy_loss, whose rules these are.
//! loss = w·( policy term(A, ρ) + kl_coefficient·k3(Δ) − entropy_bonus·H ),   π = softmax(logits/T)
//! logits: [rows, 4·stride4], gradient written over them, columns from vocab on zero
//! target_token: [rows]   terms: [rows] of (A, w); rows with w = 0 get gradient 0 and statistics 0
//! reference, anchor: [rows of the micro-batch], what score says of the same tokens there; read with 1 in has_reference,
//! has_anchor
//! old_log_prob: [rows of the batch], written by the first update of a batch, where ρ is exactly 1
//! stats: [rows of the batch], as ops/policy_loss has them
//! One workgroup per row.
//! use lib/choices
//! use lib/policy_terms

struct Params {
  rows: u32,
  vocab: u32,
  stride4: u32,
  /// First of these rows in the micro-batch, and in the batch.
  first_row: u32,
  batch_row: u32,
  first_update: u32,
  has_reference: u32,
  has_anchor: u32,
  inverse_temperature: f32,
  clip_low: f32,
  clip_high: f32,
  kl_coefficient: f32,
  entropy_bonus: f32,
}

struct Scored {
  log_prob: f32,
  entropy: f32,
}

struct RowStats {
  loss: f32,
  log_prob: f32,
  entropy: f32,
  clipped: f32,
  k3_reference: f32,
  k3_anchor: f32,
  ratio: f32,
  trained: f32,
}

@group(0) @binding(0) var<storage, read_write> logits: array<vec4f>;
@group(0) @binding(1) var<storage, read> target_token: array<u32>;
@group(0) @binding(2) var<storage, read> terms: array<vec2f>;
@group(0) @binding(3) var<storage, read> reference: array<Scored>;
@group(0) @binding(4) var<storage, read> anchor: array<Scored>;
@group(0) @binding(5) var<storage, read_write> old_log_prob: array<f32>;
@group(0) @binding(6) var<storage, read_write> stats: array<RowStats>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.rows) {
    return;
  }
  let stride4 = params.stride4;
  let begin = row * stride4;
  let block = block_of(lane, stride4);
  let at = params.batch_row + row;
  let advantage = terms[row].x;
  let weight = terms[row].y;
  if (weight == 0.0) {
    for (var i = block.x; i < block.y; i++) {
      logits[begin + i] = vec4f();
    }
    if (lane == 0u) {
      stats[at] = RowStats();
    }
    return;
  }
  let inverse = params.inverse_temperature;
  let choices = choices_of(row, lane, stride4, params.vocab, inverse);
  let token = target_token[row];
  let log_sum = log(choices.sum);
  let log_prob = logits[begin + token / 4u][token % 4u] * inverse - choices.highest - log_sum;
  let entropy = log_sum - choices.weighted / choices.sum;
  var log_ratio = 0.0;
  if (params.first_update == 0u) {
    log_ratio = log_prob - old_log_prob[at];
  }
  let policy = policy_term(advantage, log_ratio, params.clip_low, params.clip_high);
  var slope = policy.slope;
  var k3_reference = 0.0;
  if (params.has_reference == 1u) {
    let delta = reference[params.first_row + row].log_prob - log_prob;
    k3_reference = k3(delta);
    slope += params.kl_coefficient * k3_slope(delta, k3_reference);
  }
  var k3_anchor = 0.0;
  if (params.has_anchor == 1u) {
    k3_anchor = k3(anchor[params.first_row + row].log_prob - log_prob);
  }
  let loss = weight * (policy.term + params.kl_coefficient * k3_reference - params.entropy_bonus * entropy);
  // All have read their row's logits and old log-probability before any is written over.
  workgroupBarrier();
  storageBarrier();
  let scale = weight * inverse;
  for (var i = block.x; i < block.y; i++) {
    let columns = i * 4u + vec4u(0u, 1u, 2u, 3u);
    let log_p = four_choices(row, i, stride4, params.vocab, inverse) - choices.highest - log_sum;
    let p = exp(max(log_p, vec4f(-200.0)));
    let chosen = select(vec4f(), vec4f(1.0), columns == vec4u(token));
    let bonus = select(vec4f(), params.entropy_bonus * p * (log_p + entropy), p > vec4f());
    logits[begin + i] = select(vec4f(), scale * (slope * (chosen - p) + bonus), columns < vec4u(params.vocab));
  }
  if (lane == 0u) {
    if (params.first_update == 1u) {
      old_log_prob[at] = log_prob;
    }
    stats[at] = RowStats(
      loss, log_prob, entropy, policy.clipped, k3_reference, k3_anchor, policy.ratio, 1.0,
    );
  }
}
