//! y[r,i] = silu(gate[r,i])·up[r,i],   silu(z) = z/(1 + e^−z)
//! gate_up: [rows, 2·I], gate first   y: [rows, I]
//! One thread per four elements.
//! use lib/grid

struct Params {
  rows: u32,
  width4: u32,
}

@group(0) @binding(0) var<storage, read> gate_up: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_id(id, groups);
  let r = at / params.width4;
  if (r >= params.rows) {
    return;
  }
  let begin = at + r * params.width4;
  let gate = gate_up[begin];
  y[at] = gate / (1.0 + exp(-gate)) * gate_up[begin + params.width4];
}
