//! out[r,h] = Σ_j softmax_j(q[r,h]·k[j,h']/√D)·v[j,h'],  h' = h·kv_heads/heads, j over the keys row_meta names
//! lse[r,h] = ln Σ_j exp(q·k/√D), kept for backward. Softmax in one pass (running maximum), nothing materialised.
//! q, out: [rows, heads·D]   k, v: caches [cache rows, kv_heads·D]   lse: [rows, heads]
//! Prelude: HALF4 = D/8.  One thread per head of a row.
//! use lib/grid
//! use lib/rows

struct Params {
  rows: u32,
  heads: u32,
  kv_heads: u32,
  scale: f32,
  stride: u32,
  offset: u32,
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> row_meta: array<RowMeta>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

const WIDTH4 = 2u * HALF4;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let row = flat / params.heads;
  if (row >= params.rows) {
    return;
  }
  let kv_head = (flat % params.heads) * params.kv_heads / params.heads;
  let row_info = row_meta[row];
  let own = row * params.stride + params.offset - row_info.own_start + 1u;
  var query: array<vec4f, WIDTH4>;
  var sum: array<vec4f, WIDTH4>;
  for (var i = 0u; i < WIDTH4; i++) {
    query[i] = q[flat * WIDTH4 + i] * params.scale;
  }
  var top = -3.0e38;
  var total = 0.0;
  for (var n = 0u; n < row_info.prefix_length + own; n++) {
    let j = select(row_info.own_start + n - row_info.prefix_length, row_info.prefix_start + n, n < row_info.prefix_length);
    let at = (j * params.kv_heads + kv_head) * WIDTH4;
    var score = 0.0;
    for (var i = 0u; i < WIDTH4; i++) {
      score += dot(query[i], k[at + i]);
    }
    let new_top = max(top, score);
    let shrink = exp(top - new_top);
    let weight = exp(score - new_top);
    top = new_top;
    total = total * shrink + weight;
    for (var i = 0u; i < WIDTH4; i++) {
      sum[i] = sum[i] * shrink + v[at + i] * weight;
    }
  }
  for (var i = 0u; i < WIDTH4; i++) {
    out[flat * WIDTH4 + i] = sum[i] / total;
  }
  lse[flat] = top + log(total);
}
