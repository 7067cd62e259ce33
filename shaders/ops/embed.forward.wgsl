//! x[r,h] = embedding[token[r], h]
//! token: [rows]   embedding: [V, H] in parameters   x: [rows, H]
//! One thread per four features of a row.
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts).
//! use lib/grid
//! use lib/slab

struct Params {
  rows: u32,
  hidden4: u32,
  weight4: u32,
  split: vec4u,
  slab4: vec4u,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> token: array<u32>;
@group(0) @binding(2) var<storage, read_write> x: array<Activation4>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_id(id, groups);
  let r = at / params.hidden4;
  if (r >= params.rows) {
    return;
  }
  let slab = slab_of(r, params.split, params.slab4);
  x[at] = Activation4(parameters[slab + params.weight4 + token[r] * params.hidden4 + at % params.hidden4]);
}
