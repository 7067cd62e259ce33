//! y[r,i] = silu(gate[r,i])·up[r,i],   silu(z) = z/(1 + e^−z)
//! gate_up: [rows, 4·from_stride4], gate then up, 4·inner4 each   y: [rows, 4·stride4], columns behind untouched
//! One thread per four of y.
//! use lib/grid

struct Params {
  rows: u32,
  inner4: u32,
  from_stride4: u32,
  stride4: u32,
}

@group(0) @binding(0) var<storage, read> gate_up: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let row = flat / params.inner4;
  if (row >= params.rows) {
    return;
  }
  let i = flat % params.inner4;
  let gate = gate_up[row * params.from_stride4 + i];
  let up = gate_up[row * params.from_stride4 + params.inner4 + i];
  y[row * params.stride4 + i] = gate / (1.0 + exp(-gate)) * up;
}
