//! Undoes the rotation of each head of q and k, then the norm where NORMED: with dn = rotate⁻¹(dy), rstd as in rope,
//! dx = rstd·(gain·dn − x·rstd²·mean_j gain[j]·dn[j]·x[j]), else dx = dn; the gradient of v passes through.
//! qkv, dqkv: [rows, 4·qkv_stride4], q then k then v   dq: [rows, 4·q_stride4]   dk, dv: [rows, kv_heads·D]
//! gains: [2, D], of q and of k   places: [rows]   rope: [positions, D], D/2 cosines then D/2 sines
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
  eps: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(1) var<storage, read> gains: array<vec4f>;
@group(0) @binding(2) var<storage, read> rope: array<vec4f>;
@group(0) @binding(3) var<storage, read> places: array<Place>;
@group(0) @binding(4) var<storage, read> dq: array<vec4f>;
@group(0) @binding(5) var<storage, read> dk: array<vec4f>;
@group(0) @binding(6) var<storage, read> dv: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dqkv: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

/// The two rotated-back halves of four features.
fn back(is_query: bool, at: u32, angle: u32, half4: u32) -> mat2x4f {
  var ya: vec4f;
  var yb: vec4f;
  if (is_query) {
    ya = dq[at];
    yb = dq[at + half4];
  } else {
    ya = dk[at];
    yb = dk[at + half4];
  }
  let c = rope[angle];
  let s = rope[angle + half4];
  return mat2x4f(ya * c + yb * s, yb * c - ya * s);
}

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
  let at = row * params.qkv_stride4 + head * 2u * half4;
  if (head >= heads + kv_heads) {
    let begin = (row * kv_heads + head - heads - kv_heads) * 2u * half4;
    for (var i = 0u; i < 2u * half4; i++) {
      dqkv[at + i] = dv[begin + i];
    }
    return;
  }
  let is_query = head < heads;
  let begin = select(
    (row * kv_heads + head - heads) * 2u * half4,
    row * params.q_stride4 + head * 2u * half4,
    is_query,
  );
  let place = places[row];
  let angle = (place.prefix_length + place.first - place.own_start) * 2u * half4;
  if (!NORMED) {
    for (var i = 0u; i < half4; i++) {
      let d = back(is_query, begin + i, angle + i, half4);
      dqkv[at + i] = d[0];
      dqkv[at + half4 + i] = d[1];
    }
    return;
  }
  let gain = select(2u * half4, 0u, is_query);
  var squares = 0.0;
  var products = 0.0;
  for (var i = 0u; i < half4; i++) {
    let xa = qkv[at + i];
    let xb = qkv[at + half4 + i];
    squares += dot(xa, xa) + dot(xb, xb);
    let d = back(is_query, begin + i, angle + i, half4);
    products += dot(gains[gain + i] * d[0], xa) + dot(gains[gain + half4 + i] * d[1], xb);
  }
  let width = f32(8u * half4);
  let rstd = inverseSqrt(squares / width + params.eps);
  let shared_part = products * rstd * rstd / width;
  for (var i = 0u; i < half4; i++) {
    let d = back(is_query, begin + i, angle + i, half4);
    dqkv[at + i] = rstd * (gains[gain + i] * d[0] - qkv[at + i] * shared_part);
    dqkv[at + half4 + i] = rstd * (gains[gain + half4 + i] * d[1] - qkv[at + half4 + i] * shared_part);
  }
}
