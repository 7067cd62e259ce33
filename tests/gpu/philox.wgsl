//! words[i] = philox4x32(counter[i], key[i].xy), for the comparison with src/lib/philox.ts
//! counter, key, words: [count]
//! use lib/grid
//! use lib/philox

struct Params {
  count: u32,
}

@group(0) @binding(0) var<storage, read> counter: array<vec4u>;
@group(0) @binding(1) var<storage, read> key: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> words: array<vec4u>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_id(id, groups);
  if (i >= params.count) {
    return;
  }
  words[i] = philox4x32(counter[i], key[i].xy);
}
