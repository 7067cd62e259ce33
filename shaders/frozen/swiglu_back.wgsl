//! For y = silu(gate)·up, σ = 1/(1 + e^−gate):  dup = dy·gate·σ,   dgate = dy·up·σ·(1 + gate·(1 − σ))
//! gate_up, dgate_up: [rows, 4·gate_up_stride4], gate then up, 4·inner4 each   dy: [rows, 4·stride4]
//! One thread per four of y.
//! use lib/grid

struct Params {
  rows: u32,
  inner4: u32,
  gate_up_stride4: u32,
  stride4: u32,
}

@group(0) @binding(0) var<storage, read> gate_up: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dgate_up: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let row = flat / params.inner4;
  if (row >= params.rows) {
    return;
  }
  let i = flat % params.inner4;
  let at = row * params.gate_up_stride4 + i;
  let gate = gate_up[at];
  let up = gate_up[at + params.inner4];
  let d = dy[row * params.stride4 + i];
  let sigma = 1.0 / (1.0 + exp(-gate));
  dgate_up[at] = d * up * sigma * (1.0 + gate * (1.0 - sigma));
  dgate_up[at + params.inner4] = d * gate * sigma;
}
