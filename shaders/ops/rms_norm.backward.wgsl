//! For y = x·rstd·gain:  dx[r,h] += rstd[r]·(gain[h]·dy[r,h] − x[r,h]·rstd[r]²·mean_j gain[j]·dy[r,j]·x[r,j])
//! Adds to dx, the gradient that flows along the residual stream past the norm; with `fresh` 1 there is none yet.
//! dy, x, dx: [rows, H]   gain: [H] in parameters   rstd: [rows], kept by matmul.forward
//! One thread per row.
//! use lib/grid

struct Params {
  rows: u32,
  hidden4: u32,
  gain4: u32,
  fresh: u32,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let r = flat_id(id, groups);
  if (r >= params.rows) {
    return;
  }
  let hidden4 = params.hidden4;
  let s = rstd[r];
  var sum = 0.0;
  for (var h = 0u; h < hidden4; h++) {
    sum += dot(parameters[params.gain4 + h] * dy[r * hidden4 + h], x[r * hidden4 + h]);
  }
  let c = sum * s * s / f32(hidden4 * 4u);
  for (var h = 0u; h < hidden4; h++) {
    let at = r * hidden4 + h;
    let flow = s * (parameters[params.gain4 + h] * dy[at] - x[at] * c);
    dx[at] = select(dx[at] + flow, flow, params.fresh == 1u);
  }
}
