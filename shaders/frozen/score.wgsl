//! log_prob[r] = ln softmax(logits[r]/T)[target[r]],   entropy[r] = −Σ_j π_j·ln π_j of the same, in nats
//! logits: [rows, 4·stride4]   target: [rows]   stats: [rows]
//! One workgroup per row.
//! use lib/choices

struct Params {
  rows: u32,
  vocab: u32,
  stride4: u32,
  inverse_temperature: f32,
}

struct RowStats {
  log_prob: f32,
  entropy: f32,
}

@group(0) @binding(0) var<storage, read> logits: array<vec4f>;
@group(0) @binding(1) var<storage, read> target_token: array<u32>;
@group(0) @binding(2) var<storage, read_write> stats: array<RowStats>;
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
  let choices = choices_of(row, lane, params.stride4, params.vocab, params.inverse_temperature);
  if (lane == 0u) {
    let column = target_token[row];
    let z = logits[row * params.stride4 + column / 4u][column % 4u] * params.inverse_temperature - choices.highest;
    let log_sum = log(choices.sum);
    stats[row] = RowStats(z - log_sum, log_sum - choices.weighted / choices.sum);
  }
}
