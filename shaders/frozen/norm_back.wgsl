//! For y = x·rstd·gain with gains that are not trained, rstd = 1/√(mean_k x[r,k]² + eps):
//! dx[r,k] = rstd·(gain[k]·dy[r,k] − x[r,k]·rstd²·mean_j gain[j]·dy[r,j]·x[r,j])
//! added: dx is added to, the gradient that flows past the norm; else it is written
//! x, dy, dx: [rows, 4·stride4], columns from 4·width4 on untouched   gain: [4·width4]
//! One workgroup per row.
//! use lib/tree

struct Params {
  rows: u32,
  width4: u32,
  stride4: u32,
  eps: f32,
  added: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> gain: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

const LANES = 64u;

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.rows) {
    return;
  }
  var squares = 0.0;
  var products = 0.0;
  for (var k = lane; k < params.width4; k += LANES) {
    let at = row * params.stride4 + k;
    let value = x[at];
    squares += dot(value, value);
    products += dot(gain[k] * dy[at], value);
  }
  let width = f32(4u * params.width4);
  let rstd = inverseSqrt(sum_of_all(lane, squares) / width + params.eps);
  let shared_part = sum_of_all(lane, products) * rstd * rstd / width;
  for (var k = lane; k < params.width4; k += LANES) {
    let at = row * params.stride4 + k;
    let flow = rstd * (gain[k] * dy[at] - x[at] * shared_part);
    dx[at] = select(flow, dx[at] + flow, params.added == 1u);
  }
}
