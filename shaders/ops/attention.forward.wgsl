//! out[r,h] = Σ_j softmax_j(q[r,h]·k[j,h']/√D)·v[j,h'],  h' = h·kv_heads/heads, j over the keys row_meta names
//! lse[r,h] = ln Σ_j exp(q·k/√D), kept for backward. Softmax in one pass (running maximum), nothing materialised.
//! q, out: [rows, heads·D]   k, v: caches [cache rows, kv_heads·D]   lse: [rows, heads]
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
  stride: u32,
  offset: u32,
}

@group(0) @binding(0) var<storage, read> q: array<Activation4>;
@group(0) @binding(1) var<storage, read> k: array<Activation4>;
@group(0) @binding(2) var<storage, read> v: array<Activation4>;
@group(0) @binding(3) var<storage, read> row_meta: array<RowMeta>;
@group(0) @binding(4) var<storage, read_write> out: array<Activation4>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;
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

fn store_out_four(i: u32, first: u32, four: mat4x4f) {
  if (WIDTH4 > first) {
    out[i + first] = Activation4(four[0]);
    out[i + first + 1u] = Activation4(four[1]);
  }
  if (WIDTH4 >= first + 4u) {
    out[i + first + 2u] = Activation4(four[2]);
    out[i + first + 3u] = Activation4(four[3]);
  }
}

fn store_out(i: u32, head: Head) {
  store_out_four(i, 0u, head.a);
  store_out_four(i, 4u, head.b);
  store_out_four(i, 8u, head.c);
  store_out_four(i, 12u, head.d);
  store_out_four(i, 16u, head.e);
  store_out_four(i, 20u, head.f);
  store_out_four(i, 24u, head.g);
  store_out_four(i, 28u, head.h);
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
  let own = row * params.stride + params.offset - row_info.own_start + 1u;
  let query = q_head(flat * WIDTH4);
  var sum: Head;
  var top = -3.0e38;
  var total = 0.0;
  for (var n = 0u; n < row_info.prefix_length + own; n++) {
    let j = select(row_info.own_start + n - row_info.prefix_length, row_info.prefix_start + n, n < row_info.prefix_length);
    let at = (j * params.kv_heads + kv_head) * WIDTH4;
    let score = dot_head(query, k_head(at)) * params.scale;
    let new_top = max(top, score);
    let shrink = exp(top - new_top);
    let weight = exp(score - new_top);
    top = new_top;
    total = total * shrink + weight;
    sum = mix_heads(sum, shrink, v_head(at), weight);
  }
  store_out(flat * WIDTH4, mix_heads(sum, 1.0 / total, sum, 0.0));
  lse[flat] = top + log(total);
}
