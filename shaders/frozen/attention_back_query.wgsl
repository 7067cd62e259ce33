//! p_j = softmax_j(q·k_j/√D),  delta = dout·out,  dq = Σ_j p_j·(dout·v_j − delta)·k_j/√D, j over the keys of places
//! q, out, dout, dq: [rows, 4·stride4]   k, v: [rows, kv_heads·D]   places: [rows], a row is its own cache row
//! kept: [rows, heads] of (ln Σ_j e^(q·k_j/√D), delta), which attention_back_key needs
//! One workgroup per head of a row, 64 keys at a time, as attention has them; the scores are computed anew.
//! use lib/tree
//! use lib/place

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
@group(0) @binding(3) var<storage, read> places: array<Place>;
@group(0) @binding(4) var<storage, read> out: array<vec4f>;
@group(0) @binding(5) var<storage, read> dout: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> kept: array<vec2f>;
@group(1) @binding(0) var<uniform> params: Params;

const LANES = 64u;

var<workgroup> query: array<vec4f, 32>;
var<workgroup> dy: array<vec4f, 32>;
var<workgroup> weight: array<f32, LANES>;
var<workgroup> sums: array<vec4f, LANES>;

fn key_row(place: Place, n: u32) -> u32 {
  return select(place.own_start + n - place.prefix_length, place.prefix_start + n, n < place.prefix_length);
}

fn score_of(at: u32) -> f32 {
  var product = 0.0;
  for (var d = 0u; d < params.head4; d++) {
    product += dot(query[d], k[at + d]);
  }
  return product * params.scale;
}

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let flat = group.x + group.y * groups.x;
  let row = flat / params.heads;
  if (row >= params.rows) {
    return;
  }
  let head = flat % params.heads;
  let kv_head = head * params.kv_heads / params.heads;
  let head4 = params.head4;
  let place = places[row];
  let keys = place.prefix_length + place.first - place.own_start + 1u;
  let at_query = row * params.stride4 + head * head4;
  var own_delta = 0.0;
  if (lane < head4) {
    query[lane] = q[at_query + lane];
    dy[lane] = dout[at_query + lane];
    own_delta = dot(dy[lane], out[at_query + lane]);
  }
  let delta = sum_of_all(lane, own_delta);
  var top = -3.0e38;
  for (var n = lane; n < keys; n += LANES) {
    top = max(top, score_of((key_row(place, n) * params.kv_heads + kv_head) * head4));
  }
  top = largest_of_all(lane, top);
  var total = 0.0;
  for (var n = lane; n < keys; n += LANES) {
    total += exp(score_of((key_row(place, n) * params.kv_heads + kv_head) * head4) - top);
  }
  let log_sum = top + log(sum_of_all(lane, total));
  let parts = LANES / head4;
  let part = lane / head4;
  let feature = lane % head4;
  var sum = vec4f();
  for (var first = 0u; first < keys; first += LANES) {
    var own = 0.0;
    if (first + lane < keys) {
      let at = (key_row(place, first + lane) * params.kv_heads + kv_head) * head4;
      var dp = 0.0;
      for (var d = 0u; d < head4; d++) {
        dp += dot(dy[d], v[at + d]);
      }
      own = exp(score_of(at) - log_sum) * (dp - delta) * params.scale;
    }
    weight[lane] = own;
    workgroupBarrier();
    if (part < parts) {
      for (var n = part; n < min(LANES, keys - first); n += parts) {
        sum += weight[n] * k[(key_row(place, first + n) * params.kv_heads + kv_head) * head4 + feature];
      }
    }
    workgroupBarrier();
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane < head4) {
    var whole = vec4f();
    for (var each = 0u; each < parts; each++) {
      whole += sums[each * head4 + lane];
    }
    dq[at_query + lane] = whole;
  }
  if (lane == 0u) {
    kept[flat] = vec2f(log_sum, delta);
  }
}
