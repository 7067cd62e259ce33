//! Undoes the rotation, then the norm: with dn = rotate⁻¹(dy),
//! dx = rstd·(gain·dn − x·rstd²·mean_j gain[j]·dn[j]·x[j]); the gradient of v passes through.
//! dq, dk are overwritten by dn·x·rstd, the terms of the gains' gradients (qk_norm_rope.backward_gain sums them).
//! qkv, dqkv: [rows, (heads + 2·kv_heads)·D]   dq: [rows, heads·D]   dk, dv: [rows, kv_heads·D]
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts); HALF4 = D/8.
//! One thread per head of a row.
//! use lib/grid
//! use lib/rows

struct Params {
  rows: u32,
  heads: u32,
  kv_heads: u32,
  q_gain4: u32,
  k_gain4: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> qkv: array<Activation4>;
@group(0) @binding(2) var<storage, read> row_meta: array<RowMeta>;
@group(0) @binding(3) var<storage, read> rope: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(6) var<storage, read> dv: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dqkv: array<vec4f>;
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
  let at = flat * 2u * HALF4;
  if (head >= heads + kv_heads) {
    let begin = (row * kv_heads + head - heads - kv_heads) * 2u * HALF4;
    for (var i = 0u; i < 2u * HALF4; i++) {
      dqkv[at + i] = dv[begin + i];
    }
    return;
  }
  let is_query = head < heads;
  let begin = select(row * kv_heads + head - heads, row * heads + head, is_query) * 2u * HALF4;
  let gain = select(params.k_gain4, params.q_gain4, is_query);
  let angle = position_of(row_meta[row], row) * 2u * HALF4;
  var squares = 0.0;
  var products = 0.0;
  var da: array<vec4f, HALF4>;
  var db: array<vec4f, HALF4>;
  for (var i = 0u; i < HALF4; i++) {
    let xa = vec4f(qkv[at + i]);
    let xb = vec4f(qkv[at + HALF4 + i]);
    squares += dot(xa, xa) + dot(xb, xb);
    let c = rope[angle + i];
    let s = rope[angle + HALF4 + i];
    var ya: vec4f;
    var yb: vec4f;
    if (is_query) {
      ya = dq[begin + i];
      yb = dq[begin + HALF4 + i];
    } else {
      ya = dk[begin + i];
      yb = dk[begin + HALF4 + i];
    }
    da[i] = ya * c + yb * s;
    db[i] = yb * c - ya * s;
    products += dot(parameters[gain + i] * da[i], xa) + dot(parameters[gain + HALF4 + i] * db[i], xb);
  }
  let width = f32(8u * HALF4);
  let rstd = inverseSqrt(squares / width + params.eps);
  let c = products * rstd * rstd / width;
  for (var i = 0u; i < HALF4; i++) {
    let xa = vec4f(qkv[at + i]);
    let xb = vec4f(qkv[at + HALF4 + i]);
    dqkv[at + i] = rstd * (parameters[gain + i] * da[i] - xa * c);
    dqkv[at + HALF4 + i] = rstd * (parameters[gain + HALF4 + i] * db[i] - xb * c);
    if (is_query) {
      dq[begin + i] = da[i] * xa * rstd;
      dq[begin + HALF4 + i] = db[i] * xb * rstd;
    } else {
      dk[begin + i] = da[i] * xa * rstd;
      dk[begin + HALF4 + i] = db[i] * xb * rstd;
    }
  }
}
