//! Per head of q and k: y = rotate(x), NORMED: rotate(x·rstd·gain), rstd = 1/√(mean_d x[d]² + eps); heads of v are copied.
//! rotate, halves (a, b) at position p, frequency θ^(−2i/D):  a' = a·cos − b·sin,  b' = b·cos + a·sin
//! qkv: [rows, 4·qkv_stride4], q then k then v   gains: [2, D], of q then of k   q: [rows, 4·q_stride4]
//! k, v: caches [cache rows, kv_heads·D]   places: [rows]   rope: [positions, D], D/2 cosines then D/2 sines
//! One thread per head of a row.
//! use lib/grid
//! use lib/place

override NORMED: bool = false;

struct Params {
  rows: u32,
  heads: u32,
  kv_heads: u32,
  /// D/8
  half4: u32,
  qkv_stride4: u32,
  q_stride4: u32,
  step: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(1) var<storage, read> gains: array<vec4f>;
@group(0) @binding(2) var<storage, read> rope: array<vec4f>;
@group(0) @binding(3) var<storage, read> places: array<Place>;
@group(0) @binding(4) var<storage, read_write> q: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> k: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> v: array<vec4f>;
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
  let half4 = params.half4;
  let begin = row * params.qkv_stride4 + head * 2u * half4;
  let place = places[row];
  let cache_row = place.first + params.step;
  if (head >= heads + kv_heads) {
    let to = (cache_row * kv_heads + head - heads - kv_heads) * 2u * half4;
    for (var i = 0u; i < 2u * half4; i++) {
      v[to + i] = qkv[begin + i];
    }
    return;
  }
  let is_query = head < heads;
  var rstd = 1.0;
  if (NORMED) {
    var squares = 0.0;
    for (var i = 0u; i < 2u * half4; i++) {
      let value = qkv[begin + i];
      squares += dot(value, value);
    }
    rstd = inverseSqrt(squares / f32(8u * half4) + params.eps);
  }
  let gain = select(2u * half4, 0u, is_query);
  let angle = (place.prefix_length + cache_row - place.own_start) * 2u * half4;
  for (var i = 0u; i < half4; i++) {
    var a = qkv[begin + i];
    var b = qkv[begin + half4 + i];
    if (NORMED) {
      a *= rstd * gains[gain + i];
      b *= rstd * gains[gain + half4 + i];
    }
    let c = rope[angle + i];
    let s = rope[angle + half4 + i];
    if (is_query) {
      let to = row * params.q_stride4 + head * 2u * half4 + i;
      q[to] = a * c - b * s;
      q[to + half4] = b * c + a * s;
    } else {
      let to = (cache_row * kv_heads + head - heads) * 2u * half4 + i;
      k[to] = a * c - b * s;
      k[to + half4] = b * c + a * s;
    }
  }
}
