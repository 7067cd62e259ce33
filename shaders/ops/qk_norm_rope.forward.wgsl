//! Per head of q and k: y = rotate(x·rstd·gain), rstd = 1/√(mean_d x[d]² + eps); heads of v are copied.
//! rotate, halves (a, b) at position p, frequency θ^(−2i/D):  a' = a·cos − b·sin,  b' = b·cos + a·sin
//! qkv: [rows, (heads + 2·kv_heads)·D]   q: [rows, heads·D]   k, v: caches [cache rows, kv_heads·D]
//! row_meta: [rows]   rope: [positions, D], D/2 cosines then D/2 sines
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts); HALF4 = D/8.
//! One thread per head of a row.
//! use lib/grid
//! use lib/slab
//! use lib/rows

struct Params {
  rows: u32,
  heads: u32,
  kv_heads: u32,
  q_gain4: u32,
  k_gain4: u32,
  eps: f32,
  stride: u32,
  offset: u32,
  split: vec4u,
  slab4: vec4u,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> qkv: array<Activation4>;
@group(0) @binding(2) var<storage, read> row_meta: array<RowMeta>;
@group(0) @binding(3) var<storage, read> rope: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> q: array<Activation4>;
@group(0) @binding(5) var<storage, read_write> k: array<Activation4>;
@group(0) @binding(6) var<storage, read_write> v: array<Activation4>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let heads = params.heads;
  let kv_heads = params.kv_heads;
  let all = heads + 2u * kv_heads;
  let row = flat / all;
  if (row >= params.rows) {
    return;
  }
  let head = flat % all;
  let begin = flat * 2u * HALF4;
  let cache_row = row * params.stride + params.offset;
  if (head >= heads + kv_heads) {
    let to = (cache_row * kv_heads + head - heads - kv_heads) * 2u * HALF4;
    for (var i = 0u; i < 2u * HALF4; i++) {
      v[to + i] = qkv[begin + i];
    }
    return;
  }
  var squares = 0.0;
  for (var i = 0u; i < 2u * HALF4; i++) {
    let value = vec4f(qkv[begin + i]);
    squares += dot(value, value);
  }
  let rstd = inverseSqrt(squares / f32(8u * HALF4) + params.eps);
  let slab = slab_of(row, params.split, params.slab4);
  let gain = slab + select(params.k_gain4, params.q_gain4, head < heads);
  let angle = position_of(row_meta[row], cache_row) * 2u * HALF4;
  for (var i = 0u; i < HALF4; i++) {
    let a = vec4f(qkv[begin + i]) * rstd * parameters[gain + i];
    let b = vec4f(qkv[begin + HALF4 + i]) * rstd * parameters[gain + HALF4 + i];
    let c = rope[angle + i];
    let s = rope[angle + HALF4 + i];
    if (head < heads) {
      let to = (row * heads + head) * 2u * HALF4 + i;
      q[to] = Activation4(a * c - b * s);
      q[to + HALF4] = Activation4(b * c + a * s);
    } else {
      let to = (cache_row * kv_heads + head - heads) * 2u * HALF4 + i;
      k[to] = Activation4(a * c - b * s);
      k[to + HALF4] = Activation4(b * c + a * s);
    }
  }
}
