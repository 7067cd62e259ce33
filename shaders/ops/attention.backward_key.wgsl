//! Over the queries i of row j, [j, query_end), and the heads that share its key:
//! dv_j = Σ_i p_ij·dout_i,   dk_j = Σ_i p_ij·(dout_i·v_j − delta_i)·q_i/√D,   p_ij = exp(q_i·k_j/√D − lse_i)
//! q, dout: [rows, heads·D]   k, v, dk, dv: [rows, kv_heads·D]   lse, delta: [rows, heads]
//! Rows are ordered so that all queries of a key are contiguous; each key sums its own: no atomics.
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts); HALF4 = D/8.
//! One thread per key/value head of a row.
//! use lib/grid
//! use lib/rows
//! use lib/head

struct Params {
  rows: u32,
  heads: u32,
  kv_heads: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<Activation4>;
@group(0) @binding(1) var<storage, read> k: array<Activation4>;
@group(0) @binding(2) var<storage, read> v: array<Activation4>;
@group(0) @binding(3) var<storage, read> row_meta: array<RowMeta>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dv: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

fn q_four(i: u32, first: u32) -> mat4x4f {
  var four = mat4x4f();
  if (WIDTH4 >= first + 4u) {
    four = mat4x4f(
      vec4f(q[i + first]), vec4f(q[i + first + 1u]), vec4f(q[i + first + 2u]), vec4f(q[i + first + 3u]),
    );
  } else if (WIDTH4 > first) {
    four = mat4x4f(vec4f(q[i + first]), vec4f(q[i + first + 1u]), vec4f(), vec4f());
  }
  return four;
}

fn q_head(i: u32) -> Head {
  return Head(
    q_four(i, 0u), q_four(i, 4u), q_four(i, 8u), q_four(i, 12u),
    q_four(i, 16u), q_four(i, 20u), q_four(i, 24u), q_four(i, 28u),
  );
}

fn k_four(i: u32, first: u32) -> mat4x4f {
  var four = mat4x4f();
  if (WIDTH4 >= first + 4u) {
    four = mat4x4f(
      vec4f(k[i + first]), vec4f(k[i + first + 1u]), vec4f(k[i + first + 2u]), vec4f(k[i + first + 3u]),
    );
  } else if (WIDTH4 > first) {
    four = mat4x4f(vec4f(k[i + first]), vec4f(k[i + first + 1u]), vec4f(), vec4f());
  }
  return four;
}

fn k_head(i: u32) -> Head {
  return Head(
    k_four(i, 0u), k_four(i, 4u), k_four(i, 8u), k_four(i, 12u),
    k_four(i, 16u), k_four(i, 20u), k_four(i, 24u), k_four(i, 28u),
  );
}

fn v_four(i: u32, first: u32) -> mat4x4f {
  var four = mat4x4f();
  if (WIDTH4 >= first + 4u) {
    four = mat4x4f(
      vec4f(v[i + first]), vec4f(v[i + first + 1u]), vec4f(v[i + first + 2u]), vec4f(v[i + first + 3u]),
    );
  } else if (WIDTH4 > first) {
    four = mat4x4f(vec4f(v[i + first]), vec4f(v[i + first + 1u]), vec4f(), vec4f());
  }
  return four;
}

fn v_head(i: u32) -> Head {
  return Head(
    v_four(i, 0u), v_four(i, 4u), v_four(i, 8u), v_four(i, 12u),
    v_four(i, 16u), v_four(i, 20u), v_four(i, 24u), v_four(i, 28u),
  );
}

fn dout_four(i: u32, first: u32) -> mat4x4f {
  var four = mat4x4f();
  if (WIDTH4 >= first + 4u) {
    four = mat4x4f(dout[i + first], dout[i + first + 1u], dout[i + first + 2u], dout[i + first + 3u]);
  } else if (WIDTH4 > first) {
    four = mat4x4f(dout[i + first], dout[i + first + 1u], vec4f(), vec4f());
  }
  return four;
}

fn dout_head(i: u32) -> Head {
  return Head(
    dout_four(i, 0u), dout_four(i, 4u), dout_four(i, 8u), dout_four(i, 12u),
    dout_four(i, 16u), dout_four(i, 20u), dout_four(i, 24u), dout_four(i, 28u),
  );
}

fn store_dk_four(i: u32, first: u32, four: mat4x4f) {
  if (WIDTH4 > first) {
    dk[i + first] = four[0];
    dk[i + first + 1u] = four[1];
  }
  if (WIDTH4 >= first + 4u) {
    dk[i + first + 2u] = four[2];
    dk[i + first + 3u] = four[3];
  }
}

fn store_dk(i: u32, head: Head) {
  store_dk_four(i, 0u, head.a);
  store_dk_four(i, 4u, head.b);
  store_dk_four(i, 8u, head.c);
  store_dk_four(i, 12u, head.d);
  store_dk_four(i, 16u, head.e);
  store_dk_four(i, 20u, head.f);
  store_dk_four(i, 24u, head.g);
  store_dk_four(i, 28u, head.h);
}

fn store_dv_four(i: u32, first: u32, four: mat4x4f) {
  if (WIDTH4 > first) {
    dv[i + first] = four[0];
    dv[i + first + 1u] = four[1];
  }
  if (WIDTH4 >= first + 4u) {
    dv[i + first + 2u] = four[2];
    dv[i + first + 3u] = four[3];
  }
}

fn store_dv(i: u32, head: Head) {
  store_dv_four(i, 0u, head.a);
  store_dv_four(i, 4u, head.b);
  store_dv_four(i, 8u, head.c);
  store_dv_four(i, 12u, head.d);
  store_dv_four(i, 16u, head.e);
  store_dv_four(i, 20u, head.f);
  store_dv_four(i, 24u, head.g);
  store_dv_four(i, 28u, head.h);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let row = flat / params.kv_heads;
  if (row >= params.rows) {
    return;
  }
  let shared_by = params.heads / params.kv_heads;
  let first_head = (flat % params.kv_heads) * shared_by;
  let key = k_head(flat * WIDTH4);
  let value = v_head(flat * WIDTH4);
  var key_sum: Head;
  var value_sum: Head;
  for (var query = row; query < row_meta[row].query_end; query++) {
    for (var h = 0u; h < shared_by; h++) {
      let head = query * params.heads + first_head + h;
      let query_head = q_head(head * WIDTH4);
      let dy = dout_head(head * WIDTH4);
      let p = exp(dot_head(key, query_head) * params.scale - lse[head]);
      let dp = dot_head(value, dy);
      value_sum = mix_heads(value_sum, 1.0, dy, p);
      key_sum = mix_heads(key_sum, 1.0, query_head, p * (dp - delta[head]) * params.scale);
    }
  }
  store_dk(flat * WIDTH4, key_sum);
  store_dv(flat * WIDTH4, value_sum);
}
