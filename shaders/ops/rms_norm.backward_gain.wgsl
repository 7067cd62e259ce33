//! For y = x·rstd·gain:  dgain[h] = Σ_r dy[r,h]·x[r,h]·rstd[r], in `splits` ordered parts
//! dy, x: [rows, H]   rstd: [rows]   partials: [splits, size], the gradient at gain4 of each part
//! One thread per four features of one part.
//! use lib/grid

struct Params {
  rows: u32,
  chunk: u32,
  splits: u32,
  accumulate: u32,
  hidden4: u32,
  gain4: u32,
  size4: u32,
}

@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> rstd: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let part = flat / params.hidden4;
  if (part >= params.splits) {
    return;
  }
  let h = flat % params.hidden4;
  var sum = vec4f();
  let end = min((part + 1u) * params.chunk, params.rows);
  for (var r = part * params.chunk; r < end; r++) {
    let at = r * params.hidden4 + h;
    sum += dy[at] * x[at] * rstd[r];
  }
  let at = part * params.size4 + params.gain4 + h;
  if (params.accumulate == 1u) {
    sum += partials[at];
  }
  partials[at] = sum;
}
