//! Over the queries i of row j, [j, query_end[j]), and the heads that share its key:
//! dv_j = Σ_i p_ij·dout_i,   dk_j = Σ_i p_ij·(dout_i·v_j − delta_i)·q_i/√D,   p_ij = e^(q_i·k_j/√D − log_sum_i)
//! q, dout: [rows, 4·stride4]   k, v, dk, dv: [rows, kv_heads·D]   kept: [rows, heads] of (log_sum, delta)
//! Rows are ordered so that all queries of a key are contiguous; each key sums its own, in their order: no atomics.
//! One workgroup per key/value head of a row, 64 pairs of query and head at a time: a pair a lane for its two weights,
//! then four features a lane, pairs in as many parts as lanes allow.

struct Params {
  rows: u32,
  heads: u32,
  kv_heads: u32,
  /// D/4
  head4: u32,
  stride4: u32,
  /// 1/√D
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> query_end: array<u32>;
@group(0) @binding(4) var<storage, read> dout: array<vec4f>;
@group(0) @binding(5) var<storage, read> kept: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dv: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

const LANES = 64u;

var<workgroup> key: array<vec4f, 32>;
var<workgroup> value: array<vec4f, 32>;
/// Of a pair: the weights of q in dk, and of dout in dv.
var<workgroup> weights: array<vec2f, LANES>;
var<workgroup> key_sums: array<vec4f, LANES>;
var<workgroup> value_sums: array<vec4f, LANES>;

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let flat = group.x + group.y * groups.x;
  let row = flat / params.kv_heads;
  if (row >= params.rows) {
    return;
  }
  let head4 = params.head4;
  let shared_by = params.heads / params.kv_heads;
  let first_head = (flat % params.kv_heads) * shared_by;
  if (lane < head4) {
    key[lane] = k[flat * head4 + lane];
    value[lane] = v[flat * head4 + lane];
  }
  let parts = LANES / head4;
  let part = lane / head4;
  let feature = lane % head4;
  let pairs = (query_end[row] - row) * shared_by;
  var key_sum = vec4f();
  var value_sum = vec4f();
  workgroupBarrier();
  for (var first = 0u; first < pairs; first += LANES) {
    var own = vec2f();
    if (first + lane < pairs) {
      let query = row + (first + lane) / shared_by;
      let head = first_head + (first + lane) % shared_by;
      let at = query * params.stride4 + head * head4;
      var score = 0.0;
      var dp = 0.0;
      for (var d = 0u; d < head4; d++) {
        score += dot(key[d], q[at + d]);
        dp += dot(value[d], dout[at + d]);
      }
      let saved = kept[query * params.heads + head];
      let p = exp(score * params.scale - saved.x);
      own = vec2f(p * (dp - saved.y) * params.scale, p);
    }
    weights[lane] = own;
    workgroupBarrier();
    if (part < parts) {
      for (var n = part; n < min(LANES, pairs - first); n += parts) {
        let query = row + (first + n) / shared_by;
        let at = query * params.stride4 + (first_head + (first + n) % shared_by) * head4 + feature;
        key_sum += weights[n].x * q[at];
        value_sum += weights[n].y * dout[at];
      }
    }
    workgroupBarrier();
  }
  key_sums[lane] = key_sum;
  value_sums[lane] = value_sum;
  workgroupBarrier();
  if (lane < head4) {
    var whole_key = vec4f();
    var whole_value = vec4f();
    for (var each = 0u; each < parts; each++) {
      whole_key += key_sums[each * head4 + lane];
      whole_value += value_sums[each * head4 + lane];
    }
    dk[flat * head4 + lane] = whole_key;
    dv[flat * head4 + lane] = whole_value;
  }
}
