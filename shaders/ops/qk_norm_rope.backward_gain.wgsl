//! dgain[d] = Σ_r Σ_head term[r, head, d] for the gains of q and of k, in `splits` ordered parts
//! q_terms: [rows, heads·D] and k_terms: [rows, kv_heads·D], left by qk_norm_rope.backward
//! partials: [splits, size], the gradients at q_gain4 and k_gain4 of each part
//! Prelude: HALF4 = D/8.  One thread per four features of one gain of one part.
//! use lib/grid

struct Params {
  rows: u32,
  chunk: u32,
  splits: u32,
  accumulate: u32,
  heads: u32,
  kv_heads: u32,
  q_gain4: u32,
  k_gain4: u32,
  size4: u32,
}

@group(0) @binding(0) var<storage, read> q_terms: array<vec4f>;
@group(0) @binding(1) var<storage, read> k_terms: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let width = 2u * HALF4;
  let part = flat / (2u * width);
  if (part >= params.splits) {
    return;
  }
  let d = flat % width;
  let is_query = (flat / width) % 2u == 0u;
  let heads = select(params.kv_heads, params.heads, is_query);
  let begin = part * params.chunk * heads;
  let end = min((part + 1u) * params.chunk, params.rows) * heads;
  var sum = vec4f();
  for (var i = begin; i < end; i++) {
    if (is_query) {
      sum += q_terms[i * width + d];
    } else {
      sum += k_terms[i * width + d];
    }
  }
  let at = part * params.size4 + select(params.k_gain4, params.q_gain4, is_query) + d;
  if (params.accumulate == 1u) {
    sum += partials[at];
  }
  partials[at] = sum;
}
