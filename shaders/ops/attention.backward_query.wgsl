//! p_j = exp(q·k_j/√D − lse),  delta = dout·out,  dq = Σ_j p_j·(dout·v_j − delta)·k_j/√D;  delta is kept
//! q, out, dout, dq: [rows, heads·D]   k, v: [rows, kv_heads·D]   lse, delta: [rows, heads]
//! Prelude: HALF4 = D/8.  One thread per head of a row.
//! use lib/grid
//! use lib/rows

struct Params {
  rows: u32,
  heads: u32,
  kv_heads: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> row_meta: array<RowMeta>;
@group(0) @binding(4) var<storage, read> out: array<vec4f>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> delta: array<f32>;
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
  let own = row - row_info.own_start + 1u;
  var query: array<vec4f, WIDTH4>;
  var dy: array<vec4f, WIDTH4>;
  var sum: array<vec4f, WIDTH4>;
  var d = 0.0;
  for (var i = 0u; i < WIDTH4; i++) {
    query[i] = q[flat * WIDTH4 + i] * params.scale;
    dy[i] = dout[flat * WIDTH4 + i];
    d += dot(dy[i], out[flat * WIDTH4 + i]);
  }
  delta[flat] = d;
  let l = lse[flat];
  for (var n = 0u; n < row_info.prefix_length + own; n++) {
    let j = select(row_info.own_start + n - row_info.prefix_length, row_info.prefix_start + n, n < row_info.prefix_length);
    let at = (j * params.kv_heads + kv_head) * WIDTH4;
    var score = 0.0;
    var dp = 0.0;
    for (var i = 0u; i < WIDTH4; i++) {
      score += dot(query[i], k[at + i]);
      dp += dot(dy[i], v[at + i]);
    }
    let ds = exp(score - l) * (dp - d) * params.scale;
    for (var i = 0u; i < WIDTH4; i++) {
      sum[i] += k[at + i] * ds;
    }
  }
  for (var i = 0u; i < WIDTH4; i++) {
    dq[flat * WIDTH4 + i] = sum[i];
  }
}
