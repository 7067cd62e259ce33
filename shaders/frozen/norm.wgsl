//! y[r,k] = x[r,k]·rstd[r]·gain[k],   rstd[r] = 1/√(mean_k x[r,k]² + eps)
//! x, y: [rows, 4·stride4], columns from 4·width4 on untouched   gain: [4·width4]
//! One workgroup per row.
//! use lib/tree

struct Params {
  rows: u32,
  width4: u32,
  stride4: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> gain: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
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
  for (var k = lane; k < params.width4; k += LANES) {
    let value = x[row * params.stride4 + k];
    squares += dot(value, value);
  }
  let rstd = inverseSqrt(sum_of_all(lane, squares) / f32(4u * params.width4) + params.eps);
  for (var k = lane; k < params.width4; k += LANES) {
    y[row * params.stride4 + k] = x[row * params.stride4 + k] * rstd * gain[k];
  }
}
