//! p_j = exp(q·k_j/√D − lse),  delta = dout·out,  dq = Σ_j p_j·(dout·v_j − delta)·k_j/√D;  delta is kept
//! q, out, dout, dq: [rows, heads·D]   k, v: [rows, kv_heads·D]   lse, delta: [rows, heads]
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts); HALF4 = D/8.
//! One thread per head of a row.
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
@group(0) @binding(4) var<storage, read> out: array<Activation4>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> delta: array<f32>;
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

fn out_four(i: u32, first: u32) -> mat4x4f {
  var four = mat4x4f();
  if (WIDTH4 >= first + 4u) {
    four = mat4x4f(
      vec4f(out[i + first]), vec4f(out[i + first + 1u]), vec4f(out[i + first + 2u]), vec4f(out[i + first + 3u]),
    );
  } else if (WIDTH4 > first) {
    four = mat4x4f(vec4f(out[i + first]), vec4f(out[i + first + 1u]), vec4f(), vec4f());
  }
  return four;
}

fn out_head(i: u32) -> Head {
  return Head(
    out_four(i, 0u), out_four(i, 4u), out_four(i, 8u), out_four(i, 12u),
    out_four(i, 16u), out_four(i, 20u), out_four(i, 24u), out_four(i, 28u),
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

fn store_dq_four(i: u32, first: u32, four: mat4x4f) {
  if (WIDTH4 > first) {
    dq[i + first] = four[0];
    dq[i + first + 1u] = four[1];
  }
  if (WIDTH4 >= first + 4u) {
    dq[i + first + 2u] = four[2];
    dq[i + first + 3u] = four[3];
  }
}

fn store_dq(i: u32, head: Head) {
  store_dq_four(i, 0u, head.a);
  store_dq_four(i, 4u, head.b);
  store_dq_four(i, 8u, head.c);
  store_dq_four(i, 12u, head.d);
  store_dq_four(i, 16u, head.e);
  store_dq_four(i, 20u, head.f);
  store_dq_four(i, 24u, head.g);
  store_dq_four(i, 28u, head.h);
}

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
  let query = q_head(flat * WIDTH4);
  let dy = dout_head(flat * WIDTH4);
  let d = dot_head(dy, out_head(flat * WIDTH4));
  var sum: Head;
  delta[flat] = d;
  let l = lse[flat];
  for (var n = 0u; n < row_info.prefix_length + own; n++) {
    let j = select(row_info.own_start + n - row_info.prefix_length, row_info.prefix_start + n, n < row_info.prefix_length);
    let at = (j * params.kv_heads + kv_head) * WIDTH4;
    let key = k_head(at);
    let p = exp(dot_head(query, key) * params.scale - l);
    let dp = dot_head(dy, v_head(at));
    sum = mix_heads(sum, 1.0, key, p * (dp - d) * params.scale);
  }
  store_dq(flat * WIDTH4, sum);
}
