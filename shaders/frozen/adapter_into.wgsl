//! t[r, p·rank + i] = scale[r]ˢ · Σ_k m[p][i,k]·x[r, from[p] + k],   s = 1 with `scaled` 1, else 0
//! The product into the few numbers between an adapter's factors: A·x on the way forth (m = A), Bᵀ·dy on the way back
//! (m = Bᵀ). A matrix made of several parts (q, k, v) has a pair of factors for each; rows without adapter keep their t.
//! x: [rows, 4·stride4]   adapters: factors, m[p] [rank, 4·width4[p]] at matrix4[p] of the row's adapter
//! row_adapters: [rows]   t: [rows, t_stride], parts·rank used
//! One workgroup per four of t: 16 lanes share a sum, added in order.
//! use lib/row_adapter

struct Params {
  rows: u32,
  rank: u32,
  parts: u32,
  stride4: u32,
  t_stride: u32,
  scaled: u32,
  /// Of each part, in vec4s: columns of m, where they begin in x, and where m begins.
  width4: vec4u,
  from4: vec4u,
  matrix4: vec4u,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> adapters: array<vec4f>;
@group(0) @binding(2) var<storage, read> row_adapters: array<RowAdapter>;
@group(0) @binding(3) var<storage, read_write> t: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

const SHARES = 16u;

var<workgroup> shares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let ranks = params.rank * params.parts;
  let fours = (ranks + 3u) / 4u;
  let flat = group.x + group.y * groups.x;
  let row = flat / fours;
  if (row >= params.rows) {
    return;
  }
  let adapter = row_adapters[row];
  if (adapter.scale == 0.0) {
    return;
  }
  let own = (flat % fours) * 4u + lane / SHARES;
  var sum = 0.0;
  if (own < ranks) {
    let part = own / params.rank;
    let width4 = params.width4[part];
    let m = adapter.base4 + params.matrix4[part] + (own % params.rank) * width4;
    let begin = row * params.stride4 + params.from4[part];
    for (var k = lane % SHARES; k < width4; k += SHARES) {
      sum += dot(adapters[m + k], x[begin + k]);
    }
  }
  shares[lane] = sum;
  workgroupBarrier();
  if (lane % SHARES != 0u || own >= ranks) {
    return;
  }
  for (var share = 1u; share < SHARES; share++) {
    sum += shares[lane + share];
  }
  t[row * params.t_stride + own] = select(sum, sum * adapter.scale, params.scaled == 1u);
}
