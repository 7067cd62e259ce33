//! x[r,k] = w[token[r] − first, k] where the tile of the vocabulary has the token; other rows are left as they are
//! token: [rows]   w: [outputs, inputs] as lib/stored has it, rows of eights · 8 numbers   x: [rows, eights · 8]
//! One thread per eight features of a row.
//! use lib/grid
//! use lib/stored

struct Params {
  rows: u32,
  eights: u32,
  first: u32,
  outputs: u32,
}

@group(0) @binding(0) var<storage, read> weights: array<vec4u>;
@group(0) @binding(1) var<storage, read> scales: array<f32>;
@group(0) @binding(2) var<storage, read> token: array<u32>;
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_id(id, groups);
  let r = at / params.eights;
  if (r >= params.rows) {
    return;
  }
  let id_here = token[r];
  if (id_here < params.first || id_here >= params.first + params.outputs) {
    return;
  }
  let eight = eight_weights((id_here - params.first) * params.eights + at % params.eights);
  x[2u * at] = eight[0];
  x[2u * at + 1u] = eight[1];
}
