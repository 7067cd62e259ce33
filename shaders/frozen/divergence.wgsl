//! kl[r] = Σ_j p_j·(ln p_j − ln q_j),   p = softmax(logits[r]/T), q = softmax(other[r]/T), in nats
//! logits, other: [rows, 4·stride4], columns from vocab on undefined   kl: [rows]
//! One workgroup per row.
//! use lib/tree

struct Params {
  rows: u32,
  vocab: u32,
  stride4: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<storage, read> logits: array<vec4f>;
@group(0) @binding(1) var<storage, read> other: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> kl: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

const LANES = 256u;
const BELOW = vec4f(-3.0e38);

fn inside(column4: u32) -> vec4<bool> {
  return column4 * 4u + vec4u(0u, 1u, 2u, 3u) < vec4u(params.vocab);
}

fn largest(four: vec4f) -> f32 {
  return max(max(four.x, four.y), max(four.z, four.w));
}

fn sum(four: vec4f) -> f32 {
  return (four.x + four.y) + (four.z + four.w);
}

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.rows) {
    return;
  }
  let begin = row * params.stride4;
  let scale = params.inverse_temperature;
  var top_p = BELOW;
  var top_q = BELOW;
  for (var i = lane; i < params.stride4; i += LANES) {
    let has = inside(i);
    top_p = max(top_p, select(BELOW, logits[begin + i] * scale, has));
    top_q = max(top_q, select(BELOW, other[begin + i] * scale, has));
  }
  let highest_p = largest_of_all(lane, largest(top_p));
  let highest_q = largest_of_all(lane, largest(top_q));
  var sum_p = vec4f();
  var sum_q = vec4f();
  // Σ_j e^(z_j)·(z_j − y_j), of which the normalisers are taken off at the end.
  var apart = vec4f();
  for (var i = lane; i < params.stride4; i += LANES) {
    let has = inside(i);
    let p = select(vec4f(), logits[begin + i] * scale - highest_p, has);
    let q = select(vec4f(), other[begin + i] * scale - highest_q, has);
    let e = select(vec4f(), exp(max(p, vec4f(-200.0))), has);
    sum_p += e;
    sum_q += select(vec4f(), exp(max(q, vec4f(-200.0))), has);
    apart += select(vec4f(), e * (p - q), e > vec4f());
  }
  let all_p = sum_of_all(lane, sum(sum_p));
  let all_q = sum_of_all(lane, sum(sum_q));
  let all_apart = sum_of_all(lane, sum(apart));
  if (lane == 0u) {
    kl[row] = all_apart / all_p - log(all_p) + log(all_q);
  }
}
