//! For y = silu(gate)·up, σ = 1/(1 + e^−gate):  dup = dy·gate·σ,   dgate = dy·up·σ·(1 + gate·(1 − σ))
//! gate_up, dgate_up: [rows, 2·I], gate first   dy: [rows, I]
//! One thread per four elements.
//! use lib/grid

struct Params {
  rows: u32,
  width4: u32,
}

@group(0) @binding(0) var<storage, read> gate_up: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dgate_up: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_id(id, groups);
  let r = at / params.width4;
  if (r >= params.rows) {
    return;
  }
  let to = at + r * params.width4;
  let gate = gate_up[to];
  let up = gate_up[to + params.width4];
  let sigma = 1.0 / (1.0 + exp(-gate));
  dgate_up[to] = dy[at] * up * sigma * (1.0 + gate * (1.0 - sigma));
  dgate_up[to + params.width4] = dy[at] * gate * sigma;
}
