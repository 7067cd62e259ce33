//! out[r,h] = Σ_j softmax_j(q[r,h]·k[j,h']/√D)·v[j,h'],  h' = h·kv_heads/heads, j over the keys that places names
//! q, out: [rows, 4·stride4]   k, v: caches [cache rows, kv_heads·D]   places: [rows]
//! One workgroup per head of a row, 64 keys at a time: a key a lane for the scores, then four features a lane, keys in
//! as many parts as lanes allow. Softmax in one pass (running maximum).
//! use lib/tree
//! use lib/place

struct Params {
  rows: u32,
  heads: u32,
  kv_heads: u32,
  /// D/4
  head4: u32,
  stride4: u32,
  step: u32,
  /// 1/√D
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> places: array<Place>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

const LANES = 64u;

var<workgroup> query: array<vec4f, 32>;
var<workgroup> weight: array<f32, LANES>;
var<workgroup> sums: array<vec4f, LANES>;

fn key_row(place: Place, n: u32) -> u32 {
  return select(place.own_start + n - place.prefix_length, place.prefix_start + n, n < place.prefix_length);
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
  let keys = place.prefix_length + place.first + params.step - place.own_start + 1u;
  let at_query = row * params.stride4 + head * head4;
  if (lane < head4) {
    query[lane] = q[at_query + lane];
  }
  let parts = LANES / head4;
  let part = lane / head4;
  let feature = lane % head4;
  var top = -3.0e38;
  var total = 0.0;
  var sum = vec4f();
  workgroupBarrier();
  for (var first = 0u; first < keys; first += LANES) {
    var score = -3.0e38;
    if (first + lane < keys) {
      let at = (key_row(place, first + lane) * params.kv_heads + kv_head) * head4;
      var product = 0.0;
      for (var d = 0u; d < head4; d++) {
        product += dot(query[d], k[at + d]);
      }
      score = product * params.scale;
    }
    let new_top = max(top, largest_of_all(lane, score));
    let shrink = exp(top - new_top);
    top = new_top;
    var own = 0.0;
    if (first + lane < keys) {
      own = exp(score - top);
    }
    weight[lane] = own;
    total = total * shrink + own;
    workgroupBarrier();
    sum *= shrink;
    if (part < parts) {
      for (var n = part; n < min(LANES, keys - first); n += parts) {
        sum += weight[n] * v[(key_row(place, first + n) * params.kv_heads + kv_head) * head4 + feature];
      }
    }
    workgroupBarrier();
  }
  total = sum_of_all(lane, total);
  sums[lane] = sum;
  workgroupBarrier();
  if (lane < head4) {
    var whole = vec4f();
    for (var each = 0u; each < parts; each++) {
      whole += sums[each * head4 + lane];
    }
    out[at_query + lane] = whole / total;
  }
}
