//! For y = x·rstd·gain:  dx[r,h] += rstd[r]·(gain[h]·dy[r,h] − x[r,h]·rstd[r]²·mean_j gain[j]·dy[r,j]·x[r,j])
//! and dgain[h] = Σ_r dy[r,h]·x[r,h]·rstd[r], in `splits` ordered parts (see matmul.backward_weight)
//! Adds to dx, the gradient that flows along the residual stream past the norm; with `fresh` 1 there is none yet.
//! dy, x, dx: [rows, H]   gain: [H] in parameters   rstd: [rows], kept by the product behind the norm
//! partials: [splits, size], the gradient at gain4 of each part
//! Whole workgroups with one thread per four features of a part of dgain, then one thread per row of dx.
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts).
//! use lib/grid

struct Params {
  rows: u32,
  chunk: u32,
  splits: u32,
  accumulate: u32,
  hidden4: u32,
  gain4: u32,
  size4: u32,
  fresh: u32,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<Activation4>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> partials: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

fn add_gain_part(flat: u32) {
  let part = flat / params.hidden4;
  if (part >= params.splits) {
    return;
  }
  let h = flat % params.hidden4;
  var sum = vec4f();
  let end = min((part + 1u) * params.chunk, params.rows);
  for (var r = part * params.chunk; r < end; r++) {
    let at = r * params.hidden4 + h;
    sum += dy[at] * vec4f(x[at]) * rstd[r];
  }
  let at = part * params.size4 + params.gain4 + h;
  if (params.accumulate == 1u) {
    sum += partials[at];
  }
  partials[at] = sum;
}

fn add_row(r: u32) {
  if (r >= params.rows) {
    return;
  }
  let hidden4 = params.hidden4;
  let s = rstd[r];
  var sum = 0.0;
  for (var h = 0u; h < hidden4; h++) {
    sum += dot(parameters[params.gain4 + h] * dy[r * hidden4 + h], vec4f(x[r * hidden4 + h]));
  }
  let c = sum * s * s / f32(hidden4 * 4u);
  for (var h = 0u; h < hidden4; h++) {
    let at = r * hidden4 + h;
    let flow = s * (parameters[params.gain4 + h] * dy[at] - vec4f(x[at]) * c);
    dx[at] = select(dx[at] + flow, flow, params.fresh == 1u);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let gain_threads = (params.splits * params.hidden4 + 63u) / 64u * 64u;
  if (flat < gain_threads) {
    add_gain_part(flat);
  } else {
    add_row(flat - gain_threads);
  }
}
