//! Over the queries i of row j, [j, query_end), and the heads that share its key:
//! dv_j = Σ_i p_ij·dout_i,   dk_j = Σ_i p_ij·(dout_i·v_j − delta_i)·q_i/√D,   p_ij = exp(q_i·k_j/√D − lse_i)
//! q, dout: [rows, heads·D]   k, v, dk, dv: [rows, kv_heads·D]   lse, delta: [rows, heads]
//! Rows are ordered so that all queries of a key are contiguous; each key sums its own: no atomics.
//! Prelude: HALF4 = D/8.  One thread per key/value head of a row.
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
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dv: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

const WIDTH4 = 2u * HALF4;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let row = flat / params.kv_heads;
  if (row >= params.rows) {
    return;
  }
  let shared_by = params.heads / params.kv_heads;
  let first_head = (flat % params.kv_heads) * shared_by;
  var key: array<vec4f, WIDTH4>;
  var value: array<vec4f, WIDTH4>;
  var key_sum: array<vec4f, WIDTH4>;
  var value_sum: array<vec4f, WIDTH4>;
  for (var i = 0u; i < WIDTH4; i++) {
    key[i] = k[flat * WIDTH4 + i] * params.scale;
    value[i] = v[flat * WIDTH4 + i];
  }
  for (var query = row; query < row_meta[row].query_end; query++) {
    for (var h = 0u; h < shared_by; h++) {
      let head = query * params.heads + first_head + h;
      let at = head * WIDTH4;
      var score = 0.0;
      var dp = 0.0;
      for (var i = 0u; i < WIDTH4; i++) {
        score += dot(key[i], q[at + i]);
        dp += dot(value[i], dout[at + i]);
      }
      let p = exp(score - lse[head]);
      let ds = p * (dp - delta[head]) * params.scale;
      for (var i = 0u; i < WIDTH4; i++) {
        value_sum[i] += dout[at + i] * p;
        key_sum[i] += q[at + i] * ds;
      }
    }
  }
  for (var i = 0u; i < WIDTH4; i++) {
    dk[flat * WIDTH4 + i] = key_sum[i];
    dv[flat * WIDTH4 + i] = value_sum[i];
  }
}
