//! to[i] = given[i] for the rows in use; what a layer began with is kept for the way back
//! given, to: [rows, 4·stride4]
//! One thread per vec4.
//! use lib/grid

struct Params {
  rows: u32,
  stride4: u32,
}

@group(0) @binding(0) var<storage, read> given: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_id(id, groups);
  if (i < params.rows * params.stride4) {
    to[i] = given[i];
  }
}
